"""MergeService over a real socket: merging into a street's points (MRG)."""

import grpc
import pytest
from jichipoint.v1 import merging_pb2

from merge_driver import codec
from server.upkeep.verify import verify
from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import NOTED, Client, cancel_request, merge_request
from tests.server.support import (
    AWAY,
    CARD_A,
    CARD_B,
    CARD_E,
    COUNTER,
    COUNTER_2,
    EVENT,
    KEYLESS_COUNTER,
    LIBRARY_COUNTER,
    MYKEY,
    MYKEY_COUNTER,
    MYKEY_STREET,
    OPERATOR,
    POINT_USE,
    STREET_1,
    STREET_2,
    STREET_POINT_IDS,
    TOWN_HALL,
    new_request_id,
    street_key,
)

Code = grpc.StatusCode


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
    before = service.town.dump("operation", *NOTED)
    told = await client.refusal("MergeService/Merge", request_message)
    assert (told.code, told.reason) == (code, reason)
    assert service.town.dump("operation", *NOTED) == before


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


def street_card_request(
    customer_id: str = STREET_POINT_IDS[STREET_1],
    points: int = 100,
    mykey_id: str = MYKEY[CARD_A],
    street_point_id: str | None = None,
) -> merging_pb2.MergeRequest:
    request = merge_request(CARD_A, points, mykey_id=mykey_id)
    request.customer_id = customer_id
    request.street_point_id = street_point_id or customer_id
    return request


async def test_the_street_s_own_card_leads_to_its_holder(service: Service, counter: Client) -> None:
    asked = merging_pb2.GetMergeablePointsRequest(customer_id=STREET_POINT_IDS[STREET_1])
    answer = merging_pb2.GetMergeablePointsResponse
    shown = await counter.call("MergeService/GetMergeablePoints", asked, answer)
    assert (shown.mykey_id, shown.street_point_id) == (MYKEY[CARD_A], STREET_POINT_IDS[STREET_1])
    assert shown == await mergeable(counter, CARD_A), "as by the My Number card"
    request = street_card_request()
    merged = await counter.merge(request)
    assert (merged.balance_after, merged.mykey_id) == (BALANCE - 100, MYKEY[CARD_A])
    decoded = codec.decode(merged.merge_file.content, [street_key(STREET_1)], STREET_1)
    (record,) = decoded.records
    assert record.id == STREET_POINT_IDS[STREET_1]
    assert await counter.merge(request) == merged
    assert service.town.balance(CARD_A) == BALANCE - 100
    assert verify(service.town.database).fault is None


@pytest.mark.parametrize(
    ("request_message", "reason"),
    [
        (street_card_request("999999999"), "STREET_CARD_UNKNOWN"),
        (street_card_request(STREET_POINT_IDS[STREET_2]), "STREET_CARD_UNKNOWN"),
        (street_card_request(mykey_id=MYKEY[CARD_B]), "CARD_CHANGED"),
        (street_card_request(mykey_id="ZZZZ9999"), "CARD_CHANGED"),
        (street_card_request(street_point_id="999999999"), "STREET_POINT_ID_CHANGED"),
        (street_card_request("12-34", mykey_id=MYKEY[CARD_B]), "STREET_POINT_ID_UNFIT"),
        (street_card_request(points=BALANCE + 1), "INSUFFICIENT_POINTS"),
        (street_card_request(""), "INVALID_FIELD"),
        (street_card_request("1" * 33), "INVALID_FIELD"),
        (street_card_request("12\n34"), "INVALID_FIELD"),
    ],
)
async def test_what_a_street_card_does_not_merge(
    service: Service, counter: Client, request_message: merging_pb2.MergeRequest, reason: str
) -> None:
    before = service.town.dump("operation", *NOTED)
    assert (await counter.refusal("MergeService/Merge", request_message)).reason == reason
    assert service.town.dump("operation", *NOTED) == before


async def test_a_street_card_of_nobody_is_told_before(counter: Client) -> None:
    asked = merging_pb2.GetMergeablePointsRequest(customer_id="999999999")
    told = await counter.refusal("MergeService/GetMergeablePoints", asked)
    assert (told.code, told.reason) == (Code.NOT_FOUND, "STREET_CARD_UNKNOWN")


async def test_no_card_at_all_is_no_request(counter: Client) -> None:
    asked = merging_pb2.GetMergeablePointsRequest()
    assert (await counter.refusal("MergeService/GetMergeablePoints", asked)).reason == (
        "INVALID_FIELD"
    )


async def test_above_the_pin_limit_a_street_card_is_not_enough(
    service: Service, counter: Client
) -> None:
    service.town.tamper("UPDATE program SET pin_above_points = 99")
    told = await counter.refusal("MergeService/Merge", street_card_request(points=100))
    assert (told.code, told.reason) == (Code.FAILED_PRECONDITION, "MY_NUMBER_CARD_NEEDED")
    assert (await counter.merge(street_card_request(points=99))).points == 99


async def test_a_street_that_keeps_mykey_ids_gets_them_by_its_card_too(
    service: Service, connect: Connect
) -> None:
    service.town.tamper(
        f"INSERT INTO service_id (issuer_id, customer_id, citizen_id) VALUES "  # noqa: S608
        f"('{MYKEY_STREET}', 'CARD-1', 1)"
    )
    client = await connect(MYKEY_COUNTER)
    merged = await client.merge(street_card_request("CARD-1", street_point_id=MYKEY[CARD_A]))
    decoded = codec.decode(merged.merge_file.content, [street_key(MYKEY_STREET)], MYKEY_STREET)
    assert decoded.records[0].id == MYKEY[CARD_A]


async def test_without_a_key_nothing_is_mergeable(connect: Connect) -> None:
    client = await connect(KEYLESS_COUNTER)
    request = merging_pb2.GetMergeablePointsRequest(certificate_serial_number=CARD_A)
    told = await client.refusal("MergeService/GetMergeablePoints", request)
    assert told.reason == "STREET_KEY_MISSING", "told before points are typed"


async def test_a_key_s_own_settings_hold_until_the_next_key(
    service: Service, counter: Client
) -> None:
    service.town.tamper("UPDATE street SET profile = 2, id_kind = 'MYKEY', id_pattern = ''")
    merged = await counter.merge(merge_request())
    decoded = codec.decode(merged.merge_file.content, [street_key(STREET_1)], STREET_1)
    assert decoded.profile == street_key(STREET_1).profile
    assert decoded.records[0].id == STREET_POINT_IDS[STREET_1]


async def undelivered(client: Client, token: str = "", size: int = 0) -> list[tuple[str, str]]:
    """The names of a terminal's undelivered files with their numbers, and the next token last."""
    request = merging_pb2.ListUndeliveredMergesRequest(page_size=size, page_token=token)
    answer = merging_pb2.ListUndeliveredMergesResponse
    page = await client.call("MergeService/ListUndeliveredMerges", request, answer)
    names = [(one.merge_file.name, one.transaction_number) for one in page.merges]
    return [*names, ("", page.next_page_token)] if page.next_page_token else names


async def report_delivered(client: Client, number: str) -> merging_pb2.ReportMergeDeliveredResponse:
    request = merging_pb2.ReportMergeDeliveredRequest(transaction_number=number)
    answer = merging_pb2.ReportMergeDeliveredResponse
    return await client.call("MergeService/ReportMergeDelivered", request, answer)


async def state(client: Client, number: str) -> merging_pb2.MergeState:
    request = merging_pb2.GetMergeStateRequest(transaction_number=number)
    answer = merging_pb2.GetMergeStateResponse
    return (await client.call("MergeService/GetMergeState", request, answer)).state


async def test_what_is_not_delivered_is_handed_out_again_unchanged(
    service: Service, connect: Connect, counter: Client
) -> None:
    merged = [await counter.merge(merge_request(points=points)) for points in (1, 2, 3)]
    other = await connect(COUNTER_2)
    await other.merge(merge_request(street_point_id=STREET_POINT_IDS[STREET_2]))
    wanted = [(one.merge_file.name, one.transaction_number) for one in merged]
    assert await undelivered(counter) == wanted, "its own, oldest first"
    request = merging_pb2.ListUndeliveredMergesRequest()
    answer = merging_pb2.ListUndeliveredMergesResponse
    page = await counter.call("MergeService/ListUndeliveredMerges", request, answer)
    assert [one.merge_file for one in page.merges] == [one.merge_file for one in merged]
    first_page = await undelivered(counter, size=2)
    assert first_page[:2] == wanted[:2]
    assert await undelivered(counter, first_page[2][1], 2) == wanted[2:]
    delivered = await report_delivered(counter, merged[1].transaction_number)
    service.town.clock.advance(hours=1)
    assert await report_delivered(counter, merged[1].transaction_number) == delivered, (
        "the first time counts"
    )
    assert await undelivered(counter) == [wanted[0], wanted[2]]
    assert service.town.rows("SELECT kind, caller FROM merge_event") == [
        ("DELIVERED", f"terminal:{COUNTER}")
    ]


async def test_delivered_and_acknowledged_are_two_states(
    service: Service, connect: Connect, counter: Client
) -> None:
    merged = await counter.merge(merge_request())
    number = merged.transaction_number
    fresh = await state(counter, number)
    assert (fresh.points, fresh.terminal_id, fresh.issuer_id) == (100, COUNTER, STREET_1)
    assert not fresh.HasField("deliver_time")
    assert not fresh.HasField("acknowledge_time")
    street = await connect(None)
    await street.street_sign_in(STREET_1)
    service.town.clock.advance(minutes=1)
    assert await street.acknowledge((number, 100)) == [(number, "ACKNOWLEDGED")]
    taken = await state(counter, number)
    assert taken.HasField("acknowledge_time")
    assert not taken.HasField("deliver_time")
    assert await undelivered(counter) == [], "what was taken was delivered"
    await report_delivered(counter, number)
    assert (await state(counter, number)).HasField("deliver_time")


async def test_another_terminal_s_merges_are_unknown(connect: Connect, counter: Client) -> None:
    number = (await counter.merge(merge_request())).transaction_number
    other = await connect(MYKEY_COUNTER)
    for method, request in (
        (
            "ReportMergeDelivered",
            merging_pb2.ReportMergeDeliveredRequest(transaction_number=number),
        ),
        ("GetMergeState", merging_pb2.GetMergeStateRequest(transaction_number=number)),
    ):
        told = await other.refusal(f"MergeService/{method}", request)
        assert (told.code, told.reason) == (Code.NOT_FOUND, "TRANSACTION_UNKNOWN")


async def unacknowledged(client: Client, hours: int = 0) -> list[str]:
    request = merging_pb2.ListUnacknowledgedMergesRequest(hours=hours, page_size=1)
    answer = merging_pb2.ListUnacknowledgedMergesResponse
    numbers: list[str] = []
    while True:
        page = await client.call("MergeService/ListUnacknowledgedMerges", request, answer)
        numbers += [one.transaction_number for one in page.merges]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            return numbers


async def test_the_town_hall_sees_what_was_not_acknowledged_in_time(
    service: Service, connect: Connect, counter: Client
) -> None:
    numbers = [(await counter.merge(merge_request())).transaction_number for _ in range(3)]
    street = await connect(None)
    await street.street_sign_in(STREET_1)
    await street.acknowledge((numbers[1], 100))
    town_hall, operator = await connect(TOWN_HALL), await connect(OPERATOR)
    assert await unacknowledged(town_hall) == []
    service.town.clock.advance(hours=25)
    fresh = await connect(COUNTER)
    await fresh.merge(merge_request(day=service.town.clock.today))
    late = await connect(TOWN_HALL)
    assert await unacknowledged(late) == [numbers[0], numbers[2]]
    assert await unacknowledged(late, hours=26) == []
    operator = await connect(OPERATOR)
    assert await unacknowledged(operator) == [numbers[0], numbers[2]]


async def test_another_town_s_merges_are_not_seen(
    service: Service, connect: Connect, counter: Client
) -> None:
    await counter.merge(merge_request())
    service.town.clock.advance(hours=30)
    service.town.tamper(
        f"UPDATE terminal SET municipality_code = '{AWAY}' "  # noqa: S608
        f"WHERE terminal_id = '{TOWN_HALL}'"
    )
    assert await unacknowledged(await connect(TOWN_HALL)) == []
    assert len(await unacknowledged(await connect(OPERATOR))) == 1


@pytest.mark.parametrize("hours", [-1, 8761])
async def test_hours_have_limits(connect: Connect, hours: int) -> None:
    client = await connect(OPERATOR)
    request = merging_pb2.ListUnacknowledgedMergesRequest(hours=hours)
    told = await client.refusal("MergeService/ListUnacknowledgedMerges", request)
    assert told.fields == ("hours",)
