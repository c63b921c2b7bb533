"""The kinds of bookings: the messages of each, and the slip of its answer. One table."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, cast

from google.protobuf.message import DecodeError, Message
from jichipoint.v1 import merging_pb2, points_pb2, service_ids_pb2, vouchers_pb2

from counter_tui.core.bookings import Booked
from counter_tui.core.outbox import Entry
from counter_tui.slips.document import Slip
from counter_tui.slips.receipts import (
    Letterhead,
    cancellation_receipt,
    merge_receipt,
    redemption_receipt,
    spend_receipt,
)
from counter_tui.slips.vouchers import voucher_slip


class UnknownKindError(Exception):
    """A booking that this version knows nothing of. Nothing may be done with it."""


class _HasRequestId(Protocol):
    request_id: str


class Kind(NamedTuple):
    """One kind of bookings."""

    request: type[Message]
    answer: type[Message]
    slip: Callable[[Any, Letterhead, str], Slip] | None
    """Makes a slip of the answer, who prints it and the program's name; None: there is none."""


def _voucher(issued: vouchers_pb2.IssueVoucherResponse, head: Letterhead) -> Slip:
    return voucher_slip(issued.transaction_number, issued.voucher, issued.qr_text, head)


def _cancellation(
    cancelled: points_pb2.CancelSpendResponse | vouchers_pb2.CancelVoucherResponse,
    head: Letterhead,
    program_name: str,
) -> Slip:
    return cancellation_receipt(cancelled, program_name, head)


KINDS: dict[str, Kind] = {
    "Spend": Kind(
        points_pb2.SpendRequest,
        points_pb2.SpendResponse,
        lambda answer, head, _name: spend_receipt(answer, head),
    ),
    "CancelSpend": Kind(
        points_pb2.CancelSpendRequest, points_pb2.CancelSpendResponse, _cancellation
    ),
    "Merge": Kind(
        merging_pb2.MergeRequest,
        merging_pb2.MergeResponse,
        lambda answer, head, _name: merge_receipt(answer, head),
    ),
    "IssueVoucher": Kind(
        vouchers_pb2.IssueVoucherRequest,
        vouchers_pb2.IssueVoucherResponse,
        lambda answer, head, _name: _voucher(answer, head),
    ),
    "RedeemVoucher": Kind(
        vouchers_pb2.RedeemVoucherRequest,
        vouchers_pb2.RedeemVoucherResponse,
        lambda answer, head, _name: redemption_receipt(answer, head),
    ),
    "CancelVoucher": Kind(
        vouchers_pb2.CancelVoucherRequest, vouchers_pb2.CancelVoucherResponse, _cancellation
    ),
    "RegisterServiceId": Kind(
        service_ids_pb2.RegisterServiceIdRequest, service_ids_pb2.RegisterServiceIdResponse, None
    ),
}
"""By the service's method."""


def kind_of(method: str) -> Kind:
    """Return a method's kind. Raises UnknownKindError."""
    try:
        return KINDS[method]
    except KeyError:
        raise UnknownKindError(f"this version knows no booking {method!r}") from None


def request_of(entry: Entry) -> Message:
    """Return the request of an entry. Raises UnknownKindError where it is none of its kind."""
    kind = kind_of(entry.method)
    try:
        request = kind.request.FromString(entry.request)
    except DecodeError as error:
        raise UnknownKindError(f"no request of {entry.method!r}: {error}") from error
    if cast(_HasRequestId, request).request_id != entry.request_id:
        raise UnknownKindError(f"a request of {entry.method!r} with another request ID")
    return request


def answer_of(booked: Booked) -> Message:
    """Return a booking's answer. Raises UnknownKindError."""
    return kind_of(booked.method).answer.FromString(booked.answer)


def transaction_number_of(booked: Booked) -> str:
    """Return the transaction number of a booking: the answer of each that moves points has one."""
    return cast(points_pb2.SpendResponse, answer_of(booked)).transaction_number


def slip_of(booked: Booked, head: Letterhead, program_name: str = "") -> Slip:
    """Return the slip of a booking as it was answered. Raises UnknownKindError.

    The answer of a cancellation does not name its program: `program_name` does.
    """
    make = kind_of(booked.method).slip
    if make is None:
        raise UnknownKindError(f"{booked.method!r} has no slip")
    return make(answer_of(booked), head, program_name)
