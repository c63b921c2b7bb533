"""What the bookings' answers are, and the receipt of each."""

from typing import cast

from google.protobuf.message import Message
from jichipoint.v1 import merging_pb2, points_pb2, service_ids_pb2, vouchers_pb2

from counter_tui.core.bookings import Booked
from counter_tui.slips.document import Slip
from counter_tui.slips.receipts import (
    Letterhead,
    cancellation_receipt,
    merge_receipt,
    redemption_receipt,
    spend_receipt,
)
from counter_tui.slips.vouchers import voucher_slip

_RESPONSES: dict[str, type[Message]] = {
    "Spend": points_pb2.SpendResponse,
    "CancelSpend": points_pb2.CancelSpendResponse,
    "Merge": merging_pb2.MergeResponse,
    "IssueVoucher": vouchers_pb2.IssueVoucherResponse,
    "RedeemVoucher": vouchers_pb2.RedeemVoucherResponse,
    "CancelVoucher": vouchers_pb2.CancelVoucherResponse,
    "RegisterServiceId": service_ids_pb2.RegisterServiceIdResponse,
}


def answer_of(booked: Booked) -> Message:
    """Return a booking's answer."""
    return _RESPONSES[booked.method].FromString(booked.answer)


def transaction_number_of(booked: Booked) -> str:
    """Return the transaction number of a booking: the answer of each that moves points has one."""
    return cast(points_pb2.SpendResponse, answer_of(booked)).transaction_number


def slip_of(booked: Booked, head: Letterhead, program_name: str = "") -> Slip:
    """Return the slip of a booking as it was answered.

    The answer of a cancellation does not name its program: `program_name` does.
    """
    match answer_of(booked):
        case points_pb2.SpendResponse() as spend:
            return spend_receipt(spend, head)
        case merging_pb2.MergeResponse() as merge:
            return merge_receipt(merge, head)
        case vouchers_pb2.RedeemVoucherResponse() as redeemed:
            return redemption_receipt(redeemed, head)
        case vouchers_pb2.IssueVoucherResponse() as issued:
            return voucher_slip(issued.transaction_number, issued.voucher, issued.qr_text, head)
        case answer:
            cancelled = cast(points_pb2.CancelSpendResponse, answer)
            return cancellation_receipt(cancelled, program_name, head)
