"""An answer is given for what the standby has, whatever becomes of the primary (LED-5)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass

import grpc
import pytest
from jichipoint.v1 import operations_pb2, points_pb2

from server.clock import SystemClock
from server.serving import pulse
from server.serving.app import start
from server.upkeep.verify import verify
from tests.failover.pair import Pair, pair, wait_for
from tests.integration.support import Client, refused, spend_request
from tests.server.support import (
    CARD_A,
    COUNTER,
    COUNTER_2,
    TestClock,
    Town,
    booked,
    build_town,
    grant_command,
    granted,
    spend_command,
)

POINTS = 1_000
SPENDS = 8
TRY_SECONDS = 2.0
ANSWER_SECONDS_MAX = 60.0
BOOKED = "OPERATION_STATE_BOOKED"
NOT_KNOWN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
"""What leaves open whether something was booked."""


@pytest.fixture
def two() -> Iterator[Pair]:
    with pair() as both:
        yield both


@dataclass
class Counter:
    """A terminal that has signed in, a town on two servers, and what is asked there."""

    client: Client
    town: Town
    servers: Pair

    async def spend(self, request: points_pb2.SpendRequest) -> str | None:
        """Return the number under which it was booked, or nothing where that is not known."""
        try:
            return (await self.client.spend(request)).transaction_number
        except grpc.aio.AioRpcError as error:
            assert error.code() in NOT_KNOWN, error
            return None

    async def insist(self, request: points_pb2.SpendRequest) -> str:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            while True:
                number = await self.spend(request)
                if number is not None:
                    return number

    async def told_of(self, request_id: str) -> str:
        """What is told of a request: what it became, or why that is not known."""
        try:
            state = (await self.client.operation(request_id)).state
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                return "NOT_KNOWN"
            return refused(error).reason
        return operations_pb2.OperationState.Name(state)


@pytest.fixture
async def counter(two: Pair, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    """Checks do not commit meanwhile: their commits would wait in front of what is asked."""
    monkeypatch.setattr(pulse, "SECONDS", 3600)
    two.primary.rows("CREATE DATABASE ledger")
    build_town(two.url("ledger"))
    town = Town(two.url("ledger"), TestClock(SystemClock().now()))
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, POINTS))
    running = await start(town.ledger, "127.0.0.1:0", town.clock, town.chance)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}") as channel:
            client = Client(channel)
            await client.sign_in()
            client.timeout_seconds = TRY_SECONDS
            yield Counter(client, town, two)
    finally:
        two.standby.kill()
        two.primary.kill()
        await running.stop(1)


def spends(town: Town, count: int) -> list[points_pb2.SpendRequest]:
    return [spend_request(CARD_A, 1, day=town.clock.today) for _ in range(count)]


async def all_of(*waiting: Awaitable[str | None]) -> list[str | None]:
    return list(await asyncio.gather(*waiting))


async def check(counter: Counter, requests: list[points_pb2.SpendRequest]) -> None:
    """Check that each was booked once, and that all that is told agrees with the ledger."""
    numbers = [await counter.insist(request) for request in requests]
    told = [await counter.told_of(request.request_id) for request in requests]
    assert set(told) == {BOOKED}
    town = counter.town
    kept = town.rows("SELECT transaction_number FROM ledger_transaction WHERE kind = 'SPEND'")
    assert sorted(number for (number,) in kept) == sorted(numbers)
    assert town.balance(CARD_A) == POINTS - len(requests)
    assert verify(town.database).fault is None


async def test_a_restarted_primary_tells_nothing_that_the_standby_has_not(
    counter: Counter,
) -> None:
    """It has what nobody was answered; it dies with that, and the standby takes over."""
    primary, standby = counter.servers.primary, counter.servers.standby
    requests = spends(counter.town, SPENDS)
    standby.kill()
    assert await all_of(*map(counter.spend, requests)) == [None] * SPENDS
    primary.restart_at_once()
    kept = primary.rows("SELECT count(*) FROM ledger_transaction WHERE kind = 'SPEND'", "ledger")
    assert kept[0][0] > 0, "nothing was committed on the primary: this tries nothing"
    ids = [request.request_id for request in requests]
    for _ in range(2):
        assert await all_of(*map(counter.spend, requests)) == [None] * SPENDS
        assert BOOKED not in await all_of(*map(counter.told_of, ids))
    primary.kill()
    standby.start()
    standby.promote()
    await check(counter, requests)


@pytest.mark.parametrize("ends", ["pg_cancel_backend", "pg_terminate_backend"])
async def test_a_wait_that_was_ended_is_no_booking(counter: Counter, ends: str) -> None:
    """Somebody ends the wait for the standby; the transaction is on the primary alone."""
    servers = counter.servers
    (request,) = spends(counter.town, 1)
    servers.standby.kill()
    spend = asyncio.create_task(counter.spend(request))
    await asyncio.to_thread(wait_for, servers.waiting)
    for pid in servers.waiting():
        servers.primary.rows(f"SELECT {ends}({pid})")
    assert await spend is None
    assert await counter.spend(request) is None
    assert await counter.told_of(request.request_id) != BOOKED
    servers.primary.kill()
    servers.standby.start()
    servers.standby.promote()
    await check(counter, [request])


async def test_what_waited_is_answered_once_the_standby_is_back(counter: Counter) -> None:
    servers = counter.servers
    requests = spends(counter.town, SPENDS)
    servers.standby.kill()
    assert await all_of(*map(counter.spend, requests)) == [None] * SPENDS
    servers.primary.restart_at_once()
    servers.standby.start()
    numbers = [await counter.insist(request) for request in requests]
    servers.primary.kill()
    servers.standby.promote()
    assert [await counter.insist(request) for request in requests] == numbers
    await check(counter, requests)


async def test_no_account_is_believed_that_only_the_lost_primary_had(counter: Counter) -> None:
    """On the new primary its number is another place's."""
    servers, town = counter.servers, counter.town
    requests = spends(town, 2)
    servers.standby.kill()
    assert await counter.spend(requests[0]) is None, "it opens the account of its place"
    servers.primary.restart_at_once()
    assert await counter.spend(requests[1]) is None, "it finds that account"
    servers.primary.kill()
    servers.standby.start()
    servers.standby.promote()
    with town.booker() as booker:
        elsewhere = spend_command(CARD_A, 1, terminal_id=COUNTER_2, day=town.clock.today)
        booked(booker, elsewhere)
    for request in requests:
        await counter.insist(request)
    spent = town.rows(
        """SELECT t.terminal_id, CAST(sum(e.points) AS BIGINT) FROM entry e
        JOIN account a USING (account_id) JOIN terminal t ON a.owner = CAST(t.place_id AS TEXT)
        WHERE a.kind = 'SPENT' AND t.terminal_id IN (?, ?) GROUP BY t.terminal_id""",
        COUNTER,
        COUNTER_2,
    )
    assert sorted(spent) == [(COUNTER, 2), (COUNTER_2, 1)]
