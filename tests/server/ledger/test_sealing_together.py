"""Sealing beside bookings and other processes: nothing is passed or skipped (LED-6)."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from server.db.engine import open_database
from server.ledger.booker import Booker, Command
from server.ledger.sealing import Seal
from server.serving.bookers import open_booker
from server.upkeep.verify import verify
from tests.server.ledger.blocks import NOW, fill, inserting, reading, sealed
from tests.server.support import (
    CARD_A,
    CARD_B,
    Town,
    booked,
    decided,
    spend_command,
)


@pytest.fixture
def filled(town: Town, booker: Booker) -> Town:
    fill(booker)
    return town


def test_two_that_seal_at_once_do_not_fork_the_chain(filled: Town) -> None:
    mine, its = reading(filled, 5, NOW), reading(filled, 3, NOW + 1)
    assert mine is not None
    assert its is not None
    assert inserting(filled, mine)
    assert not inserting(filled, its)
    (following,) = sealed(filled)
    assert following[:4] == (6, 8, 3, mine.hash)
    assert verify(filled.database).fault is None


def test_many_that_seal_at_once_seal_each_block_once(filled: Town) -> None:
    with filled.booker() as booker:
        decided(booker, *(spend_command(CARD_A, 1) for _ in range(40)))
    start = threading.Barrier(4)

    def seal(most: int) -> list[Seal]:
        start.wait()
        return sealed(filled, most)

    with ThreadPoolExecutor(4) as pool:
        found = [one for seals in pool.map(seal, (1, 2, 3, 5)) for one in seals]
    assert sorted(one.first_transaction_id for one in found) == [
        first for (first,) in filled.rows("SELECT first_transaction_id FROM seal ORDER BY 1")
    ]
    assert sum(one.transactions for one in found) == 48
    assert verify(filled.database).fault is None


def test_lower_numbers_that_are_booked_later_come_in_the_next_block(filled: Town) -> None:
    with filled.booker() as mine, filled.booker() as other:
        booked(mine, spend_command(CARD_A, 1))
        booked(other, spend_command(CARD_A, 2))
        (first,) = sealed(filled)
        late = [booked(mine, spend_command(CARD_A, points)) for points in (3, 4)]
        (second,) = sealed(filled)
    numbers = filled.rows(
        "SELECT transaction_id, transaction_number FROM ledger_transaction ORDER BY transaction_id"
    )
    assert numbers[-3][1] > numbers[-2][1], "the later transactions have the lower numbers"
    assert (first.last_transaction_id, second[:3]) == (10, (11, 12, 2))
    assert [number for _, number in numbers[-2:]] == [one["transaction_number"] for one in late]
    assert verify(filled.database).fault is None


def test_blocks_are_cut_by_the_order_of_commits(filled: Town) -> None:
    with filled.booker() as mine, filled.booker() as other:
        booked(mine, spend_command(CARD_A, 1))
        booked(other, spend_command(CARD_A, 2))
        booked(mine, spend_command(CARD_A, 3))
    ids = [seal.last_transaction_id for seal in sealed(filled, 1)]
    assert ids == list(range(1, 12))
    assert verify(filled.database).fault is None


class Process:
    """A booker on a connection and in a thread of its own."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._pool = ThreadPoolExecutor(1)
        self._pool.submit(self._open).result()

    def _open(self) -> None:
        self.database = open_database(self._town.url)
        self.database.connect()
        self._booker = open_booker(self.database, self._town.clock)

    def run(self, work: Callable[[], None]) -> None:
        self._pool.submit(work).result()

    def book(self, command: Command) -> "Future[dict[str, Any]]":
        return self._pool.submit(booked, self._booker, command)

    def stop(self) -> None:
        self._pool.submit(self.database.close).result()
        self._pool.shutdown()


@contextmanager
def process(town: Town) -> Iterator[Process]:
    one = Process(town)
    try:
        yield one
    finally:
        one.stop()


@contextmanager
def held_before_commit(town: Town, one: Process) -> Iterator[Callable[[], None]]:
    """Keep a process's next batch from committing until the end; gives what waits for it."""
    if town.is_sqlite:
        with _held_on_sqlite(one) as wait:
            yield wait
        return
    town.tamper(
        """CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$""",
        f"""CREATE CONSTRAINT TRIGGER hold_back AFTER INSERT ON operation
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.caller = '{HELD_CALLER}')
            EXECUTE FUNCTION hold_back()""",
    )
    database = open_database(town.url)
    with database.connection_context():
        database.execute_sql("SELECT pg_advisory_lock(1)").fetchone()
        yield lambda: wait_for_locks(town, "advisory")


@contextmanager
def _held_on_sqlite(one: Process) -> Iterator[Callable[[], None]]:
    reached, may_go_on = threading.Event(), threading.Event()

    def hold_back() -> None:
        reached.set()
        may_go_on.wait(30)

    def install() -> None:
        connection = one.database.connection()
        connection.create_function("hold_back", 0, hold_back)
        connection.execute(
            """CREATE TEMP TRIGGER hold_back AFTER INSERT ON main.operation
            BEGIN SELECT hold_back(); END"""
        )

    one.run(install)
    try:
        yield lambda: _set(reached)
    finally:
        may_go_on.set()


def _set(event: threading.Event) -> None:
    assert event.wait(30)


HELD_CALLER = "terminal:10000003"


def wait_for_locks(town: Town, kind: str) -> None:
    """Wait until someone waits for a lock of a kind."""
    until = time.monotonic() + 30
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = ?"
    while town.rows(query, kind) == [(0,)]:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_batch_before_its_commit_is_not_passed(filled: Town) -> None:
    with process(filled) as one, process(filled) as other:
        one.book(spend_command(CARD_A, 1, terminal_id="10000003")).result()
        other.book(spend_command(CARD_B, 1)).result()
        with held_before_commit(filled, one) as wait:
            held = one.book(spend_command(CARD_A, 2, terminal_id="10000003"))
            wait()
            waiting = other.book(spend_command(CARD_B, 2))
            if not filled.is_sqlite:
                wait_for_locks(filled, "transactionid")
            seal = reading(filled)
            assert seal is not None
            assert seal[:3] == (1, 10, 10)
            assert not held.done()
            assert not waiting.done(), "whoever commits later has to wait for its turn"
            if not filled.is_sqlite:
                assert inserting(filled, seal)
                assert reading(filled) is None
        numbers = [one.result()["transaction_number"] for one in (held, waiting)]
    if filled.is_sqlite:
        assert inserting(filled, seal)
    (following,) = sealed(filled)
    assert following[:4] == (11, 12, 2, seal.hash)
    assert numbers == [
        number
        for (number,) in filled.rows(
            """SELECT transaction_number FROM ledger_transaction WHERE transaction_id > 10
            ORDER BY transaction_id"""
        )
    ]
    assert verify(filled.database).fault is None
