"""The ledger against a small model written from the specification (LED, USE-3, USE-4, VCH)."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from server.db.engine import open_database
from server.db.queries import rows
from server.ledger.booker import Command, refusal_of
from server.ledger.values import Operation, Outcome
from server.operations.settling import SettleCommand
from server.upkeep.verify import verify
from server.vouchers.lapsing import lapsed_vouchers
from tests.engines import TestEngine
from tests.server.support import (
    AWAY_COUNTER,
    CARD_A,
    CARD_B,
    COUNTER,
    COUNTER_2,
    EVENT,
    EVENT_LIMIT,
    MUNICIPAL,
    MYKEY,
    TIED_SHOP,
    VOUCHER,
    Town,
    cancel_command,
    cancel_voucher_command,
    correct_command,
    decided,
    expire_command,
    grant_command,
    issue_command,
    redeem_command,
    signing_key_of,
    spend_command,
)

EVENT_FROM, EVENT_UNTIL = date(2026, 6, 1), date(2026, 8, 15)
DAYS_VALID = 60
MYKEY_IDS = {CARD_A: MYKEY[CARD_A], CARD_B: MYKEY[CARD_B]}

CARDS = st.sampled_from([CARD_A, CARD_A, CARD_A, CARD_B])
PROGRAMS = st.sampled_from([MUNICIPAL, MUNICIPAL, MUNICIPAL, EVENT])
"""Mostly one account, so that it has lots of several days."""

EXAMPLES = {
    "sqlite": max(25, settings().max_examples // 2),
    "postgresql": max(6, settings().max_examples // 10),
}
"""A database for each: on PostgreSQL they take longer to make."""


@dataclass
class ModelLot:
    last_good_day: date
    points: int


@dataclass
class ModelSpend:
    terminal_id: str
    day: date
    parts: list[tuple[ModelLot, int]]
    cancelled: bool = False


@dataclass
class ModelVoucher:
    issue: ModelSpend
    points: int
    last_good_day: date
    place_id: int | None = None
    """The place that is paid once it is redeemed."""
    lapsed: bool = False

    @property
    def is_open(self) -> bool:
        return self.place_id is None and not self.lapsed and not self.issue.cancelled


@dataclass
class LedgerModel:
    """What the specification says of lots, spends, vouchers and request IDs.

    Days are Tokyo days.
    """

    today: date
    lots: dict[tuple[str, str], list[ModelLot]] = field(default_factory=dict)
    spends: dict[str, ModelSpend] = field(default_factory=dict)
    vouchers: dict[str, ModelVoucher] = field(default_factory=dict)
    booked: int = 0

    def grant(self, card: str, program_id: str, points: int) -> str | None:
        last = self.today + timedelta(days=DAYS_VALID)
        if program_id == EVENT:
            if not EVENT_FROM <= self.today <= EVENT_UNTIL:
                return "PROGRAM_OUT_OF_PERIOD"
            last = min(last, EVENT_UNTIL)
        self.lots.setdefault((card, program_id), []).append(ModelLot(last, points))
        self.booked += 1
        return None

    def usable(self, card: str, program_id: str) -> list[ModelLot]:
        lots = self.lots.get((card, program_id), [])
        return [lot for lot in lots if lot.last_good_day >= self.today]

    def spend(
        self, terminal_id: str, card: str, program_id: str, points: int
    ) -> tuple[str | None, ModelSpend | None]:
        if terminal_id == AWAY_COUNTER:
            return "PROGRAM_NOT_USABLE_HERE", None
        if program_id == EVENT and not EVENT_FROM <= self.today <= EVENT_UNTIL:
            return "PROGRAM_OUT_OF_PERIOD", None
        if points < 1:
            return "POINTS_NOT_POSITIVE", None
        if program_id == EVENT and points > EVENT_LIMIT:
            return "OVER_LIMIT_PER_USE", None
        lots = self.usable(card, program_id)
        if points > sum(lot.points for lot in lots):
            return "INSUFFICIENT_POINTS", None
        self.booked += 1
        return None, self.take(terminal_id, lots, points)

    def take(self, terminal_id: str, lots: list[ModelLot], points: int) -> ModelSpend:
        spend = ModelSpend(terminal_id, self.today, [])
        for lot in sorted(lots, key=lambda lot: lot.last_good_day):
            part = min(points, lot.points)
            lot.points -= part
            points -= part
            spend.parts.append((lot, part))
        return spend

    def cancel(self, terminal_id: str, number: str) -> str | None:
        spend = self.spends.get(number)
        if spend is None or spend.terminal_id != terminal_id:
            return "TRANSACTION_UNKNOWN"
        if spend.cancelled:
            return "TRANSACTION_ALREADY_CANCELLED"
        if spend.day != self.today:
            return "TRANSACTION_OF_ANOTHER_DAY"
        self.give_back(spend)
        return None

    def give_back(self, spend: ModelSpend) -> None:
        for lot, part in spend.parts:
            lot.points += part
        spend.cancelled = True
        self.booked += 1

    def issue(self, card: str, points: int, days: int, number: str) -> str | None:
        reason, spend = self.spend(VOUCHER, card, MUNICIPAL, points)
        if spend is not None:
            until = self.today + timedelta(days=days)
            self.vouchers[number] = ModelVoucher(spend, points, until)
        return reason

    def redeem(self, number: str, place_id: int) -> str | None:
        voucher = self.vouchers.get(number)
        if voucher is None:
            return "VOUCHER_UNKNOWN"
        if voucher.place_id is not None:
            return "VOUCHER_ALREADY_REDEEMED"
        if voucher.issue.cancelled:
            return "VOUCHER_CANCELLED"
        if voucher.last_good_day < self.today:
            return "VOUCHER_LAPSED"
        voucher.place_id = place_id
        self.booked += 1
        return None

    def correct(self, number: str, place_id: int) -> str | None:
        voucher = self.vouchers.get(number)
        if voucher is None:
            return "VOUCHER_UNKNOWN"
        if voucher.place_id is None:
            return "VOUCHER_NOT_REDEEMED"
        if voucher.place_id == place_id:
            return "PLACE_UNCHANGED"
        voucher.place_id = place_id
        self.booked += 1
        return None

    def cancel_voucher(self, number: str) -> str | None:
        voucher = self.vouchers[number]
        if not voucher.is_open:
            return "VOUCHER_CLOSED"
        if voucher.issue.day != self.today:
            return "TRANSACTION_OF_ANOTHER_DAY"
        self.give_back(voucher.issue)
        return None

    def lapse_vouchers(self) -> list[str]:
        over = [
            number
            for number, one in self.vouchers.items()
            if one.is_open and one.last_good_day < self.today
        ]
        for number in over:
            self.vouchers[number].lapsed = True
        self.booked += len(over)
        return over

    def voucher_sums(self) -> dict[tuple[str, str], int]:
        """The points outstanding, redeemed by place, and lapsed."""
        sums: dict[tuple[str, str], int] = {}
        for one in self.vouchers.values():
            key = ("OUTSTANDING", "")
            if one.place_id is not None:
                key = ("REDEEMED", str(one.place_id))
            elif one.lapsed:
                key = ("LAPSED", "")
            elif not one.is_open:
                continue
            sums[key] = sums.get(key, 0) + one.points
        return sums


class Ledger(RuleBasedStateMachine):
    """Grants, spends, vouchers, cancellations, settlements, repetitions, days and restarts."""

    asked: Bundle[Command] = Bundle("asked")
    numbers: Bundle[str] = Bundle("numbers")
    vouchers: Bundle[str] = Bundle("vouchers")

    def __init__(self, engine: TestEngine, template: str) -> None:
        super().__init__()
        self.engine = engine
        self.template = template

    @initialize(first_points=st.lists(st.integers(1, 1500), min_size=2, max_size=3))
    def open(self, first_points: list[int]) -> None:
        """Begin with lots of several days, so that most spends have a choice."""
        self.resources = ExitStack()
        folder = Path(self.resources.enter_context(tempfile.TemporaryDirectory()))
        url = self.resources.enter_context(self.engine.database(folder, self.template))
        self.town = Town(url)
        self.reading = open_database(url)
        self.resources.enter_context(self.reading.connection_context())
        self.process = ExitStack()
        self.booker = self.process.enter_context(self.town.booker())
        self.key = signing_key_of(self.town)
        self.issued = 0
        self.model = LedgerModel(self.town.clock.today)
        self.answers: dict[Command, Operation] = {}
        self.waiting: list[tuple[Command, str | None, ModelSpend | None]] = []
        for points in first_points:
            for card in (CARD_A, CARD_B):
                self.grant(card, MUNICIPAL, points)
                self.grant(card, EVENT, points)
            self.days_pass(5)

    def teardown(self) -> None:
        self.flush()
        found = verify(self.town.database)
        assert found.fault is None
        assert found.transactions == self.model.booked
        answered = rows(
            self.reading,
            """SELECT count(*), count(DISTINCT transaction_id) FROM operation
            WHERE outcome = 'BOOKED'""",
        )
        assert answered == [(self.model.booked, self.model.booked)]
        self.process.close()
        self.resources.close()

    @rule(
        target=asked,
        card=CARDS,
        program_id=PROGRAMS,
        points=st.integers(1, 1500),
    )
    def grant(self, card: str, program_id: str, points: int) -> Command:
        command = grant_command(card, points, program_id)
        self.waiting.append((command, self.model.grant(card, program_id, points), None))
        return command

    @rule(
        target=asked,
        terminal_id=st.sampled_from([COUNTER, COUNTER, COUNTER_2, AWAY_COUNTER]),
        card=CARDS,
        program_id=PROGRAMS,
        points=st.integers(-1, 1200),
    )
    def spend(self, terminal_id: str, card: str, program_id: str, points: int) -> Command:
        return self._spend(terminal_id, card, program_id, points)

    @rule(
        target=asked,
        card=CARDS,
        program_id=PROGRAMS,
        tenths=st.sampled_from([2, 3, 5, 8, 10]),
        more=st.integers(-1, 1),
    )
    def spend_part(self, card: str, program_id: str, tenths: int, more: int) -> Command:
        """Spend part of what is there, or all of it and a point more or less."""
        points = sum(lot.points for lot in self.model.usable(card, program_id))
        return self._spend(COUNTER, card, program_id, points * tenths // 10 + more)

    def _spend(self, terminal_id: str, card: str, program_id: str, points: int) -> Command:
        day = self.model.today
        command = spend_command(card, points, program_id, terminal_id=terminal_id, day=day)
        reason, spend = self.model.spend(terminal_id, card, program_id, points)
        self.waiting.append((command, reason, spend))
        return command

    @rule(target=numbers)
    def learn_numbers(self) -> Any:
        """Numbers are known only once they are answered: the batch ends here."""
        self.flush()
        return multiple(*self.model.spends)

    @rule(
        target=asked,
        number=numbers,
        terminal_id=st.sampled_from([COUNTER, COUNTER, COUNTER, COUNTER_2]),
    )
    def cancel(self, number: str, terminal_id: str) -> Command:
        command = cancel_command(number, terminal_id=terminal_id)
        self.waiting.append((command, self.model.cancel(terminal_id, number), None))
        return command

    @rule(target=vouchers, card=CARDS, points=st.integers(0, 400), days=st.sampled_from([1, 20]))
    def issue(self, card: str, points: int, days: int) -> str:
        """A voucher is redeemed only once its number is answered: the batch ends here."""
        self.issued += 1
        number = f"{self.issued:012}"
        command = issue_command(
            self.key, card, points, days_valid=days, drawn=(number,), day=self.model.today
        )
        self.waiting.append((command, self.model.issue(card, points, days, number), None))
        self.flush()
        return number

    @rule(target=asked, number=vouchers, at=st.sampled_from([(VOUCHER, TIED_SHOP), (COUNTER_2, 2)]))
    def redeem(self, number: str, at: tuple[str, int]) -> Command:
        terminal_id, place_id = at
        command = redeem_command(number, terminal_id=terminal_id, place_id=place_id)
        self.waiting.append((command, self.model.redeem(number, place_id), None))
        return command

    @rule(target=asked, number=vouchers, place_id=st.sampled_from([1, 2, TIED_SHOP]))
    def correct(self, number: str, place_id: int) -> Command:
        """A correction goes by what is stored of a voucher."""
        self.flush()
        command = correct_command(number, place_id)
        self.waiting.append((command, self.model.correct(number, place_id), None))
        self.flush()
        return command

    @rule(number=vouchers)
    def cancel_voucher(self, number: str) -> None:
        if number not in self.model.vouchers:
            return
        ((transaction_number,),) = rows(
            self.reading,
            """SELECT transaction_number FROM voucher JOIN ledger_transaction
            USING (transaction_id) WHERE voucher_number = ?""",
            number,
        )
        command = cancel_voucher_command(transaction_number)
        self.waiting.append((command, self.model.cancel_voucher(number), None))

    @rule()
    def lapse_vouchers(self) -> None:
        """The nightly run."""
        self.flush()
        numbers = lapsed_vouchers(self.reading, self.model.today, 1000)
        assert sorted(numbers) == sorted(self.model.lapse_vouchers())
        self.waiting.extend((expire_command(number), None, None) for number in numbers)
        self.flush()

    @rule(command=asked)
    def repeat(self, command: Command) -> None:
        self.flush()
        assert decided(self.booker, command, command) == [self.answers[command]] * 2

    @rule(command=asked)
    def settle_what_was_decided(self, command: Command) -> None:
        self.flush()
        assert decided(self.booker, SettleCommand(command.request)) == [self.answers[command]]

    @rule(card=CARDS, points=st.integers(1, 50))
    def settle_before(self, card: str, points: int) -> None:
        self.flush()
        late = spend_command(card, points, day=self.model.today)
        settled, original = decided(self.booker, SettleCommand(late.request), late)
        assert settled.outcome == Outcome.ABANDONED
        assert refusal_of(original).reason == "OPERATION_ABANDONED"

    @rule(days=st.sampled_from([1, 1, 20, 45, 61]))
    def days_pass(self, days: int) -> None:
        self.flush()
        self.town.clock.advance(days=days)
        self.model.today += timedelta(days=days)

    @rule()
    def restart(self) -> None:
        self.flush()
        self.process.close()
        self.booker = self.process.enter_context(self.town.booker())

    @rule()
    def flush(self) -> None:
        """Book what waits as one batch, and compare every answer with the model's."""
        waiting, self.waiting = self.waiting, []
        if not waiting:
            return
        answers = decided(self.booker, *(command for command, _, _ in waiting))
        for (command, reason, spend), answer in zip(waiting, answers, strict=True):
            self.answers[command] = answer
            told = refusal_of(answer).reason if answer.outcome == Outcome.REFUSED else None
            assert told == reason, command
            if spend is not None:
                ((number,),) = rows(
                    self.reading,
                    """SELECT transaction_number FROM ledger_transaction
                    JOIN operation USING (transaction_id) WHERE request_id = ?""",
                    command.request.request_id,
                )
                self.model.spends[number] = spend

    def points_by_last_good_day(self, card: str, program_id: str) -> dict[str, int]:
        found = rows(
            self.reading,
            """SELECT l.last_good_day, sum(l.remaining) FROM lot l JOIN account a USING (account_id)
            JOIN certificate c ON a.owner = CAST(c.citizen_id AS TEXT)
            WHERE a.program_id = ? AND c.serial_number = ? GROUP BY l.last_good_day""",
            program_id,
            card,
        )
        return {day: int(points) for day, points in found}

    @invariant()
    def balances_agree(self) -> None:
        if self.waiting:
            return
        for card in MYKEY_IDS:
            for program_id in (MUNICIPAL, EVENT):
                by_day: dict[str, int] = {}
                for lot in self.model.lots.get((card, program_id), []):
                    day = lot.last_good_day.isoformat()
                    by_day[day] = by_day.get(day, 0) + lot.points
                assert self.points_by_last_good_day(card, program_id) == by_day
        assert rows(self.reading, "SELECT coalesce(sum(points), 0) FROM entry") == [(0,)]

    @invariant()
    def vouchers_agree(self) -> None:
        if self.waiting:
            return
        found = rows(
            self.reading,
            """SELECT a.kind, a.owner, CAST(sum(e.points) AS BIGINT) FROM entry e
            JOIN account a USING (account_id)
            WHERE a.kind IN ('OUTSTANDING', 'REDEEMED', 'LAPSED') GROUP BY a.kind, a.owner""",
        )
        sums = {(kind, owner): int(points) for kind, owner, points in found if points}
        assert sums == self.model.voucher_sums()


def test_the_ledger_does_what_the_model_does(
    engine: TestEngine, find_template: Callable[[str], str]
) -> None:
    template = find_template(engine.name)

    class OnEngine(Ledger):
        def __init__(self) -> None:
            super().__init__(engine, template)

    examples = EXAMPLES[engine.name]
    run_state_machine_as_test(
        OnEngine, settings=settings(max_examples=examples, stateful_step_count=30)
    )
