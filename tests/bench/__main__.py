"""`python -m tests.bench`: the booking path against SQLite itself; ratios from one run.

The yardstick is a loop over sqlite3 that stores one such spend at a time (the same rows,
triggers and durability), each in a commit of its own, and decides nothing.
"""

import asyncio
import itertools
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from server.app import start
from server.db.engine import open_database
from tests.integration.support import Client, spend_request
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    Town,
    build_town,
    copy_town,
    decided,
    grant_command,
    granted,
    new_request_id,
    spend_command,
)

SPENDS = 1024
BATCHES = (1, 8, 32)
IN_FLIGHT = (8, 32)
CARDS = (CARD_A, CARD_B, CARD_E)
POINTS = 1_000_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        build_town(template)
        raw_wall, raw_cpu = _raw(_town(template))
        rows = []
        for size in BATCHES:
            _, cpu = _booker(_town(template), size)
            name = f"CPU per spend, booker, batches of {size}"
            rows.append((f"{cpu / raw_cpu:.2f} x", name, f"{1e6 * cpu / SPENDS:.0f} µs"))
        for count in IN_FLIGHT:
            wall = asyncio.run(_service(_town(template), count))
            name = f"spends/s, gRPC, {count} in flight"
            rows.append((f"{raw_wall / wall:.2f} x", name, f"{SPENDS / wall:.0f}/s"))
        rows.append(("1", "CPU per spend, raw loop", f"{1e6 * raw_cpu / SPENDS:.0f} µs"))
        rows.append(("1", "spends/s, raw loop", f"{SPENDS / raw_wall:.0f}/s"))
    for ratio, name, value in rows:
        sys.stdout.write(f"{ratio:>8}  {name:<38}{value:>12}\n")


def _town(template: Path) -> Town:
    """A fresh town whose cards hold enough."""
    town = copy_town(template, Path(tempfile.mkdtemp(dir=template.parent)))
    with town.booker() as booker:
        granted(booker, *(grant_command(card, POINTS) for card in CARDS))
    return town


def _raw(town: Town) -> tuple[float, float]:
    """Store spends one commit at a time; return seconds of wall clock and of this thread."""
    with _connection(town) as connection:
        connection.execute("INSERT INTO account VALUES (900, '00000001', 'SPENT', 'raw')")
        lots = connection.execute("SELECT account_id, lot_id FROM lot").fetchall()
        wall, cpu = time.perf_counter(), time.thread_time()
        for number in range(1000, 1000 + SPENDS):
            _store(connection, number, *lots[number % len(lots)])
        return time.perf_counter() - wall, time.thread_time() - cpu


def _store(connection: sqlite3.Connection, number: int, account_id: int, lot_id: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
        [(number, 1, account_id, lot_id, -1), (number, 2, 900, None, 1)],
    )
    connection.execute(
        "INSERT INTO ledger_transaction VALUES (?, ?, 'SPEND', ?, '2026-07-01', ?, ?, NULL, '')",
        (number, f"20260701{number:05d}", number, "terminal:10000001", "AAAA1111"),
    )
    connection.execute(
        "INSERT INTO operation VALUES (?, ?, 'Spend', ?, 'BOOKED', ?, ?, ?)",
        ("terminal:10000001", new_request_id(), bytes(32), bytes(80), number, number),
    )
    connection.execute("COMMIT")


@contextmanager
def _connection(town: Town) -> Iterator[sqlite3.Connection]:
    database = open_database(town.url)
    with database.connection_context():
        yield database.connection()


def _booker(town: Town, size: int) -> tuple[float, float]:
    commands = [spend_command(card, 1) for card in itertools.islice(_cards(), SPENDS)]
    with town.booker() as booker:
        wall, cpu = time.perf_counter(), time.thread_time()
        for first in range(0, SPENDS, size):
            decided(booker, *commands[first : first + size])
        return time.perf_counter() - wall, time.thread_time() - cpu


def _cards() -> Iterator[str]:
    return itertools.cycle(CARDS)


async def _service(town: Town, in_flight: int) -> float:
    """Spend through gRPC with so many callers at a time; return seconds."""
    running = await start(town.database, town.vault, "127.0.0.1:0", town.clock, town.chance)
    requests = iter([spend_request(card, 1) for card in itertools.islice(_cards(), SPENDS)])
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}") as channel:
        client = Client(channel)
        await client.sign_in()

        async def caller() -> None:
            for request in requests:
                await client.spend(request)

        begun = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(in_flight)))
        seconds = time.perf_counter() - begun
    await running.stop()
    return seconds


if __name__ == "__main__":
    main()
