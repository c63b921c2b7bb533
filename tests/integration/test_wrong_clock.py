"""A server whose clock runs 70 days ahead takes no points, and there is a way out (LED-8)."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import grpc

from server.clock import SystemClock
from server.upkeep.verify import verify
from tests.integration.processes import SECONDS_MAX, serving, write_key
from tests.integration.support import Client, spend_request
from tests.server.support import (
    CARD_A,
    CARD_B,
    TestClock,
    Town,
    grant_command,
    granted,
)

DAYS = 70
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
AHEAD = ("env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME=+{DAYS}d x10")
"""And ten times as fast, so that a minute's round comes every six seconds. The program `faketime`
itself would stay between the server and its signals."""


def real_today() -> str:
    return str(TestClock(SystemClock().now()).today)


def clock(town: Town, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command, *rest = arguments
    program = [sys.executable, "-m", "server.cli", "clock", command, "--database", town.url]
    return subprocess.run(
        [*program, *rest], capture_output=True, text=True, check=False, timeout=SECONDS_MAX
    )


def wait(until: Callable[[], object]) -> None:
    latest = time.monotonic() + SECONDS_MAX
    while not until():
        assert time.monotonic() < latest, "it has not come"
        time.sleep(0.05)


def seals(town: Town) -> int:
    ((count,),) = town.rows("SELECT count(*) FROM seal")
    return int(count)


def lapses(town: Town) -> list[tuple[str, ...]]:
    return town.rows(
        "SELECT transaction_number FROM ledger_transaction WHERE kind IN ('LAPSE', 'EXPIRE')"
    )


async def spend(address: str, points: int) -> str:
    async with grpc.aio.insecure_channel(address) as channel:
        client = Client(channel)
        await client.sign_in()
        day = TestClock(SystemClock().now()).today
        return (await client.spend(spend_request(CARD_A, points, day=day))).transaction_number


def is_serving(address: str) -> bool:
    program = [sys.executable, "-m", "server.cli", "health", "--listen", address]
    return subprocess.run(program, capture_output=True, check=False).returncode == 0


def test_a_clock_that_runs_ahead_takes_nothing_and_bookings_go_on(
    town: Town, tmp_path: Path
) -> None:
    key_file, log = write_key(tmp_path), tmp_path / "log"
    town.clock = TestClock(SystemClock().now())
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
    with serving(town.url, key_file, by=AHEAD, log=log) as wrong:
        wait(lambda: seals(town) >= 1)
        town.clock.advance(days=DAYS)
        with town.booker() as booker:
            granted(booker, grant_command(CARD_B, 1))
        wait(lambda: seals(town) >= 2)  # every job has had its round
        assert wrong.end(signal.SIGTERM) == 0
    assert lapses(town) == []
    told = log.read_text()
    why = "AHEAD" if town.is_sqlite else "APART"
    assert told.count(f"what acts by the day is held back ({why})") == 1
    assert "It would book 1,000 points as lapsed, of 1 account" in told
    with serving(town.url, key_file) as right:
        assert not is_serving(right.address)
        status = json.loads(clock(town, "status", "--json").stdout)
        assert "behind the newest booking" in status["bookings_stopped"]
        done = clock(town, "step-back", real_today(), "--reason", "faketime")
        assert done.returncode == 0, done.stderr
        wait(lambda: is_serving(right.address))
        number = asyncio.run(spend(right.address, 100))
        assert number.startswith(real_today().replace("-", ""))
        assert clock(town, "status").returncode == 0
        assert right.end(signal.SIGTERM) == 0
    assert town.balance(CARD_A) == 900
    assert lapses(town) == []
    assert verify(town.database).fault is None
