"""The server over a real socket, as any client meets it."""

import asyncio
from datetime import date, timedelta

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from jichipoint.v1 import merging_pb2, operations_pb2, points_pb2, programs_pb2, terminals_pb2

from merge_driver import codec
from server import app
from server.app import AddressInUseError, ClearAddressError, check_loopback, start
from server.ledger.verify import verify
from tests.integration.conftest import BALANCE, EVENT_BALANCE, Connect, Service
from tests.integration.support import (
    MACHINE,
    Client,
    Refused,
    cancel_request,
    merge_request,
    refused,
    sign_in_request,
    spend_request,
    to_date,
)
from tests.server.support import (
    AWAY_COUNTER,
    AWAY_MUNICIPAL,
    CARD_A,
    CARD_B,
    CARD_E,
    CARD_OF_REVOKED_MYKEY,
    CLASS_EVENT,
    COUNTER,
    COUNTER_2,
    EVENT,
    EVENT_LIMIT,
    EXPIRED_CARD,
    KEYLESS_COUNTER,
    LIBRARY_COUNTER,
    MUNICIPAL,
    MYKEY,
    MYKEY_COUNTER,
    MYKEY_STREET,
    OPERATOR,
    PAST_EVENT,
    POINT_USE,
    REVOKED_CARD,
    STREET_1,
    STREET_2,
    STREET_POINT_IDS,
    TODAY,
    VOUCHER,
    WITHDRAWN,
    Town,
    new_request_id,
    street_key,
)

Code = grpc.StatusCode

# Signing in (TRM-5, SEC-3)


async def test_a_terminal_signs_in_and_learns_what_it_is(connect: Connect) -> None:
    client = await connect(None)
    answer = await client.sign_in(COUNTER)
    terminal = answer.terminal
    assert terminal.terminal_class == terminals_pb2.TERMINAL_CLASS_SERVICE_ID
    assert (terminal.terminal_id, terminal.place_name) == (COUNTER, "花田酒店")
    assert (terminal.issuer_id, terminal.issuer_name) == (STREET_1, "一番街")
    assert terminal.can_merge
    assert answer.expire_time.ToDatetime().isoformat() == "2026-07-01T15:00:00"
    assert len((await client.usable(CARD_A)).usable_points) == 2


async def test_a_wrong_password_and_an_unknown_id_say_the_same(connect: Connect) -> None:
    client = await connect(None)
    wrong = await client.refusal("TerminalService/SignIn", sign_in_request(password="wrong"))
    unknown = await client.refusal("TerminalService/SignIn", sign_in_request("99999999"))
    withdrawn = sign_in_request(WITHDRAWN, password="wrong")
    assert wrong == unknown == await client.refusal("TerminalService/SignIn", withdrawn)
    assert (wrong.code, wrong.reason) == (Code.UNAUTHENTICATED, "SIGN_IN_REFUSED")


async def test_another_machine_is_refused(connect: Connect) -> None:
    client = await connect(COUNTER)
    other = sign_in_request(machine=bytes(32))
    told = await client.refusal("TerminalService/SignIn", other)
    assert (told.code, told.reason) == (Code.PERMISSION_DENIED, "MACHINE_NOT_BOUND")
    assert (await client.sign_in(COUNTER)).session_token, "the machine itself still may"


async def test_a_withdrawn_terminal_is_refused(connect: Connect) -> None:
    client = await connect(None)
    told = await client.refusal("TerminalService/SignIn", sign_in_request(WITHDRAWN))
    assert told.reason == "TERMINAL_WITHDRAWN"


async def test_a_terminal_withdrawn_while_signed_in_books_nothing(
    service: Service, counter: Client
) -> None:
    service.town.tamper(f"UPDATE terminal SET withdrawn_at = 1 WHERE terminal_id = '{COUNTER}'")  # noqa: S608
    told = await counter.refusal("PointService/Spend", spend_request())
    assert told.reason == "TERMINAL_WITHDRAWN"
    assert service.town.balance(CARD_A) == BALANCE


@pytest.mark.parametrize(
    ("request_message", "field"),
    [
        (sign_in_request("1234567"), "terminal_id"),
        (sign_in_request("１２３４５６７８"), "terminal_id"),
        (sign_in_request(password=""), "password"),
        (sign_in_request(password="x" * 129), "password"),
        (sign_in_request(machine=b"short"), "machine_fingerprint"),
    ],
)
async def test_a_bad_sign_in_names_the_field(
    connect: Connect, request_message: terminals_pb2.SignInRequest, field: str
) -> None:
    told = await (await connect(None)).refusal("TerminalService/SignIn", request_message)
    assert (told.code, told.reason) == (Code.INVALID_ARGUMENT, "INVALID_FIELD")
    assert told.fields == (field,)


async def test_a_session_expires(service: Service, counter: Client) -> None:
    service.town.clock.advance(hours=12)
    told = await counter.refusal("PointService/Spend", spend_request())
    assert (told.code, told.reason) == (Code.UNAUTHENTICATED, "SESSION_EXPIRED")
    await counter.sign_in()
    assert (await counter.usable(CARD_A)).mykey_id == MYKEY[CARD_A]


@pytest.mark.parametrize("token", [None, "", "0" * 64])
async def test_without_a_session_nothing_is_told(connect: Connect, token: str | None) -> None:
    client = await connect(None)
    client.token = token
    request = points_pb2.ListUsablePointsRequest(certificate_serial_number=CARD_A)
    told = await client.refusal("PointService/ListUsablePoints", request)
    assert told.code == Code.UNAUTHENTICATED
    assert told.reason == ("SESSION_EXPIRED" if token else "SESSION_MISSING")


async def test_signing_out_ends_the_session(service: Service, connect: Connect) -> None:
    client, other = await connect(COUNTER), await connect(COUNTER)
    request = terminals_pb2.SignOutRequest()
    await client.call("TerminalService/SignOut", request, terminals_pb2.SignOutResponse)
    assert (await client.refusal("PointService/Spend", spend_request())).reason == "SESSION_EXPIRED"
    assert (await other.usable(CARD_A)).mykey_id, "another session goes on"
    kept = service.town.rows("SELECT token_hash FROM session")
    assert client.token
    assert client.token.encode() not in [row[0] for row in kept]


async def test_a_session_outlives_the_server(service: Service, counter: Client) -> None:
    await service.stop()
    await service.start()
    async with grpc.aio.insecure_channel(service.address) as channel:
        again = Client(channel, counter.token)
        assert (await again.usable(CARD_A)).mykey_id == MYKEY[CARD_A]


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
    before = service.town.dump("operation", "counter")
    told = await counter.refusal("PointService/Spend", request)
    assert (told.code, told.reason, told.metadata) == (code, reason, metadata)
    for text in metadata.values():
        assert text in told.messages["ja"]
        assert text in told.messages["en"]
    assert service.town.dump("operation", "counter") == before
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
    before = service.town.dump()
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
    assert service.town.dump() == before, "what was refused before the queue is not remembered"


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


# Merging (MRG)


async def mergeable(client: Client, serial_number: str) -> merging_pb2.GetMergeablePointsResponse:
    request = merging_pb2.GetMergeablePointsRequest(certificate_serial_number=serial_number)
    answer = merging_pb2.GetMergeablePointsResponse
    return await client.call("MergeService/GetMergeablePoints", request, answer)


@pytest.mark.parametrize(
    ("terminal_id", "street", "card"),
    [
        (COUNTER, STREET_1, CARD_A),
        (COUNTER_2, STREET_2, CARD_A),
        (MYKEY_COUNTER, MYKEY_STREET, CARD_E),
    ],
)
async def test_a_merge_makes_a_file_that_the_street_can_read(
    service: Service, connect: Connect, terminal_id: str, street: str, card: str
) -> None:
    client = await connect(terminal_id)
    shown = await mergeable(client, card)
    assert (shown.issuer_id, shown.usable_points.balance) == (street, BALANCE)
    point_id = MYKEY[card] if street == MYKEY_STREET else STREET_POINT_IDS[street]
    assert shown.street_point_id == point_id
    request = merge_request(card, 250, street_point_id=point_id)
    merged = await client.merge(request)
    assert (merged.points, merged.balance_after) == (250, BALANCE - 250)
    assert merged.merge_file.name == f"{street}-{merged.transaction_number}.mrg"
    decoded = codec.decode(merged.merge_file.content, [street_key(street)], street)
    assert decoded.records == (codec.Record(point_id, 250, merged.transaction_number),)
    assert decoded.profile == street_key(street).profile
    assert await client.merge(request) == merged, "a terminal that crashed fetches the same file"
    kept = service.town.rows("SELECT file_name, content, points FROM merge")
    assert kept == [(merged.merge_file.name, merged.merge_file.content, 250)]
    assert service.town.balance(card) == BALANCE - 250
    assert verify(service.town.database).fault is None


async def test_two_merges_have_different_files(connect: Connect, counter: Client) -> None:
    first, second = [await counter.merge(merge_request()) for _ in range(2)]
    assert first.merge_file.content[:16] != second.merge_file.content[:16], "IVs differ"
    client = await connect(COUNTER_2)
    request = merge_request(street_point_id=STREET_POINT_IDS[STREET_2])
    contents = [(await client.merge(request)).merge_file.content]
    request.request_id = new_request_id()
    contents.append((await client.merge(request)).merge_file.content)
    key = [street_key(STREET_2)]
    files = {codec.decode(content, key, STREET_2).file_id for content in contents}
    assert len(files) == 2
    assert contents[0][30:42] != contents[1][30:42], "nonces differ"


@pytest.mark.parametrize(
    ("terminal_id", "request_message", "code", "reason"),
    [
        (
            COUNTER,
            merge_request(CARD_E),
            Code.FAILED_PRECONDITION,
            "SERVICE_ID_NOT_REGISTERED",
        ),
        (
            COUNTER,
            merge_request(program_id=EVENT),
            Code.FAILED_PRECONDITION,
            "EVENT_POINTS_NOT_MERGED",
        ),
        (
            COUNTER,
            merge_request(CARD_B, street_point_id="12-34"),
            Code.FAILED_PRECONDITION,
            "STREET_POINT_ID_UNFIT",
        ),
        (
            COUNTER,
            merge_request(street_point_id="999999999"),
            Code.FAILED_PRECONDITION,
            "STREET_POINT_ID_CHANGED",
        ),
        (
            KEYLESS_COUNTER,
            merge_request(street_point_id="323456789"),
            Code.FAILED_PRECONDITION,
            "STREET_KEY_MISSING",
        ),
        (LIBRARY_COUNTER, merge_request(), Code.PERMISSION_DENIED, "TERMINAL_CANNOT_MERGE"),
        (POINT_USE, merge_request(), Code.PERMISSION_DENIED, "NOT_FOR_THIS_TERMINAL"),
        (COUNTER, merge_request(points=0), Code.INVALID_ARGUMENT, "POINTS_NOT_POSITIVE"),
        (
            COUNTER,
            merge_request(points=BALANCE + 1),
            Code.FAILED_PRECONDITION,
            "INSUFFICIENT_POINTS",
        ),
        (
            COUNTER,
            merge_request(CARD_A, mykey_id="ZZZZ9999"),
            Code.FAILED_PRECONDITION,
            "CARD_CHANGED",
        ),
    ],
)
async def test_what_is_not_merged(
    service: Service,
    connect: Connect,
    terminal_id: str,
    request_message: merging_pb2.MergeRequest,
    code: Code,
    reason: str,
) -> None:
    client = await connect(terminal_id)
    before = service.town.dump("operation", "counter")
    told = await client.refusal("MergeService/Merge", request_message)
    assert (told.code, told.reason) == (code, reason)
    assert service.town.dump("operation", "counter") == before


async def test_a_merge_is_not_cancelled(service: Service, counter: Client) -> None:
    merged = await counter.merge(merge_request())
    request = cancel_request(merged.transaction_number)
    told = await counter.refusal("PointService/CancelSpend", request)
    assert told.reason == "TRANSACTION_NOT_A_SPEND"
    assert service.town.balance(CARD_A) == BALANCE - 100


async def test_without_a_service_id_nothing_is_mergeable(counter: Client) -> None:
    request = merging_pb2.GetMergeablePointsRequest(certificate_serial_number=CARD_E)
    told = await counter.refusal("MergeService/GetMergeablePoints", request)
    assert told.reason == "SERVICE_ID_NOT_REGISTERED"
    assert "一番街" in told.messages["ja"]


# What became of a request (LED-3, USE-5)


async def unknown(client: Client, request_id: str) -> Refused:
    request = operations_pb2.GetOperationRequest(request_id=request_id)
    return await client.refusal("OperationService/GetOperation", request)


async def test_what_became_of_a_request(connect: Connect, counter: Client) -> None:
    spend, merge, cancel = spend_request(), merge_request(), cancel_request("2026070199999")
    for request in (spend, merge, cancel):
        told = await unknown(counter, request.request_id)
        assert (told.code, told.reason) == (Code.NOT_FOUND, "OPERATION_UNKNOWN")
    spent, merged = await counter.spend(spend), await counter.merge(merge)
    await counter.refusal("PointService/CancelSpend", cancel)
    cancelling = cancel_request(spent.transaction_number)
    answer = points_pb2.CancelSpendResponse
    cancelled = await counter.call("PointService/CancelSpend", cancelling, answer)
    found = await counter.operation(spend.request_id)
    assert (found.state, found.spend) == (operations_pb2.OPERATION_STATE_BOOKED, spent)
    assert (await counter.operation(merge.request_id)).merge == merged
    assert (await counter.operation(cancelling.request_id)).cancel_spend == cancelled
    found = await counter.operation(cancel.request_id)
    assert found.state == operations_pb2.OPERATION_STATE_REFUSED
    assert found.refusal.code == Code.NOT_FOUND.value[0]
    assert len(found.refusal.details) == 3


async def test_another_terminals_request_id_tells_nothing(
    service: Service, connect: Connect, counter: Client
) -> None:
    request = spend_request()
    await counter.spend(request)
    other = await connect(COUNTER_2)
    assert await unknown(other, request.request_id) == await unknown(other, new_request_id())
    assert (await other.settle(request.request_id)).state == (
        operations_pb2.OPERATION_STATE_ABANDONED
    )
    assert (await counter.operation(request.request_id)).state == (
        operations_pb2.OPERATION_STATE_BOOKED
    )
    assert service.town.balance(CARD_A) == BALANCE - 100


async def test_a_settled_request_is_never_booked(service: Service, counter: Client) -> None:
    request = spend_request()
    settled = await counter.settle(request.request_id)
    assert settled.state == operations_pb2.OPERATION_STATE_ABANDONED
    told = await counter.refusal("PointService/Spend", request)
    assert (told.code, told.reason) == (Code.FAILED_PRECONDITION, "OPERATION_ABANDONED")
    assert await counter.operation(request.request_id) == settled
    assert service.town.balance(CARD_A) == BALANCE


async def test_settling_what_was_booked_returns_its_answer(counter: Client) -> None:
    request = spend_request()
    spent = await counter.spend(request)
    assert (await counter.settle(request.request_id)).spend == spent


# Whoever calls, whatever they send (SEC-2, API-3)


@pytest.mark.parametrize("terminal_id", [VOUCHER, OPERATOR])
async def test_other_classes_spend_nothing(
    service: Service, connect: Connect, terminal_id: str
) -> None:
    client = await connect(terminal_id)
    told = await client.refusal("PointService/Spend", spend_request())
    assert (told.code, told.reason) == (Code.PERMISSION_DENIED, "NOT_FOR_THIS_TERMINAL")
    assert service.town.balance(CARD_A) == BALANCE


async def test_bytes_that_are_no_message(counter: Client) -> None:
    told = await counter.refusal("PointService/Spend", b"\xff\xff\xff")
    assert (told.code, told.reason) == (Code.INVALID_ARGUMENT, "UNDECODABLE_MESSAGE")
    assert (await counter.usable(CARD_A)).mykey_id, "the server goes on"


@pytest.mark.parametrize("method", ["PointService/Steal", "NoService/Spend"])
async def test_an_unknown_method(counter: Client, method: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await counter.raw(method, b"")
    assert isinstance(caught.value, grpc.aio.AioRpcError)
    assert caught.value.code() == Code.UNIMPLEMENTED


async def test_a_message_that_is_too_large(counter: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await counter.raw("PointService/Spend", bytes(2 << 20))
    assert isinstance(caught.value, grpc.aio.AioRpcError)
    assert caught.value.code() == Code.RESOURCE_EXHAUSTED


async def test_a_clock_that_went_back_stops_booking(service: Service, counter: Client) -> None:
    await counter.spend(spend_request())
    service.town.clock.advance(seconds=-10)
    request = spend_request()
    told = await counter.refusal("PointService/Spend", request)
    assert (told.code, told.reason) == (Code.UNAVAILABLE, "CLOCK_WENT_BACK")
    service.town.clock.advance(seconds=10)
    assert (await counter.spend(request)).points == 100, "not remembered as an answer"


async def test_health_is_serving_until_the_server_stops(service: Service, counter: Client) -> None:
    response = health_pb2.HealthCheckResponse
    check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    check = counter.channel.unary_unary("/grpc.health.v1.Health/Check")
    for name in ("", "jichipoint.v1.PointService"):
        request = health_pb2.HealthCheckRequest(service=name).SerializeToString()
        assert response.FromString(await check(request)).status == response.SERVING
    watch: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
    watch = counter.channel.unary_stream("/grpc.health.v1.Health/Watch")
    watching = watch(b"")
    told = aiter(watching)
    assert response.FromString(await anext(told)).status == response.SERVING
    stopping = asyncio.create_task(service.stop(grace_seconds=5))
    assert response.FromString(await anext(told)).status == response.NOT_SERVING
    watching.cancel()
    await stopping


async def test_stopping_finishes_what_was_taken(service: Service, counter: Client) -> None:
    requests = [spend_request(points=1) for _ in range(100)]
    tasks = [asyncio.create_task(counter.spend(request)) for request in requests]
    await tasks[0]
    await service.stop(grace_seconds=10)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    booked = [one for one in answers if isinstance(one, points_pb2.SpendResponse)]
    assert len(booked) >= 1
    assert BALANCE - service.town.balance(CARD_A) == len(booked)


async def test_reflection_lists_the_services(counter: Client) -> None:
    request = reflection_pb2.ServerReflectionRequest(list_services="").SerializeToString()
    ask: grpc.aio.StreamStreamMultiCallable[bytes, bytes]
    ask = counter.channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    )
    (content,) = [one async for one in ask(iter([request]))]
    answer = reflection_pb2.ServerReflectionResponse.FromString(content)
    names = {one.name for one in answer.list_services_response.service}
    assert names >= {
        f"jichipoint.v1.{name}Service" for name in ("Terminal", "Point", "Merge", "Operation")
    }


# Where it listens (SEC-1)

CLEAR = ["0.0.0.0:1", "192.168.1.1:1", "[::]:1", "example.org:1", ":1", "127.0.0.1", "127.0.0.1:x"]


@pytest.mark.parametrize("address", CLEAR)
async def test_it_does_not_listen_in_the_clear(town: Town, address: str) -> None:
    with pytest.raises(ClearAddressError):
        await start(town.database, town.vault, address, town.clock, town.chance)


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.8.9.10:1", "[::1]:1", "localhost:1"])
def test_loopback_is_fine(address: str) -> None:
    check_loopback(address)


async def test_a_port_that_is_taken_is_told(service: Service, town: Town) -> None:
    address = service.address
    with pytest.raises(AddressInUseError, match=address):
        await start(town.database, town.vault, address, town.clock, town.chance)


async def test_machine_and_password_are_not_kept_in_the_clear(
    service: Service, counter: Client
) -> None:
    (kept,) = service.town.rows(
        "SELECT machine_fingerprint, password_hash FROM terminal WHERE terminal_id = ?", COUNTER
    )
    assert kept[0] == MACHINE
    assert kept[1].startswith("$argon2id$")


async def test_health_is_not_serving_while_the_clock_is_behind(
    service: Service, counter: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "HEALTH_SECONDS", 0.01)
    await counter.spend(spend_request())
    response = health_pb2.HealthCheckResponse
    watch: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
    watch = counter.channel.unary_stream("/grpc.health.v1.Health/Watch")
    watching = watch(b"")
    told = aiter(watching)
    assert response.FromString(await anext(told)).status == response.SERVING
    service.town.clock.advance(seconds=-10)
    assert response.FromString(await anext(told)).status == response.NOT_SERVING
    service.town.clock.advance(seconds=10)
    assert response.FromString(await anext(told)).status == response.SERVING
    watching.cancel()
