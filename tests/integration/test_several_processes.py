"""Several servers on one PostgreSQL: `serve --processes`, and what they must not do apart."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import pytest

from server.app import RunningServer, start
from server.clock import SystemClock
from server.db.queries import change
from server.ledger.verify import verify
from tests.engines import TestEngine
from tests.integration.processes import SECONDS_MAX, command, serving, write_key
from tests.integration.support import Client, refused, spend_request
from tests.server.support import (
    CARD_A,
    COUNTER,
    COUNTER_2,
    MUNICIPAL,
    TestClock,
    Town,
    grant_command,
    granted,
)


@pytest.fixture(scope="session")
def engine(find_engine: Callable[[str], TestEngine]) -> TestEngine:
    """PostgreSQL alone: one file has one server."""
    return find_engine("postgresql")


@pytest.fixture
def shared(town: Town) -> Town:
    """A town in which card A holds points."""
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
    return town


@pytest.fixture
async def two_servers(shared: Town) -> AsyncIterator[tuple[RunningServer, RunningServer]]:
    running = [
        await start(shared.database, shared.vault, "127.0.0.1:0", shared.clock, shared.chance)
        for _ in range(2)
    ]
    yield running[0], running[1]
    for one in running:
        await one.stop(1)


async def client_of(stack: AsyncExitStack, server: RunningServer) -> Client:
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{server.port}")
    return Client(await stack.enter_async_context(channel))


async def test_a_session_of_one_is_good_at_the_other_until_it_ends(
    two_servers: tuple[RunningServer, RunningServer], shared: Town
) -> None:
    async with AsyncExitStack() as stack:
        here, there = [await client_of(stack, server) for server in two_servers]
        await here.sign_in()
        there.token = here.token
        assert (await there.usable(CARD_A)).usable_points[0].balance == 1000
        await here.raw("TerminalService/SignOut", b"")
        shared.clock.advance(seconds=5)
        told = await there.refusal("PointService/ListUsablePoints", b"\x0a\x02A1")
        assert told.reason == "SESSION_EXPIRED"


async def test_the_same_request_at_both_is_booked_once(
    two_servers: tuple[RunningServer, RunningServer], shared: Town
) -> None:
    async with AsyncExitStack() as stack:
        clients = [await client_of(stack, server) for server in two_servers]
        await clients[0].sign_in()
        clients[1].token = clients[0].token
        requests = [spend_request(CARD_A, 1) for _ in range(40)]
        answers = await asyncio.gather(
            *(client.spend(request) for request in requests for client in clients)
        )
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        assert first == second
    assert shared.balance(CARD_A) == 1000 - 40


@pytest.mark.parametrize("limit", ["citizen", "terminal"])
async def test_a_day_s_limit_holds_over_both(
    two_servers: tuple[RunningServer, RunningServer], shared: Town, limit: str
) -> None:
    with shared.database.connection_context():
        column = f"points_per_{limit}_day_max"
        change(
            shared.database,
            f"UPDATE program SET {column} = 50 WHERE program_id = ?",  # noqa: S608
            MUNICIPAL,
        )
    async with AsyncExitStack() as stack:
        clients = [await client_of(stack, server) for server in two_servers]
        await clients[0].sign_in()
        clients[1].token = clients[0].token
        told = await asyncio.gather(
            *(client.spend(spend_request(CARD_A, 3)) for client in clients for _ in range(20)),
            return_exceptions=True,
        )
    reasons = [refused(one).reason for one in told if isinstance(one, grpc.RpcError)]
    assert len(told) - len(reasons) == 16, "16 times 3 points stay within 50"
    assert set(reasons) == {f"OVER_LIMIT_PER_{limit.upper()}_DAY"}
    assert shared.balance(CARD_A) == 1000 - 48


@pytest.fixture
def real(town: Town) -> Town:
    """A town at the machine's own time."""
    town.clock = TestClock(SystemClock().now())
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
    return town


async def spend_through(address: str, terminal_id: str, count: int) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        client = Client(channel)
        await client.sign_in(terminal_id)
        for _ in range(count):
            await client.spend(spend_request(CARD_A, 1, day=TestClock(SystemClock().now()).today))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < until, "a process outlived its parent"
        time.sleep(0.02)


async def test_processes_share_port_and_ledger(real: Town, tmp_path: Path) -> None:
    with serving(real.url, write_key(tmp_path), processes=3) as server:
        children = server.children()
        assert len(children) == 3
        await asyncio.gather(
            *(
                spend_through(server.address, terminal_id, 5)
                for terminal_id in (COUNTER, COUNTER_2)
                for _ in range(3)
            )
        )
        assert server.end(signal.SIGTERM) == 0
        wait_until_gone(children)
    assert real.balance(CARD_A) == 1000 - 30
    assert verify(real.database).fault is None


def test_a_process_that_dies_is_replaced(real: Town, tmp_path: Path) -> None:
    with serving(real.url, write_key(tmp_path), processes=2) as server:
        first = set(server.children())
        os.kill(min(first), signal.SIGKILL)
        until = time.monotonic() + SECONDS_MAX
        while len(now := set(server.children()) - {min(first)}) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert max(first) in now
        assert server.end(signal.SIGTERM) == 0


def test_processes_end_when_their_parent_is_killed(real: Town, tmp_path: Path) -> None:
    with serving(real.url, write_key(tmp_path), processes=2) as server:
        children = server.children()
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
        wait_until_gone(children)


def test_a_port_that_others_of_ours_share_is_taken(real: Town, tmp_path: Path) -> None:
    key_file = write_key(tmp_path)
    with serving(real.url, key_file, processes=2) as server:
        result = subprocess.run(
            command(real.url, key_file, server.address, processes=2),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert result.returncode == 1
        assert result.stderr.startswith(f"Error: cannot listen on {server.address}")
        assert result.stderr.count("\n") == 1
