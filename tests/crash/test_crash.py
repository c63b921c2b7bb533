"""kill -9 at any moment loses nothing that was answered, and doubles nothing (LED-5).

A few rounds here, many by `make crash-test` (KILLS=50).
"""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from server.clock import SystemClock
from server.ledger.verify import verify
from tests.crash.load import CARDS, TERMINALS, Load, points_used
from tests.engines import PostgresEngine, SqliteEngine, TestEngine
from tests.integration.processes import Process, serving, write_key
from tests.server.support import TestClock, Town, build_town, grant_command, granted

KILLS = int(os.environ.get("KILLS", "3"))
SEED = int(os.environ.get("SEED", "1"))
POINTS = 1_000_000
ANSWERS_BETWEEN = 30
SECONDS_MORE_MAX = 0.3
PROCESSES = {"sqlite": 1, "postgresql": 2}


@pytest.fixture(params=["sqlite", "postgresql"])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestEngine]:
    """An engine that keeps what it has said to have kept."""
    if request.param == "sqlite":
        yield SqliteEngine()
        return
    engine = PostgresEngine(tmp_path / "postgres", durable=True)
    yield engine
    engine.stop()


@pytest.fixture
def town(durable: TestEngine, tmp_path: Path) -> Town:
    """A town at the machine's own time, whose cards hold points."""
    url = durable.new(tmp_path)
    build_town(url)
    town = Town(url, TestClock(SystemClock().now()))
    with town.booker() as booker:
        granted(booker, *(grant_command(card, POINTS) for card in CARDS))
    return town


def quiet_port() -> int:
    """A free port that no client gets as its own: one that retries could connect to itself."""
    for port in range(20_000, 30_000, 7):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is no free port")


class Servers:
    """The server, on one port from the first start to the last."""

    def __init__(self, town: Town, key_file: Path, processes: int) -> None:
        self.port = quiet_port()
        self._town, self._key_file, self._processes = town, key_file, processes
        self._stack = ExitStack()
        self.running: Process

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        server = serving(self._town.url, self._key_file, self.port, self._processes)
        self.running = await asyncio.to_thread(self._stack.enter_context, server)

    async def kill(self) -> None:
        """Kill all processes; they hold the port until the last is gone."""
        os.kill(self.running.process.pid, signal.SIGSTOP)  # it starts no other meanwhile
        for pid in (*self.running.children(), self.running.process.pid):
            os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(self._stack.close)

    async def stop(self) -> int:
        code = await asyncio.to_thread(self.running.end, signal.SIGTERM)
        self._stack.close()
        return code


@asynccontextmanager
async def under_load(servers: Servers) -> AsyncIterator[Load]:
    """Clients that book for as long as this lasts, and then end with an answer each."""
    await servers.start()
    load = Load(servers.address, SEED)
    await load.sign_in()
    clients = asyncio.create_task(load.run())
    try:
        yield load
    finally:
        load.stopping = True
        await clients


async def kill_one(servers: Servers, chance: random.Random) -> None:
    """Kill one of several processes; another is started in its place."""
    os.kill(chance.choice(servers.running.children()), signal.SIGKILL)


async def kill_all(servers: Servers, chance: random.Random) -> None:
    """Kill all processes, and start them again."""
    await servers.kill()
    await servers.start()


def crash_postgres(engine: PostgresEngine) -> Callable[[Servers, random.Random], object]:
    async def crash(servers: Servers, chance: random.Random) -> None:
        """Let PostgreSQL end without a checkpoint, and recover."""
        await asyncio.to_thread(engine.crash)
        await asyncio.to_thread(engine.start_again)

    return crash


async def test_kill_9_under_load_loses_and_doubles_nothing(
    durable: TestEngine, town: Town, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    ways: list[Callable[[Servers, random.Random], object]] = [kill_all]
    if isinstance(durable, PostgresEngine):
        ways = [kill_all, kill_one, crash_postgres(durable)]
    servers = Servers(town, write_key(tmp_path), PROCESSES[durable.name])
    async with under_load(servers) as load:
        for number in range(KILLS):
            await load.wait_for(ANSWERS_BETWEEN)
            await asyncio.sleep(chance.random() * SECONDS_MORE_MAX)
            await ways[number % len(ways)](servers, chance)  # type: ignore[misc]
        await load.wait_for(ANSWERS_BETWEEN)
    assert await servers.stop() == 0
    assert load.repeated, "no call was cut off: the kills came at no bad moment"
    booked = check(town, load)
    sys.stdout.write(
        f"\n{durable.name}: {KILLS} kills, {len(load.answered)} requests answered "
        f"({booked} booked), {load.repeated} repeated, ledger verified\n"
    )


def check(town: Town, load: Load) -> int:
    """Every answer is in the ledger exactly once, and nothing else is; return the bookings."""
    kept = {
        (caller, request_id): (outcome, answer)
        for caller, request_id, outcome, answer in town.rows(
            "SELECT caller, request_id, outcome, answer FROM operation WHERE caller <> 'test'"
        )
    }
    assert len(kept) == len(load.answered), "something was decided that nobody asked for, or lost"
    booked = 0
    for one in load.answered:
        outcome, answer = kept[f"terminal:{one.terminal_id}", one.request_id]
        assert outcome == ("REFUSED" if one.answer is None else "BOOKED")
        if one.answer is not None:
            assert answer == one.answer
            booked += 1
    callers = tuple(f"terminal:{terminal_id}" for terminal_id in TERMINALS)
    places = ", ".join("?" * len(callers))
    count = f"SELECT count(*) FROM ledger_transaction WHERE caller IN ({places})"  # noqa: S608
    assert town.rows(count, *callers) == [(booked,)]
    left = sum(town.balance(card) for card in CARDS)
    assert len(CARDS) * POINTS - left == points_used(load.answered)
    assert verify(town.database).fault is None
    return booked
