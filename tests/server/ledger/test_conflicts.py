"""Several processes on one PostgreSQL: booked once, never overdrawn, never stuck (LED-4)."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import pytest

from server.db.engine import open_database
from server.ledger import booker as booking
from server.ledger.booker import TRIES_MAX, Booker, Command
from server.ledger.engines import open_store, writing
from server.ledger.store import StoreUnavailableError
from server.ledger.values import Operation, Outcome
from server.operations.settling import SettleCommand
from server.serving.loaders import LOADERS
from server.upkeep.verify import verify
from tests.engines import TestEngine
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    COUNTER,
    COUNTER_2,
    Town,
    cancel_command,
    decided,
    grant_command,
    granted,
    new_request_id,
    plain,
    refused,
    spend_command,
)

SECONDS_MAX = 30
BOOKERS = 4
ROUNDS = 12
CARDS = (CARD_A, CARD_B, CARD_E)
SERIALIZABLE = "options=-c%20default_transaction_isolation%3Dserializable"


@pytest.fixture(scope="session")
def engine(find_engine: Callable[[str], TestEngine]) -> TestEngine:
    """PostgreSQL alone: SQLite has one writer at a time."""
    return find_engine("postgresql")


@pytest.fixture(params=["read committed", "serializable"])
def shared(request: pytest.FixtureRequest, town: Town) -> Town:
    with town.booker() as booker:
        granted(booker, *(grant_command(card, 1000) for card in CARDS))
    if request.param == "serializable":
        return Town(f"{town.url}&{SERIALIZABLE}", town.clock)
    return town


def at_once(town: Town, batches: Sequence[Sequence[Sequence[Command]]]) -> list[list[object]]:
    """Let each booker book its batches, all at the same time, and return their answers."""
    barrier = threading.Barrier(len(batches))
    answers: list[list[object]] = [[] for _ in batches]

    def book(number: int) -> None:
        with town.booker() as booker:
            for batch in batches[number]:
                barrier.wait(SECONDS_MAX)
                answers[number] += booker.book(batch)

    threads = [threading.Thread(target=book, args=(number,)) for number in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * SECONDS_MAX)
        assert not thread.is_alive(), "stuck"
    return answers


def test_the_same_requests_at_once_are_booked_once(shared: Town) -> None:
    commands = [[spend_command(card, 1) for card in CARDS] for _ in range(ROUNDS)]
    answers = at_once(shared, [commands] * BOOKERS)
    assert all(isinstance(one, Operation) for of_one in answers for one in of_one), answers
    assert answers == [answers[0]] * BOOKERS
    for card in CARDS:
        assert shared.balance(card) == 1000 - ROUNDS
    assert verify(shared.database).fault is None


def test_one_request_id_on_different_accounts_is_booked_once(shared: Town) -> None:
    batches: list[list[list[Command]]] = [[] for _ in range(3)]
    for _ in range(ROUNDS):
        request_id = new_request_id()
        for number, card in enumerate(CARDS):
            batches[number].append([spend_command(card, 1, request_id=request_id)])
    answers = at_once(shared, batches)
    for of_one in zip(*answers, strict=True):
        outcomes = sorted(str(one.outcome) for one in of_one if isinstance(one, Operation))
        assert outcomes == ["BOOKED", "REFUSED", "REFUSED"]
    assert sum(shared.balance(card) for card in CARDS) == 3000 - ROUNDS


def test_accounts_in_opposite_order_do_not_lock_each_other_out(shared: Town) -> None:
    batches: list[list[list[Command]]] = []
    for number in range(BOOKERS):
        order = CARDS if number % 2 else CARDS[::-1]
        batches.append([[spend_command(card, 1) for card in order] for _ in range(ROUNDS)])
    answers = at_once(shared, batches)
    assert all(isinstance(one, Operation) for of_one in answers for one in of_one), answers
    for card in CARDS:
        assert shared.balance(card) == 1000 - BOOKERS * ROUNDS
    assert verify(shared.database).fault is None


def test_an_account_is_not_overdrawn(shared: Town) -> None:
    batches = [[[spend_command(CARD_A, 60)] for _ in range(ROUNDS)] for _ in range(BOOKERS)]
    answers = at_once(shared, batches)
    outcomes = [one.outcome for of_one in answers for one in of_one if isinstance(one, Operation)]
    assert outcomes.count(Outcome.BOOKED) == 1000 // 60
    assert len(outcomes) == BOOKERS * ROUNDS
    assert shared.balance(CARD_A) == 1000 % 60


def test_a_spend_is_cancelled_once(shared: Town) -> None:
    with shared.booker() as booker:
        spends = decided(booker, *(spend_command(CARD_A, 10) for _ in range(ROUNDS)))
    numbers = [
        row[0]
        for row in shared.rows(
            "SELECT transaction_number FROM ledger_transaction WHERE kind = 'SPEND'"
        )
    ]
    assert len(numbers) == len(spends)
    batches = [[[cancel_command(number)] for number in numbers] for _ in range(BOOKERS)]
    answers = at_once(shared, batches)
    outcomes = [one.outcome for of_one in answers for one in of_one if isinstance(one, Operation)]
    assert outcomes.count(Outcome.BOOKED) == ROUNDS
    assert shared.balance(CARD_A) == 1000


def test_accounts_opened_at_once_are_opened_once(shared: Town) -> None:
    """The first spend at a place opens its account."""
    batches = [
        [[spend_command(card, 1, terminal_id=terminal_id)]]
        for card, terminal_id in zip(CARDS, (COUNTER, COUNTER, COUNTER_2), strict=True)
    ]
    answers = at_once(shared, batches)
    assert all(isinstance(one, Operation) for of_one in answers for one in of_one), answers
    doubles = """SELECT program_id, kind, owner FROM account
        GROUP BY program_id, kind, owner HAVING count(*) > 1"""
    assert shared.rows(doubles) == []


def test_transaction_ids_have_no_gap_and_follow_commits(shared: Town) -> None:
    batches = [
        [[spend_command(card, 1) for card in CARDS[: 1 + number]] for _ in range(ROUNDS)]
        for number in range(3)
    ]
    at_once(shared, batches)
    found = shared.rows("SELECT transaction_id FROM ledger_transaction ORDER BY 1")
    assert [one for (one,) in found] == list(range(1, len(found) + 1))


@dataclass
class Meanwhile:
    """Something another process does while a batch is on its way, so many times."""

    act: Callable[[], None]
    times: int = 1

    def happen(self) -> None:
        if self.times:
            self.times -= 1
            self.act()


@dataclass
class Clock:
    """Is read when a batch's transaction has begun, and before it locks anything."""

    town: Town
    meanwhile: Meanwhile

    def now(self) -> datetime:
        self.meanwhile.happen()
        return self.town.clock.now()


@contextmanager
def pausing_booker(town: Town, meanwhile: Meanwhile) -> Iterator[tuple[Booker, list[float]]]:
    """A booker, and the pauses that it made."""
    database = open_database(town.url)
    pauses: list[float] = []
    with database.connection_context():
        store = open_store(database, LOADERS)
        yield Booker(store, Clock(town, meanwhile), pauses.append), pauses


@pytest.fixture
def another(town: Town) -> Iterator["psycopg.Connection[Any]"]:
    """A connection of another process."""
    with psycopg.connect(town.url, autocommit=True) as connection:
        yield connection


NUMBER = "UPDATE counter SET next = next WHERE name = 'transaction'"


def test_a_batch_that_another_got_before_is_repeated_whole(
    shared: Town, another: "psycopg.Connection[Any]"
) -> None:
    """Transactions that are serializable end with 40001 here, others wait and go on."""
    meanwhile = Meanwhile(lambda: void(another.execute(NUMBER)))
    commands = [spend_command(card, 10) for card in CARDS]
    with pausing_booker(shared, meanwhile) as (booker, pauses):
        answers = decided(booker, *commands)
        assert len(pauses) == (1 if SERIALIZABLE in shared.url else 0)
        assert {one.outcome for one in answers} == {Outcome.BOOKED}
        assert decided(booker, *commands) == answers
    assert [shared.balance(card) for card in CARDS] == [990] * 3
    assert verify(shared.database).fault is None


def test_serializable_batches_take_turns(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the number of the newest transaction alone lets all but one of them fail each time."""
    monkeypatch.setattr(booking, "TRIES_MAX", 1)
    with town.booker() as booker:
        granted(booker, *(grant_command(card, 1000) for card in CARDS))
    serializable = Town(f"{town.url}&{SERIALIZABLE}", town.clock)
    batches = [
        [[spend_command(card, 1) for card in CARDS] for _ in range(ROUNDS)] for _ in range(BOOKERS)
    ]
    answers = [one for booked in at_once(serializable, batches) for one in booked]
    assert {one.outcome for one in answers if isinstance(one, Operation)} == {Outcome.BOOKED}
    assert len(answers) == BOOKERS * ROUNDS * len(CARDS)
    assert [town.balance(card) for card in CARDS] == [1000 - BOOKERS * ROUNDS] * 3


def test_other_writing_takes_turns_with_serializable_batches(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As sessions and the audit trail, which are written beside bookings and not tried again."""
    monkeypatch.setattr(booking, "TRIES_MAX", 1)
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
    serializable = Town(f"{town.url}&{SERIALIZABLE}", town.clock)
    failed: list[Exception] = []
    stopping = threading.Event()

    def write() -> None:
        database = open_database(serializable.url)
        with database.connection_context():
            while not stopping.is_set():
                try:
                    with writing(database):
                        database.execute_sql("UPDATE counter SET next = next + 1")
                except Exception as error:
                    failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with serializable.booker() as booker:
            for _ in range(40):
                assert decided(booker, spend_command(CARD_A, 1))[0].outcome == Outcome.BOOKED
    finally:
        stopping.set()
        thread.join(SECONDS_MAX)
    assert failed == []
    assert town.balance(CARD_A) == 960


def void(_: object) -> None:
    """Return nothing."""


def test_a_batch_is_tried_so_often_and_then_told(
    town: Town, another: "psycopg.Connection[Any]"
) -> None:
    meanwhile = Meanwhile(lambda: void(another.execute(NUMBER)), times=TRIES_MAX + 1)
    serializable = Town(f"{town.url}&{SERIALIZABLE}", town.clock)
    command = grant_command(CARD_A, 1)
    with pausing_booker(serializable, meanwhile) as (booker, pauses):
        with pytest.raises(StoreUnavailableError, match=f"in conflict {TRIES_MAX} times"):
            booker.book([command])
        assert meanwhile.times == 1
        assert pauses == [0.004 * 2**number for number in range(TRIES_MAX - 1)]
        assert town.balance(CARD_A) == 0
        assert granted(booker, command) == granted(booker, command)
    assert town.balance(CARD_A) == 1


def test_a_deadlock_is_repeated(shared: Town, another: "psycopg.Connection[Any]") -> None:
    """Another process locks the last of the batch's accounts, and then wants the first."""
    another.execute("SET deadlock_timeout = '1min'")  # so that it is the batch that is given up
    lock = """SELECT 1 FROM account JOIN certificate ON owner = CAST(citizen_id AS TEXT)
        WHERE kind = 'HELD' AND serial_number = %s FOR UPDATE OF account"""
    waiting = """SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'
        AND datname = current_database()"""

    def want_the_first() -> None:
        with psycopg.connect(shared.url, autocommit=True) as watching:
            until = time.monotonic() + SECONDS_MAX
            while not watching.execute(waiting).fetchall():
                assert time.monotonic() < until, "nobody waits"
        another.execute(lock, (CARD_A,))
        another.execute("ROLLBACK")

    thread = threading.Thread(target=want_the_first)

    def begin() -> None:
        another.execute("BEGIN")
        another.execute(lock, (CARD_E,))
        thread.start()

    with pausing_booker(shared, Meanwhile(begin)) as (booker, pauses):
        answers = decided(booker, *(spend_command(card, 10) for card in CARDS))
        assert len(pauses) >= 1
    thread.join(SECONDS_MAX)
    assert {one.outcome for one in answers} == {Outcome.BOOKED}
    assert [shared.balance(card) for card in CARDS] == [990] * 3


@pytest.mark.parametrize("shared", ["read committed"], indirect=True)
def test_a_request_that_another_settles_at_that_moment_is_not_booked(shared: Town) -> None:
    """The request ID is free when the batch is read, and taken when it is stored.

    Serializable batches come one after the other.
    """
    with shared.booker() as booker, shared.booker() as other:
        granted(booker, grant_command(CARD_B, 1))
        granted(other, grant_command(CARD_B, 1))
        settled: list[Operation] = []
        meanwhile = Meanwhile(lambda: settled.extend(decided(other, SettleCommand(late.request))))

        def encode(answer: object) -> bytes:
            meanwhile.happen()
            return plain(answer)

        late = spend_command(CARD_A, 10, encode=encode)
        assert refused(booker, late)[0] == "OPERATION_ABANDONED"
    assert [one.outcome for one in settled] == [Outcome.ABANDONED]
    assert shared.balance(CARD_A) == 1000
    assert verify(shared.database).fault is None
