"""kill -9 at any moment loses nothing that was answered, and doubles nothing (LED-5).

A few rounds here, many by `make crash-test` (KILLS=50, SEED=1).
"""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.clock import SystemClock
from tests.crash.checks import check
from tests.crash.load import CARDS, Load
from tests.crash.servers import (
    Crash,
    Servers,
    crash_postgres,
    kill_all,
    kill_one,
    kill_parent,
)
from tests.engines import PostgresEngine, SqliteEngine, TestEngine, new_folder
from tests.integration.processes import write_key
from tests.server.support import TestClock, Town, build_town, grant_command, granted

KILLS = int(os.environ.get("KILLS", "3"))
SEED = int(os.environ.get("SEED", "1"))
POINTS = 1_000_000
ANSWERS_BETWEEN = 30
SECONDS_MORE_MAX = 0.3
ASKED_AGAIN = 50
PROCESSES = {"sqlite": 1, "postgresql": 2}


@pytest.fixture(params=["sqlite", "postgresql"])
def durable(request: pytest.FixtureRequest) -> Iterator[TestEngine]:
    """An engine that keeps what it has said to have kept."""
    if request.param == "sqlite":
        yield SqliteEngine()
        return
    engine = PostgresEngine(new_folder(), durable=True)
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


@asynccontextmanager
async def under_load(servers: Servers) -> AsyncIterator[Load]:
    """Clients that book for as long as this lasts, and then end with an answer each."""
    load = Load(servers.address, SEED)
    await load.sign_in()
    async with asyncio.TaskGroup() as group:  # a client that fails ends all
        group.create_task(load.run())
        yield load
        load.stopping = True


def crashes(engine: TestEngine) -> tuple[Crash, ...]:
    if isinstance(engine, PostgresEngine):
        return kill_all, kill_one, crash_postgres(engine), kill_parent
    return (kill_all,)


async def test_kill_9_under_load_loses_and_doubles_nothing(
    durable: TestEngine, town: Town, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    ways = crashes(durable)
    servers = Servers(town.url, write_key(tmp_path), PROCESSES[durable.name])
    try:
        await servers.start()
        async with under_load(servers) as load:
            for number in range(KILLS):
                await load.journal.wait_for(ANSWERS_BETWEEN)
                await asyncio.sleep(chance.random() * SECONDS_MORE_MAX)
                await ways[number % len(ways)](servers, chance)
            await load.journal.wait_for(ANSWERS_BETWEEN)
        await load.ask_again(ASKED_AGAIN)
        assert await servers.stop() == 0
    finally:
        servers.close()
    journal = load.journal
    assert journal.repeated, "no call was cut off: the kills came at no bad moment"
    assert journal.registered(), "no number was registered"
    verified = check(town, journal, POINTS)
    sys.stdout.write(
        f"\n{durable.name}: {KILLS} kills, {len(journal.entries)} requests answered "
        f"({len(journal.booked)} booked), {journal.repeated} repeated; verified: {verified}\n"
    )
