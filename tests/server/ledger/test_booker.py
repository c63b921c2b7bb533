"""The booking path against a real database: request IDs, batches, the clock, numbers."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from server.clock import TOKYO, Moment
from server.db.engine import open_database
from server.db.troubles import Trouble
from server.ledger.booker import Booker, ClockWentBackError, Command, CommandFailedError
from server.ledger.sql_store import SqlStore
from server.ledger.store import StoreUnavailableError
from server.ledger.values import (
    AccountKey,
    AccountKind,
    Booking,
    Entry,
    Key,
    NewLot,
    Operation,
    Outcome,
    RequestKey,
    TransactionKind,
    UsageKey,
)
from server.ledger.view import View
from server.operations.settling import SettleCommand
from server.points.operations import SpendCommand
from server.upkeep.verify import verify
from tests.server.support import (
    CARD_A,
    COUNTER,
    COUNTER_2,
    EVENT,
    EVENT_LIMIT,
    MUNICIPAL,
    NOON,
    TODAY,
    Town,
    booked,
    cancel_command,
    decided,
    grant_command,
    granted,
    new_request_id,
    plain,
    refused,
    spend_command,
)


@dataclass(frozen=True, slots=True)
class Poison:
    """A command whose entries do not sum to zero, which the database refuses."""

    request: RequestKey
    fingerprint: bytes = b"poison"
    method: str = "Poison"
    fails_in_deciding: bool = False

    def names(self) -> Iterable[Key[Any]]:
        return ()

    def accounts(self, view: View) -> Iterable[AccountKey]:
        return ()

    def usages(self, view: View, day: date) -> Iterable[UsageKey]:
        return ()

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        if self.fails_in_deciding:
            raise ZeroDivisionError("a fault of ours")
        issued = Entry(AccountKey(MUNICIPAL, AccountKind.ISSUED), -5)
        held = Entry(
            AccountKey(MUNICIPAL, AccountKind.HELD, "1"), 6, NewLot(moment.day, moment.day)
        )
        return Booking(TransactionKind.GRANT, (issued, held), b"")


def poison(*, fails_in_deciding: bool = False) -> Poison:
    return Poison(RequestKey("test", new_request_id()), fails_in_deciding=fails_in_deciding)


def verify_clean(town: Town) -> None:
    assert verify(open_database(town.url)).fault is None


# Request IDs (LED-3)


def test_the_same_request_again_returns_the_first_answer(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    command = spend_command(CARD_A, 120)
    (first,) = decided(booker, command)
    town.clock.advance(days=3)
    again = decided(booker, command)
    assert again == [first]
    assert first.outcome == Outcome.BOOKED
    assert town.balance(CARD_A) == 380
    assert town.rows("SELECT count(*) FROM ledger_transaction") == [(2,)]


def test_the_same_request_twice_in_one_batch_books_once(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    command = spend_command(CARD_A, 120)
    first, second = decided(booker, command, command)
    assert first == second
    assert town.balance(CARD_A) == 380


def test_an_id_with_other_content_is_refused(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    command = spend_command(CARD_A, 120)
    (first,) = decided(booker, command)
    request_id = command.request.request_id
    reason, details = refused(booker, spend_command(CARD_A, 121, request_id=request_id))
    assert reason == "REQUEST_ID_REUSED"
    assert details == {"request_id": request_id}
    assert town.balance(CARD_A) == 380
    assert decided(booker, command) == [first], "the first answer stays"


def test_an_id_with_other_content_in_one_batch_is_refused(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    command = spend_command(CARD_A, 120)
    other = spend_command(CARD_A, 5, request_id=command.request.request_id)
    first, second = decided(booker, command, other)
    assert (first.outcome, second.outcome) == (Outcome.BOOKED, Outcome.REFUSED)
    assert json.loads(second.answer)["reason"] == "REQUEST_ID_REUSED"
    assert town.balance(CARD_A) == 380


def test_an_id_of_another_method_is_refused(booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    command = spend_command(CARD_A, 120)
    number = booked(booker, command)["transaction_number"]
    cancel = cancel_command(number, request_id=command.request.request_id)
    assert refused(booker, cancel)[0] == "REQUEST_ID_REUSED"


def test_another_callers_same_id_is_independent(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    request_id = new_request_id()
    booked(booker, spend_command(CARD_A, 100, request_id=request_id))
    booked(booker, spend_command(CARD_A, 30, request_id=request_id, terminal_id=COUNTER_2))
    assert town.balance(CARD_A) == 370


def test_a_refusal_is_remembered_after_points_arrive(town: Town, booker: Booker) -> None:
    command = spend_command(CARD_A, 100)
    assert refused(booker, command) == ("INSUFFICIENT_POINTS", {"balance": "0"})
    granted(booker, grant_command(CARD_A, 500))
    assert refused(booker, command) == ("INSUFFICIENT_POINTS", {"balance": "0"})
    assert town.balance(CARD_A) == 500


@pytest.mark.parametrize(
    ("points", "program_id", "reason"),
    [
        (501, MUNICIPAL, "INSUFFICIENT_POINTS"),
        (0, MUNICIPAL, "POINTS_NOT_POSITIVE"),
        (-1, MUNICIPAL, "POINTS_NOT_POSITIVE"),
        (EVENT_LIMIT + 1, EVENT, "OVER_LIMIT_PER_USE"),
        (10**10, MUNICIPAL, "POINTS_TOO_MANY"),
        (1, "99999999", "PROGRAM_UNKNOWN"),
    ],
)
def test_a_refusal_leaves_every_other_table_as_it_was(
    town: Town, booker: Booker, points: int, program_id: str, reason: str
) -> None:
    granted(booker, grant_command(CARD_A, 500), grant_command(CARD_A, 2000, EVENT))
    before = town.dump("operation", "counter")
    assert refused(booker, spend_command(CARD_A, points, program_id))[0] == reason
    assert town.dump("operation", "counter") == before
    assert len(town.rows("SELECT * FROM operation WHERE outcome = 'REFUSED'")) == 1


def test_exactly_the_balance_can_be_spent_and_then_nothing(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    assert booked(booker, spend_command(CARD_A, 500))["balance_after"] == 0
    assert refused(booker, spend_command(CARD_A, 1))[0] == "INSUFFICIENT_POINTS"


# Settling (USE-5)


def settle(command: SpendCommand) -> SettleCommand:
    return SettleCommand(command.request)


def test_settling_first_refuses_the_late_original(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    command = spend_command(CARD_A, 100)
    (settled,) = decided(booker, settle(command))
    assert settled.outcome == Outcome.ABANDONED
    assert refused(booker, command)[0] == "OPERATION_ABANDONED"
    assert decided(booker, settle(command)) == [settled]
    assert town.balance(CARD_A) == 500


def test_settling_first_in_the_same_batch_refuses_the_original(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    command = spend_command(CARD_A, 100)
    settled, late = decided(booker, settle(command), command)
    assert (settled.outcome, late.outcome) == (Outcome.ABANDONED, Outcome.REFUSED)
    assert town.balance(CARD_A) == 500


def test_settling_after_returns_the_first_answer(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 500))
    command, too_much = spend_command(CARD_A, 100), spend_command(CARD_A, 9999)
    answers = decided(booker, command, too_much)
    assert decided(booker, settle(command), settle(too_much)) == answers
    assert town.balance(CARD_A) == 400


# Batches (LED-4)


def test_two_spends_in_one_batch_do_not_overdraw(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    first, second = decided(booker, spend_command(CARD_A, 70), spend_command(CARD_A, 70))
    assert first.outcome == Outcome.BOOKED
    assert json.loads(second.answer) == {
        "reason": "INSUFFICIENT_POINTS",
        "details": {"balance": "30"},
    }
    assert town.balance(CARD_A) == 30


@pytest.mark.parametrize("fails_in_deciding", [False, True])
@pytest.mark.parametrize("position", [0, 8, 16])
def test_a_poisoned_command_fails_alone(
    town: Town, booker: Booker, position: int, fails_in_deciding: bool
) -> None:
    granted(booker, grant_command(CARD_A, 1000))
    spends = [spend_command(CARD_A, 10) for _ in range(16)]
    bad = poison(fails_in_deciding=fails_in_deciding)
    batch: list[Command] = [*spends[:position], bad, *spends[position:]]
    answers = booker.book(batch)
    failed = [place for place, one in enumerate(answers) if isinstance(one, CommandFailedError)]
    assert failed == [position]
    good = [one for one in answers if isinstance(one, Operation)]
    assert [one.request for one in good] == [spend.request for spend in spends]
    assert all(one.outcome == Outcome.BOOKED for one in good)
    assert town.balance(CARD_A) == 840
    assert decided(booker, *spends) == good, "what was answered is there"
    assert town.rows("SELECT * FROM operation WHERE request_id = ?", bad.request.request_id) == []
    verify_clean(town)


def test_a_command_that_fails_can_be_tried_again(booker: Booker) -> None:
    bad = poison()
    for _ in range(2):
        assert isinstance(booker.book([bad])[0], CommandFailedError)


# The clock (LED-8)


def booked_at(town: Town) -> list[int]:
    return [
        row[0]
        for row in town.rows("SELECT booked_at FROM ledger_transaction ORDER BY transaction_id")
    ]


@pytest.mark.parametrize("new_process", [False, True])
@pytest.mark.parametrize("seconds", [3, 5])
def test_a_small_step_back_is_bridged(
    town: Town, booker: Booker, seconds: int, new_process: bool
) -> None:
    granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(seconds=-seconds)
    if new_process:
        with town.booker() as other:
            booked(other, spend_command(CARD_A, 10))
    else:
        booked(booker, spend_command(CARD_A, 10))
    first, second = booked_at(town)
    assert first == second == Moment.of(NOON).microseconds


@pytest.mark.parametrize("new_process", [False, True])
def test_a_larger_step_back_stops_booking_until_time_has_come(
    town: Town, booker: Booker, new_process: bool
) -> None:
    granted(booker, grant_command(CARD_A, 100))
    before = town.dump()
    town.clock.advance(seconds=-6)
    with town.booker() as other, pytest.raises(ClockWentBackError):
        (other if new_process else booker).book([spend_command(CARD_A, 10)])
    assert town.dump() == before
    town.clock.advance(seconds=2)
    booked(booker, spend_command(CARD_A, 10))


def test_a_bridged_step_back_over_midnight_stays_on_the_newest_day(
    town: Town, booker: Booker
) -> None:
    town.clock.time = datetime(2026, 7, 2, 0, 0, 1, tzinfo=TOKYO)
    granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(seconds=-2)
    answer = booked(booker, spend_command(CARD_A, 10, day=TODAY + timedelta(days=1)))
    assert answer["transaction_number"].startswith("20260702")


# Numbers


def test_numbers_are_of_the_tokyo_day(town: Town, booker: Booker) -> None:
    town.clock.time = datetime(2026, 7, 1, 23, 59, 59, 999_000, tzinfo=TOKYO)
    (before,) = granted(booker, grant_command(CARD_A, 100))
    town.clock.time = datetime(2026, 7, 2, tzinfo=TOKYO)
    (after,) = granted(booker, grant_command(CARD_A, 100))
    assert (before, after) == ("2026070100001", "2026070200001")
    days = town.rows("SELECT booked_on FROM ledger_transaction ORDER BY transaction_id")
    assert days == [("2026-07-01",), ("2026-07-02",)]


def test_numbers_are_unique_and_rise(town: Town, booker: Booker) -> None:
    numbers = granted(booker, *(grant_command(CARD_A, 1) for _ in range(100)))
    assert numbers == [f"20260701{sequence:05d}" for sequence in range(1, 101)]


def test_a_refusal_uses_up_no_number(booker: Booker) -> None:
    refused(booker, spend_command(CARD_A, 1))
    assert granted(booker, grant_command(CARD_A, 1)) == ["2026070100001"]


def test_numbers_after_a_rollback_are_not_doubled(town: Town, booker: Booker) -> None:
    first = granted(booker, *(grant_command(CARD_A, 1) for _ in range(5)))
    for count in (1, 40, 3):
        booker.book([*(grant_command(CARD_A, 1) for _ in range(count)), poison()])
        town.clock.advance(seconds=-60)
        with pytest.raises(ClockWentBackError):
            booker.book([grant_command(CARD_A, 1)])
        town.clock.advance(seconds=60)
    granted(booker, *(grant_command(CARD_A, 1) for _ in range(5)))
    numbers = [row[0] for row in town.rows("SELECT transaction_number FROM ledger_transaction")]
    assert len(set(numbers)) == len(numbers) == 54
    assert set(first) <= set(numbers)
    verify_clean(town)


def test_a_new_process_goes_on(town: Town) -> None:
    commands = [grant_command(CARD_A, 10) for _ in range(3)]
    numbers = []
    for command in commands:
        with town.booker() as booker:
            numbers += granted(booker, command)
    assert len(set(numbers)) == 3
    assert numbers == sorted(numbers)
    with town.booker() as booker:
        assert granted(booker, *commands) == numbers
        assert booked(booker, spend_command(CARD_A, 25, encode=plain))["balance_after"] == 5
    verify_clean(town)


def test_lapsed_points_are_not_spent_before_they_are_booked_as_lapsed(
    town: Town, booker: Booker
) -> None:
    granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(days=60)
    booked(booker, spend_command(CARD_A, 10, day=town.clock.today))
    town.clock.advance(days=1)
    late = spend_command(CARD_A, 10, day=town.clock.today)
    assert refused(booker, late) == ("INSUFFICIENT_POINTS", {"balance": "0"})
    assert town.balance(CARD_A) == 90
    assert COUNTER in late.request.caller


def test_a_repeat_alone_is_answered_once_it_is_durable(town: Town) -> None:
    """What a killed process, or a restarted primary, left behind may be in memory alone (LED-5)."""
    command = grant_command(CARD_A, 100)
    with town.booker() as booker:
        first = granted(booker, command)
    with town.booker() as another:
        for on_sqlite, on_postgresql in ((1, 1), (1, 2)):
            assert granted(another, command) == first
            ((checks,),) = town.rows("SELECT checks FROM booking_check")
            assert checks == (on_sqlite if town.is_sqlite else on_postgresql)


def test_no_answer_comes_from_what_cannot_be_made_durable(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = grant_command(CARD_A, 100)
    with town.booker() as booker:
        granted(booker, command)

        def standby_is_away(_store: SqlStore) -> None:
            raise StoreUnavailableError("its wait for the standby was cancelled", Trouble.STANDBY)

        monkeypatch.setattr(type(booker._store), "confirm", standby_is_away)
        with pytest.raises(StoreUnavailableError):
            booker.book([command])
        with pytest.raises(StoreUnavailableError):
            booker.confirm()
        monkeypatch.undo()
        assert granted(booker, command)
