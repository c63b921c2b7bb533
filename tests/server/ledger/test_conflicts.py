"""Several processes on one PostgreSQL: booked once, never overdrawn, never stuck (LED-4)."""

import threading
from collections.abc import Callable, Sequence

import pytest

from server.db.queries import rows
from server.ledger.booker import TRIES_MAX, Booker, Command, CommandFailedError
from server.ledger.store import ConflictError, StoreUnavailableError
from server.ledger.values import Operation, Outcome
from server.ledger.verify import verify
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
    spend_command,
)

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
                barrier.wait(30)
                answers[number] += booker.book(batch)

    threads = [threading.Thread(target=book, args=(number,)) for number in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
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


def test_a_batch_is_tried_so_often_and_then_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    with town.booker() as opened:
        booker = Booker(opened._store, town.clock, pauses.append)

        def in_conflict() -> None:
            raise ConflictError("another got between")

        monkeypatch.setattr(booker._store, "commit", in_conflict)
        with pytest.raises(StoreUnavailableError, match="in conflict 8 times"):
            booker.book([grant_command(CARD_A, 1)])
        assert len(pauses) == TRIES_MAX - 1
        assert pauses == sorted(pauses)
        monkeypatch.undo()
        assert not isinstance(booker.book([grant_command(CARD_A, 1)])[0], CommandFailedError)
    assert town.balance(CARD_A) == 1


SCANS = """SELECT relname, seq_scan, seq_tup_read FROM pg_stat_user_tables
    WHERE relname IN
    ('entry', 'lot', 'operation', 'account', 'ledger_transaction', 'certificate')"""
UPDATES = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'lot'"


def test_plans_made_on_an_empty_ledger_stay_good(town: Town) -> None:
    """On one connection: what was read row by row while it was short is not when it is long."""
    with town.booker() as booker:
        granted(booker, *(grant_command(card, 1_000_000) for card in CARDS))
        for _ in range(30):
            decided(booker, *(spend_command(card, 1) for card in CARDS * 10))
        before = _statistics(town)
        for _ in range(30):
            decided(booker, *(spend_command(card, 1) for card in CARDS * 10))
        after = _statistics(town)
    read = {table: after[table] - before[table] for table in before}
    assert read == dict.fromkeys(read, 0), "tables were read from beginning to end"
    ((updated, hot),) = town.rows(UPDATES)
    assert updated >= 1800
    assert hot / updated > 0.9, "updates of lots moved their index entries"


def _statistics(town: Town) -> dict[str, int]:
    """Rows that whole scans of tables have read, as far as the engine has counted."""
    with town.database.connection_context():
        town.database.execute_sql("SELECT pg_stat_force_next_flush()")
        town.database.execute_sql("SELECT pg_stat_clear_snapshot()")
        return {table: read for table, _, read in rows(town.database, SCANS)}
