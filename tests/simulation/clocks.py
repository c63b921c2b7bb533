"""A town whose processes have clocks that jump ahead and back, beside the true time.

Whatever they do, no points may lapse that have not lapsed by the true time (LED-8).
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, cast

from peewee import Database

from server.clock import Moment
from server.db.engine import open_database
from server.db.queries import rows
from server.jobs.guard import DayGuard
from server.jobs.holds import release_expired_holds
from server.jobs.nightly import CALLER, run_nightly
from server.jobs.workshop import Workshop
from server.ledger.booker import Booker, ClockWentBackError, Command
from server.ledger.engines import writing
from server.ledger.values import Operation
from server.ledger.writer import Writer
from server.serving.bookers import open_booker
from server.threads.readers import Readers
from server.timekeeping.confirming import confirm, newest_booking, step_back
from server.timekeeping.looking import look
from server.timekeeping.values import Why
from server.upkeep.verify import verify
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    EVENT,
    MUNICIPAL,
    MYKEY,
    TestClock,
    Town,
    grant_command,
    hold_command,
    issue_command,
    signing_key_of,
    spend_command,
)

T = TypeVar("T")

STEPS = 120
QUIET = timedelta(hours=36)
AHEAD_HOURS = (1, 30, 1700, 9000, 600_000)
"""So much more than the bound clocks run ahead."""
_TAKEN = """SELECT t.transaction_number, l.last_good_day FROM ledger_transaction t
    JOIN entry e ON e.transaction_id = t.transaction_id JOIN lot l ON l.lot_id = e.lot_id
    WHERE t.transaction_id > ? AND e.points < 0 AND t.kind IN ('LAPSE', 'RELEASE')
    UNION ALL SELECT t.transaction_number, v.last_good_day FROM ledger_transaction t
    JOIN voucher v ON v.transaction_id = t.refers_to
    WHERE t.transaction_id > ? AND t.kind = 'EXPIRE'"""
_NEWEST = "SELECT coalesce(max(transaction_id), 0) FROM ledger_transaction"
_LEFT = """SELECT count(*) FROM lot JOIN account a USING (account_id)
    WHERE a.kind = 'HELD' AND remaining > 0 AND last_good_day < ?"""


@dataclass
class SkewedClock:
    """A machine's clock: the true time, and how far it is off."""

    true: TestClock
    off: timedelta = timedelta()

    def now(self) -> datetime:
        return (self.true.time + self.off).astimezone(UTC)


class _Beside:
    """Readers and a writer that do all at once, so that all follows from the seed."""

    def __init__(self, database: Database, booker: Booker, before: Callable[[], None]) -> None:
        self._database = database
        self._booker = booker
        self._before = before

    async def query(self, work: Callable[[Database], T]) -> T:
        return work(self._database)

    async def run(self, work: Callable[[Database], T]) -> T:
        with writing(self._database):
            return work(self._database)

    async def book(self, command: Command, _timeout_seconds: float) -> Operation:
        self._before()
        (answer,) = self._booker.book([command])
        assert isinstance(answer, Operation), answer
        return answer


class ClockProcess:
    """A server process with a clock of its own."""

    def __init__(
        self, name: str, town: Town, jump: Callable[[SkewedClock], None], *, asks_database: bool
    ) -> None:
        self.clock = SkewedClock(town.clock)
        self.database = open_database(town.url)
        self.database.connect()
        if town.is_sqlite:
            self.database.execute_sql("PRAGMA synchronous = off")
        self.booker = open_booker(self.database, self.clock)
        beside = _Beside(self.database, self.booker, lambda: jump(self.clock))

        def there(_database: Database) -> int | None:
            return Moment.of(town.clock.now()).microseconds if asks_database else None

        self.shop = Workshop(
            cast(Writer, beside),
            cast(Readers, beside),
            self.clock,
            town.chance,
            name,
            DayGuard(QUIET, there),
        )

    @property
    def today(self) -> date:
        return Moment.of(self.clock.now()).day


class ClockWorld:
    """Everything follows from the seed."""

    def __init__(self, seed: int, town: Town) -> None:
        self.random = random.Random(seed)
        self.town = replace(town, clock=TestClock())
        self.key = signing_key_of(self.town)
        self.processes = [
            ClockProcess(str(number), self.town, self.jump_now_and_then, asks_database=seed % 2 > 0)
            for number in range(3)
        ]
        self.database = self.processes[0].database
        self.is_mended = False
        self.checked = 0
        self.lapsed = 0
        """Runs that took something, by which it is seen that the simulation tries anything."""

    def run(self) -> None:
        for _ in range(STEPS):
            self.time_goes_on()
            for process in self.processes:
                self.jump(process.clock)
            process = self.random.choice(self.processes)
            self.random.choice([self.client_acts, self.client_acts, self.jobs_act])(process)
            self.check()
            self.operator_acts()
        self.mend()
        self.check_end()

    def stop(self) -> None:
        for process in self.processes:
            process.database.close()

    def time_goes_on(self) -> None:
        roll = self.random.random()
        hours = self.random.random() * 5
        if roll < 0.05:
            hours = 24 * self.random.randint(2, 20)
        self.town.clock.advance(hours=hours)

    def jump_now_and_then(self, clock: SkewedClock) -> None:
        """While a job books."""
        if not self.is_mended and self.random.random() < 0.1:
            clock.off = QUIET + timedelta(hours=self.random.choice(AHEAD_HOURS))

    def jump(self, clock: SkewedClock) -> None:
        """Set a clock wrong, further ahead than the bound, or any way behind; or right again."""
        roll = self.random.random()
        if roll < 0.03:
            clock.off = QUIET + timedelta(hours=self.random.choice(AHEAD_HOURS))
        elif roll < 0.06:
            clock.off = -timedelta(hours=self.random.choice([0.001, 3, 40, 1700, 9000]))
        elif roll < 0.26:
            clock.off = timedelta()

    def client_acts(self, process: ClockProcess) -> None:
        card = self.random.choice([CARD_A, CARD_B, CARD_E])
        points = self.random.randint(1, 300)
        commands: list[Command] = [
            grant_command(card, points, self.random.choice([MUNICIPAL, EVENT])),
            grant_command(card, points),
            spend_command(card, points, day=process.today),
            issue_command(self.key, card, points, days_valid=3, day=process.today),
            hold_command(MYKEY[card], points, timeout=timedelta(hours=1)),
        ]
        try:
            process.booker.book([self.random.choice(commands)])
        except ClockWentBackError:
            self.town.clock.advance(minutes=1)

    def jobs_act(self, process: ClockProcess) -> None:
        job: Callable[[Workshop], Any] = self.random.choice([run_nightly, release_expired_holds])
        with suppress(ClockWentBackError):
            asyncio.run(job(process.shop))

    def operator_acts(self) -> None:
        """Now and then an operator looks, at a machine whose clock is right."""
        if self.random.random() < 0.1:
            self.help()

    def help(self) -> None:
        clock = self.town.clock
        now = Moment.of(clock.now())
        newest = newest_booking(self.database) or 0
        held = look(self.database, clock, now, QUIET, _no_clock)
        with writing(self.database):
            if newest - now.microseconds > 5_000_000 or (held and held.why == Why.BEHIND):
                step_back(
                    self.database,
                    clock,
                    _no_clock,
                    now.day,
                    operator="operator",
                    reason="simulated",
                    runs_of=CALLER,
                )
            elif held:
                confirm(self.database, clock, _no_clock, now.day, "operator")

    def check(self) -> None:
        """Nothing has lapsed that has not lapsed by the true time."""
        today = self.town.clock.today.isoformat()
        found = rows(self.database, _TAKEN, self.checked, self.checked)
        wrong = [(number, day) for number, day in found if day >= today]
        assert not wrong, f"on {today} these had not lapsed: {wrong}"
        self.lapsed += len(found)
        ((self.checked,),) = rows(self.database, _NEWEST)

    def mend(self) -> None:
        """Set all clocks right; the operator does what is to be done, and the jobs run."""
        self.is_mended = True
        for process in self.processes:
            process.clock.off = timedelta()
        self.town.clock.advance(hours=1)
        self.help()
        self.town.clock.advance(minutes=10)
        for process in self.processes:
            with suppress(ClockWentBackError):  # what it remembers is forgotten with this
                process.booker.check()
            asyncio.run(run_nightly(process.shop))
            asyncio.run(release_expired_holds(process.shop))

    def check_end(self) -> None:
        """All that has lapsed is booked, bookings are possible, and the books are right."""
        today = self.town.clock.today.isoformat()
        assert rows(self.database, _LEFT, today) == [(0,)]
        for process in self.processes:
            process.booker.check()
            (answer,) = process.booker.book([grant_command(CARD_A, 1)])
            assert isinstance(answer, Operation), answer
            assert answer.answer.decode().startswith(today.replace("-", ""))
        fault = verify(self.town.database).fault
        assert fault is None, fault


def _no_clock(_database: Database) -> int | None:
    return None
