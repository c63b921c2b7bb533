"""PointService over a real socket: balances, spending, cancelling (USE-1 to USE-4, USE-9)."""

import asyncio
from datetime import date, timedelta

import grpc
import pytest
from jichipoint.v1 import operations_pb2, points_pb2, programs_pb2

from server.upkeep.verify import verify
from tests.integration.conftest import BALANCE, EVENT_BALANCE, Connect, Service
from tests.integration.support import NOTED, Client, cancel_request, refused, spend_request, to_date
from tests.server.support import (
    AWAY_COUNTER,
    AWAY_MUNICIPAL,
    CARD_A,
    CARD_B,
    CARD_OF_REVOKED_MYKEY,
    CLASS_EVENT,
    COUNTER,
    COUNTER_2,
    EVENT,
    EVENT_LIMIT,
    EXPIRED_CARD,
    LIBRARY_COUNTER,
    MUNICIPAL,
    MYKEY,
    PAST_EVENT,
    POINT_USE,
    REVOKED_CARD,
    TODAY,
)

Code = grpc.StatusCode


# Balances (USE-1)


async def test_usable_points_in_order(service: Service, counter: Client) -> None:
    found = await counter.usable(CARD_A)
    assert found.mykey_id == MYKEY[CARD_A]
    assert found.shown_on == to_date(TODAY)
    municipal, event = found.usable_points
    assert municipal == programs_pb2.UsablePoints(
        program_id=MUNICIPAL,
        program_name="さくら野ポイント",
        kind=programs_pb2.PROGRAM_KIND_MUNICIPAL,
        balance=BALANCE,
        next_expiry=to_date(TODAY + timedelta(days=60)),
        points_expiring_next=BALANCE,
    )
    assert (event.program_id, event.balance) == (EVENT, EVENT_BALANCE)
    assert event.next_expiry == to_date(date(2026, 8, 15)), "never after the service period"


@pytest.mark.parametrize(
    ("terminal_id", "programs"),
    [
        (COUNTER, [MUNICIPAL, EVENT]),
        (POINT_USE, [MUNICIPAL, CLASS_EVENT]),
        (LIBRARY_COUNTER, [MUNICIPAL]),
        (AWAY_COUNTER, [AWAY_MUNICIPAL]),
    ],
)
async def test_only_points_that_the_terminal_takes(
    connect: Connect, terminal_id: str, programs: list[str]
) -> None:
    found = await (await connect(terminal_id)).usable(CARD_A)
    assert [one.program_id for one in found.usable_points] == programs


async def test_lapsed_points_are_not_shown(service: Service, counter: Client) -> None:
    service.town.clock.advance(days=61)
    await counter.sign_in()
    (municipal,) = (await counter.usable(CARD_A)).usable_points
    assert municipal.balance == 0
    assert not municipal.HasField("next_expiry")


# Spending (USE-2, USE-3, USE-9)


async def test_a_spend_and_its_repetition(service: Service, counter: Client) -> None:
    request = spend_request(points=300).SerializeToString()
    first = await counter.raw("PointService/Spend", request)
    spent = points_pb2.SpendResponse.FromString(first)
    assert spent.transaction_number.startswith("20260701")
    assert (spent.points, spent.balance_after) == (300, BALANCE - 300)
    assert (spent.program_name, spent.mykey_id) == ("さくら野ポイント", MYKEY[CARD_A])
    service.town.clock.advance(hours=1)
    assert await counter.raw("PointService/Spend", request) == first
    assert service.town.balance(CARD_A) == BALANCE - 300


async def test_many_repetitions_at_once_book_once(service: Service, counter: Client) -> None:
    request = spend_request(points=300).SerializeToString()
    answers = await asyncio.gather(*(counter.raw("PointService/Spend", request) for _ in range(40)))
    assert len(set(answers)) == 1
    assert service.town.balance(CARD_A) == BALANCE - 300


async def test_many_spends_at_once_do_not_overdraw(service: Service, counter: Client) -> None:
    async def spend() -> bool:
        try:
            await counter.spend(spend_request(points=30))
        except grpc.RpcError as error:
            assert refused(error).reason == "INSUFFICIENT_POINTS"
            return False
        return True

    booked = await asyncio.gather(*(spend() for _ in range(60)))
    assert sum(booked) == BALANCE // 30
    assert service.town.balance(CARD_A) == BALANCE % 30
    assert verify(service.town.database).fault is None


REFUSALS: dict[str, tuple[points_pb2.SpendRequest, Code, str, dict[str, str]]] = {
    "zero": (spend_request(points=0), Code.INVALID_ARGUMENT, "POINTS_NOT_POSITIVE", {}),
    "negative": (spend_request(points=-1), Code.INVALID_ARGUMENT, "POINTS_NOT_POSITIVE", {}),
    "smallest": (spend_request(points=-(2**63)), Code.INVALID_ARGUMENT, "POINTS_NOT_POSITIVE", {}),
    "over balance": (
        spend_request(points=BALANCE + 1),
        Code.FAILED_PRECONDITION,
        "INSUFFICIENT_POINTS",
        {"balance": str(BALANCE)},
    ),
    "over limit": (
        spend_request(points=EVENT_LIMIT + 1, program_id=EVENT),
        Code.FAILED_PRECONDITION,
        "OVER_LIMIT_PER_USE",
        {"maximum": str(EVENT_LIMIT)},
    ),
    "too many": (
        spend_request(points=10**10),
        Code.INVALID_ARGUMENT,
        "POINTS_TOO_MANY",
        {"maximum": "9999999999"},
    ),
    "largest": (
        spend_request(points=2**63 - 1),
        Code.INVALID_ARGUMENT,
        "POINTS_TOO_MANY",
        {"maximum": "9999999999"},
    ),
    "card changed": (
        spend_request(mykey_id=MYKEY[CARD_B]),
        Code.FAILED_PRECONDITION,
        "CARD_CHANGED",
        {},
    ),
    "day turned": (
        spend_request(day=TODAY - timedelta(days=1)),
        Code.FAILED_PRECONDITION,
        "DAY_TURNED",
        {},
    ),
    "unknown card": (spend_request("FFFF"), Code.NOT_FOUND, "CERTIFICATE_UNKNOWN", {}),
    "revoked MyKey ID": (
        spend_request(CARD_OF_REVOKED_MYKEY),
        Code.FAILED_PRECONDITION,
        "MYKEY_ID_REVOKED",
        {},
    ),
    "revoked card": (
        spend_request(REVOKED_CARD),
        Code.FAILED_PRECONDITION,
        "CERTIFICATE_REVOKED",
        {},
    ),
    "expired card": (
        spend_request(EXPIRED_CARD),
        Code.FAILED_PRECONDITION,
        "CERTIFICATE_EXPIRED",
        {"last_good_day": "2026-06-30"},
    ),
    "event out of period": (
        spend_request(program_id=PAST_EVENT),
        Code.FAILED_PRECONDITION,
        "PROGRAM_OUT_OF_PERIOD",
        {"program": "春のまつり"},
    ),
    "event that is not for this terminal": (
        spend_request(program_id=CLASS_EVENT),
        Code.FAILED_PRECONDITION,
        "PROGRAM_NOT_USABLE_HERE",
        {"program": "みどり川まつり"},
    ),
    "another municipality's": (
        spend_request(program_id=AWAY_MUNICIPAL),
        Code.FAILED_PRECONDITION,
        "PROGRAM_NOT_USABLE_HERE",
        {"program": "みどり川ポイント"},
    ),
    "unknown program": (
        spend_request(program_id="99999999"),
        Code.NOT_FOUND,
        "PROGRAM_UNKNOWN",
        {},
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
async def test_what_is_not_spent(service: Service, counter: Client, what: str) -> None:
    request, code, reason, metadata = REFUSALS[what]
    before = service.town.dump("operation", *NOTED)
    told = await counter.refusal("PointService/Spend", request)
    assert (told.code, told.reason, told.metadata) == (code, reason, metadata)
    for text in metadata.values():
        shown = f"{int(text):,}" if text.isdecimal() else text
        assert shown in told.messages["ja"]
        assert shown in told.messages["en"]
    assert service.town.dump("operation", *NOTED) == before
    assert await counter.refusal("PointService/Spend", request) == told, "remembered"
    assert (await counter.operation(request.request_id)).state == (
        operations_pb2.OPERATION_STATE_REFUSED
    )


GOOD_ID = "0190a5a0-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "request_id", ["", "x", GOOD_ID.upper(), GOOD_ID.replace("-", ""), f"{GOOD_ID}\n", "é" * 36]
)
async def test_a_request_id_is_a_uuid_in_lower_case(
    service: Service, counter: Client, request_id: str
) -> None:
    before = service.town.dump(*NOTED)
    requests: dict[str, points_pb2.SpendRequest | operations_pb2.SettleOperationRequest] = {
        "PointService/Spend": spend_request(request_id=request_id),
        "OperationService/SettleOperation": operations_pb2.SettleOperationRequest(
            request_id=request_id
        ),
        "OperationService/GetOperation": operations_pb2.SettleOperationRequest(
            request_id=request_id
        ),
    }
    for method, request in requests.items():
        told = await counter.refusal(method, request)
        assert (told.code, told.reason) == (Code.INVALID_ARGUMENT, "INVALID_FIELD")
        assert told.fields == ("request_id",)
    assert service.town.dump(*NOTED) == before, (
        "what was refused before the queue is not remembered"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("certificate_serial_number", ""),
        ("certificate_serial_number", "a1"),
        ("certificate_serial_number", "F" * 41),
        ("mykey_id", "AAAA111"),
        ("program_id", "1"),
    ],
)
async def test_a_bad_field_is_named(counter: Client, field: str, value: str) -> None:
    request = spend_request()
    setattr(request, field, value)
    assert (await counter.refusal("PointService/Spend", request)).fields == (field,)


async def test_a_day_that_is_none_is_named(counter: Client) -> None:
    request = spend_request()
    for year, month, day in ((0, 0, 0), (2026, 2, 30), (2**31 - 1, 1, 1), (-1, 1, 1)):
        request.shown_on.year, request.shown_on.month, request.shown_on.day = year, month, day
        assert (await counter.refusal("PointService/Spend", request)).fields == ("shown_on",)


async def test_an_id_with_other_content_is_refused(service: Service, counter: Client) -> None:
    request = spend_request()
    await counter.spend(request)
    request.points += 1
    told = await counter.refusal("PointService/Spend", request)
    assert (told.code, told.reason) == (Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert service.town.balance(CARD_A) == BALANCE - 100


async def test_the_day_turns_at_midnight_in_tokyo(service: Service, counter: Client) -> None:
    service.town.clock.advance(hours=11, minutes=59)
    await counter.sign_in()
    await counter.spend(spend_request(points=1))
    service.town.clock.advance(minutes=1)
    await counter.sign_in()
    assert (await counter.refusal("PointService/Spend", spend_request())).reason == "DAY_TURNED"


# Cancelling (USE-4)


async def test_a_spend_is_cancelled_once(service: Service, counter: Client) -> None:
    spent = await counter.spend(spend_request(points=300))
    cancelled = await counter.cancel(spent.transaction_number, "金額の\u3000打ち間違い")
    assert cancelled.cancelled_transaction_number == spent.transaction_number
    assert (cancelled.points, cancelled.points_lapsed) == (300, 0)
    assert (cancelled.balance_after, service.town.balance(CARD_A)) == (BALANCE, BALANCE)
    request = cancel_request(spent.transaction_number)
    told = await counter.refusal("PointService/CancelSpend", request)
    assert told.reason == "TRANSACTION_ALREADY_CANCELLED"


async def test_another_terminal_cancels_nothing(connect: Connect, counter: Client) -> None:
    spent = await counter.spend(spend_request(points=300))
    other = await connect(COUNTER_2)
    told = await other.refusal("PointService/CancelSpend", cancel_request(spent.transaction_number))
    unknown = await other.refusal("PointService/CancelSpend", cancel_request("2026070199999"))
    assert told == unknown
    assert (told.code, told.reason) == (Code.NOT_FOUND, "TRANSACTION_UNKNOWN")


@pytest.mark.parametrize("reason", ["", "x" * 101, "two\nlines", "\x1b[2J"])
async def test_a_reason_is_printable_text(counter: Client, reason: str) -> None:
    spent = await counter.spend(spend_request())
    request = cancel_request(spent.transaction_number, reason)
    assert (await counter.refusal("PointService/CancelSpend", request)).fields == ("reason",)
