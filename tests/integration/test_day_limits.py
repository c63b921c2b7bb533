"""The most that may be used in a day, by a citizen and at a terminal (USE-6)."""

import asyncio

import grpc
import pytest

from server.upkeep.verify import verify
from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import (
    NOTED,
    Client,
    Refused,
    merge_request,
    refused,
    spend_request,
    to_date,
)
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    COUNTER,
    COUNTER_2,
    EVENT,
    MUNICIPAL,
    MYKEY,
    MYKEY_COUNTER,
    STREET_2,
    STREET_POINT_IDS,
    Town,
)

LIMIT = 500
SPEND, MERGE = "PointService/Spend", "MergeService/Merge"


def limit(town: Town, column: str, program_id: str = MUNICIPAL) -> None:
    town.tamper(f"UPDATE program SET {column} = {LIMIT} WHERE program_id = '{program_id}'")  # noqa: S608


@pytest.fixture
def citizen_limit(town: Town) -> None:
    limit(town, "points_per_citizen_day_max")


@pytest.fixture
def terminal_limit(town: Town) -> None:
    limit(town, "points_per_terminal_day_max")


def told(refusal: Refused) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    for text in refusal.metadata.values():
        assert text in refusal.messages["ja"]
        assert text in refusal.messages["en"]
    return refusal.code, refusal.reason, refusal.metadata


def over_citizen(left: int) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    details = {"maximum": str(LIMIT), "left": str(left)}
    return grpc.StatusCode.FAILED_PRECONDITION, "OVER_LIMIT_PER_CITIZEN_DAY", details


def over_terminal(left: int) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    details = {"maximum": str(LIMIT), "left": str(left)}
    return grpc.StatusCode.FAILED_PRECONDITION, "OVER_LIMIT_PER_TERMINAL_DAY", details


async def test_a_citizen_s_spends_and_merges_count_alike_at_all_terminals(
    service: Service, connect: Connect, citizen_limit: None
) -> None:
    first, second = await connect(COUNTER), await connect(COUNTER_2)
    await first.spend(spend_request(points=200))
    street_point_id = STREET_POINT_IDS[STREET_2]
    await second.merge(merge_request(points=150, street_point_id=street_point_id))
    spend = spend_request(points=151)
    assert told(await first.refusal(SPEND, spend)) == over_citizen(150)
    merge = merge_request(points=151, street_point_id=street_point_id)
    assert told(await second.refusal(MERGE, merge)) == over_citizen(150)
    await second.spend(spend_request(points=150))
    assert told(await first.refusal(SPEND, spend_request(points=1))) == over_citizen(0)
    await first.spend(spend_request(CARD_B, points=LIMIT))
    assert service.town.balance(CARD_A) == BALANCE - LIMIT
    assert service.town.balance(CARD_B) == BALANCE - LIMIT


async def test_a_terminal_s_spends_and_merges_count_alike_for_all_citizens(
    service: Service, connect: Connect, terminal_limit: None
) -> None:
    client, other = await connect(MYKEY_COUNTER), await connect(COUNTER)
    await client.spend(spend_request(CARD_A, 200))
    await client.merge(merge_request(CARD_E, 150, street_point_id=MYKEY[CARD_E]))
    assert told(await client.refusal(SPEND, spend_request(CARD_B, 151))) == over_terminal(150)
    merge = merge_request(CARD_B, 151, street_point_id=MYKEY[CARD_B])
    assert told(await client.refusal(MERGE, merge)) == over_terminal(150)
    await client.spend(spend_request(CARD_B, 150))
    assert told(await client.refusal(SPEND, spend_request(CARD_A, 1))) == over_terminal(0)
    await other.spend(spend_request(CARD_A, LIMIT))
    assert service.town.balance(CARD_A) == BALANCE - 200 - LIMIT


@pytest.mark.parametrize("column", ["citizen", "terminal"])
async def test_a_cancelled_spend_counts_no_more(
    service: Service, counter: Client, column: str
) -> None:
    limit(service.town, f"points_per_{column}_day_max")
    spent = await counter.spend(spend_request(points=LIMIT))
    again = spend_request(points=LIMIT)
    assert (await counter.refusal(SPEND, again)).metadata["left"] == "0"
    await counter.cancel(spent.transaction_number)
    assert (await counter.refusal(SPEND, again)).metadata["left"] == "0", "remembered"
    await counter.spend(spend_request(points=LIMIT))
    assert (await counter.refusal(SPEND, spend_request(points=1))).metadata["left"] == "0"
    assert service.town.balance(CARD_A) == BALANCE - LIMIT


@pytest.mark.parametrize("column", ["citizen", "terminal"])
async def test_the_day_is_tokyo_s(service: Service, counter: Client, column: str) -> None:
    limit(service.town, f"points_per_{column}_day_max")
    clock = service.town.clock
    clock.advance(hours=11, minutes=59, seconds=59)
    await counter.sign_in()
    await counter.spend(spend_request(points=LIMIT - 50))
    assert (await counter.refusal(SPEND, spend_request(points=51))).metadata["left"] == "50"
    clock.advance(seconds=1)
    await counter.sign_in()
    await counter.spend(spend_request(points=LIMIT, day=clock.today))
    merge = merge_request(points=1)
    merge.shown_on.CopyFrom(to_date(clock.today))
    assert (await counter.refusal(MERGE, merge)).metadata["left"] == "0"
    assert service.town.balance(CARD_A) == BALANCE - 2 * LIMIT + 50


async def test_each_program_counts_for_itself(
    service: Service, counter: Client, citizen_limit: None, terminal_limit: None
) -> None:
    await counter.spend(spend_request(points=LIMIT))
    await counter.spend(spend_request(points=LIMIT, program_id=EVENT))
    assert (await counter.refusal(SPEND, spend_request(points=1))).metadata["left"] == "0"


async def test_a_use_that_is_over_a_limit_changes_nothing_and_is_remembered(
    service: Service, counter: Client, citizen_limit: None
) -> None:
    await counter.spend(spend_request(points=LIMIT))
    before = service.town.dump("operation", *NOTED)
    request = spend_request(points=1)
    refusal = await counter.refusal(SPEND, request)
    assert service.town.dump("operation", *NOTED) == before
    service.town.clock.advance(hours=11)
    await counter.sign_in()
    assert await counter.refusal(SPEND, request) == refusal


async def booked(client: Client, card: str, points: int) -> int:
    """Spend, and return what that took; it may only be refused for the day's limit."""
    try:
        return (await client.spend(spend_request(card, points))).points
    except grpc.RpcError as error:
        assert refused(error).reason.startswith("OVER_LIMIT_PER_")
        return 0


@pytest.mark.parametrize(
    ("column", "cards"), [("citizen", (CARD_A, CARD_A)), ("terminal", (CARD_A, CARD_B))]
)
async def test_many_at_once_at_two_servers_never_pass_the_limit(
    service: Service,
    connect: Connect,
    connect_second: Connect,
    column: str,
    cards: tuple[str, str],
) -> None:
    limit(service.town, f"points_per_{column}_day_max")
    clients = await connect(COUNTER), await connect_second(COUNTER)
    spends = [
        booked(client, card, 30)
        for _ in range(30)
        for client, card in zip(clients, cards, strict=True)
    ]
    spent = sum(await asyncio.gather(*spends))
    assert spent == LIMIT // 30 * 30
    assert spent == 2 * BALANCE - service.town.balance(CARD_A) - service.town.balance(CARD_B)
    assert verify(service.town.database).fault is None
