"""MergeService over a real socket: merging into a street's points (MRG)."""

import grpc
import pytest
from jichipoint.v1 import merging_pb2

from merge_driver import codec
from server.ledger.verify import verify
from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import Client, cancel_request, merge_request
from tests.server.support import (
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
    POINT_USE,
    STREET_1,
    STREET_2,
    STREET_POINT_IDS,
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
