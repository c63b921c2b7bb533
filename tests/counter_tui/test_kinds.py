"""What an earlier run began is told of by its kind, and no kind passes for another (USE-5)."""

from datetime import UTC, date, datetime

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.type.date_pb2 import Date
from jichipoint.v1 import (
    merging_pb2,
    mykey_pb2,
    operations_pb2,
    points_pb2,
    service_ids_pb2,
    vouchers_pb2,
)

from counter_tui.bookings.begun import begun_of
from counter_tui.bookings.kinds import UnknownKindError
from counter_tui.bookings.outbox import Entry
from counter_tui.calls.answers import Booked
from counter_tui.kinds import KINDS
from counter_tui.slips.receipts import Letterhead

REQUEST_ID = "019c0000-0000-7000-8000-000000000001"
FILES = (merging_pb2, mykey_pb2, points_pb2, service_ids_pb2, vouchers_pb2)
DAY = Date(year=2026, month=7, day=1)
PROGRAMS = {"00000001": "A市ポイント"}
Expected = tuple[Message, list[str], int | None, bool]
"""A request; what is told of it, its points, and whether it is of a day."""


def entry(method: str, request: Message) -> Entry:
    begun = datetime(2026, 6, 30, 14, 55, tzinfo=UTC)
    return Entry(REQUEST_ID, method, request.SerializeToString(), begun, False, None)


def cancelled(
    kind: type[points_pb2.CancelSpendRequest | vouchers_pb2.CancelVoucherRequest], what: str
) -> Expected:
    number, reason = "2026070100001", "打ち間違い"
    request = kind(request_id=REQUEST_ID, transaction_number=number, reason=reason)
    return request, [what, number, reason], None, False


REQUESTS: dict[str, Expected] = {
    "Spend": (
        points_pb2.SpendRequest(
            request_id=REQUEST_ID,
            mykey_id="MY123456",
            program_id="00000001",
            points=200,
            shown_on=DAY,
        ),
        ["ポイント利用", "MY123456", "A市ポイント"],
        200,
        True,
    ),
    "Merge": (
        merging_pb2.MergeRequest(
            request_id=REQUEST_ID,
            mykey_id="MY123456",
            street_point_id="123456789",
            program_id="00000002",
            points=300,
            shown_on=DAY,
        ),
        ["商店街ポイント合算", "MY123456", "123456789", "00000002"],
        300,
        True,
    ),
    "IssueVoucher": (
        vouchers_pb2.IssueVoucherRequest(
            request_id=REQUEST_ID,
            mykey_id="MY123456",
            program_id="00000001",
            points=500,
            shown_on=DAY,
            days_valid=30,
        ),
        ["ポイント券発行", "MY123456", "発行日より30日間", "A市ポイント"],
        500,
        True,
    ),
    "RedeemVoucher": (
        vouchers_pb2.RedeemVoucherRequest(request_id=REQUEST_ID, voucher_number="987654321012"),
        ["ポイント券消込", "9876 5432 1012"],
        None,
        False,
    ),
    "CancelSpend": cancelled(points_pb2.CancelSpendRequest, "ポイント利用の取消"),
    "CancelVoucher": cancelled(vouchers_pb2.CancelVoucherRequest, "ポイント券発行の取消"),
    "RegisterServiceId": (
        service_ids_pb2.RegisterServiceIdRequest(
            request_id=REQUEST_ID, customer_id="1234567", replaces="7654321"
        ),
        ["サービスIDの登録", "1234567", "7654321"],
        None,
        False,
    ),
}


ELSEWHERE = {
    "CorrectRedemption": "at a municipality's office",
    "RegisterMykeyId": "never kept on this machine, because of its password",
    "ChangeMykeyId": "of an attempt that ends with the application",
    "RevokeMykeyId": "of an attempt that ends with the application",
    "TieCard": "never kept on this machine, because of its password",
}
"""Bookings that the counter keeps in no outbox, and why."""


def booked_methods() -> dict[str, MethodDescriptor]:
    """Every method whose answer the definitions have as an operation's, by its name."""
    answers = operations_pb2.Operation.DESCRIPTOR.oneofs_by_name["response"].fields
    names = {field.message_type for field in answers if field.name != "refusal"}
    return {
        method.name: method
        for file in FILES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if method.output_type in names
    }


def test_every_booking_of_the_definitions_has_its_row() -> None:
    methods = booked_methods()
    assert set(methods) == set(KINDS.paths) | set(ELSEWHERE)
    for name, path in KINDS.paths.items():
        method, kind = methods[name], KINDS.of(name)
        assert path == f"/{method.containing_service.full_name}/{name}"
        assert kind.request.DESCRIPTOR is method.input_type
        assert kind.answer.DESCRIPTOR is method.output_type
    assert set(REQUESTS) == set(KINDS.paths)


@pytest.mark.parametrize("method", KINDS.paths)
def test_a_request_says_what_whose_and_when(method: str) -> None:
    request, told, points, is_of_a_day = REQUESTS[method]
    begun = begun_of(KINDS, entry(method, request), PROGRAMS)
    values = [value for _label, value in begun.all_rows()]
    assert values == [*told, "2026-06-30 23:55", REQUEST_ID]
    assert begun.points == points
    assert begun.shown_on == (date(2026, 7, 1) if is_of_a_day else None)


def test_an_unknown_kind_is_none_of_those_that_are_known() -> None:
    unknown = Booked("TransferPoints", b"")
    head = Letterhead("花田酒店")
    for refused in (
        lambda: KINDS.request_of(entry("TransferPoints", REQUESTS["Spend"][0])),
        lambda: begun_of(KINDS, entry("TransferPoints", REQUESTS["Spend"][0]), PROGRAMS),
        lambda: KINDS.answer_of(unknown),
        lambda: KINDS.slip_of(unknown, head),
        lambda: KINDS.slip_of(Booked("RegisterServiceId", b""), head),
        lambda: KINDS.of(unknown.method).done,
    ):
        with pytest.raises(UnknownKindError):
            refused()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\xff", "no request"),
        (points_pb2.SpendRequest(request_id="another").SerializeToString(), "another request ID"),
    ],
)
def test_an_entry_that_is_no_request_of_its_kind_is_refused(content: bytes, what: str) -> None:
    kept = Entry(REQUEST_ID, "Spend", content, datetime(2026, 7, 1, tzinfo=UTC), False, None)
    with pytest.raises(UnknownKindError, match=what):
        KINDS.request_of(kept)
