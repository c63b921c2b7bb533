"""The booking path: prefetch, decide, store (docs/architecture.md).

Synchronous, without thread or network: the simulation drives exactly this.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from server.clock import Clock, Moment
from server.ledger.errors import LedgerReason
from server.ledger.rules import DAILY, Numbering
from server.ledger.store import (
    ConflictError,
    DecidedTransaction,
    Decisions,
    DuplicateError,
    Store,
    StoreUnavailableError,
)
from server.ledger.values import (
    Abandonment,
    AccountKey,
    Booking,
    Key,
    NewLot,
    Operation,
    Outcome,
    Refusal,
    Registration,
    RequestKey,
    UsageKey,
)
from server.ledger.view import View

CLOCK_STEP_BACK_MAX = timedelta(seconds=5)
"""A clock further behind the newest booking stops booking (LED-8)."""
TRIES_MAX = 8
"""How often a batch is tried that other processes get between."""
PAUSE_SECONDS = 0.002
"""Before the second try; twice as long before each further one."""
FILLING_BYTES = 1 << 18
"""After something could not be stored, a check writes about as much as a large batch: a disk
that is almost full takes a little, and no booking."""
NUMBERS_RESERVED = 32
"""Numbers are reserved in blocks; what a block has left at the end of a process is a gap."""


class Command(Protocol):
    """A request to book. Implementations are frozen data classes."""

    @property
    def request(self) -> RequestKey:
        """Who asked, and the request ID."""
        ...

    @property
    def method(self) -> str:
        """The method that was called; kept with the answer."""
        ...

    @property
    def fingerprint(self) -> bytes | None:
        """A hash of what was asked: the same ID with another is refused. None fits any."""
        ...

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        ...

    def accounts(self, view: View, /) -> Iterable[AccountKey]:
        """Return the accounts whose lots the decision needs, once the names are known."""
        ...

    def usages(self, view: View, day: date, /) -> Iterable[UsageKey]:
        """Return whose use of points that day the decision needs, because a limit is set."""
        ...

    def decide(
        self, view: View, moment: Moment, number: str
    ) -> Booking | Registration | Abandonment:
        """Decide, with nothing but the view; `number` is the transaction number if booked.

        Raises Refusal.
        """
        ...


class ClockWentBackError(Exception):
    """The clock is further behind the newest booking than can be bridged: nothing is booked."""


class CommandFailedError(Exception):
    """This one command cannot be decided or stored: a fault of ours, not booked."""


Answer = Operation | CommandFailedError | ClockWentBackError | StoreUnavailableError
"""What a command gets: a decision, or why there is none."""


@dataclass(slots=True)
class _Block:
    following: int
    end: int


class Booker:
    """Books batches of commands on one store, from one thread."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
        numbering: Numbering = DAILY,
    ) -> None:
        self._store = store
        self._clock = clock
        self._pause = pause
        self._numbering = numbering
        self._newest = 0
        """The time of this process's newest decision, which may have been a refusal."""
        self._blocks: dict[str, _Block] = {}
        self._has_booked = False
        """Since the last check."""
        self._filling_bytes = 0

    def book(self, commands: Sequence[Command]) -> list[Answer]:
        """Decide and store commands in their order, in one commit, and return the answers.

        When it returns, all is durable. Raises ClockWentBackError or StoreUnavailableError
        where nothing of the batch was decided. A batch that the database refuses, or that
        a fault of ours ends, is halved until the command at fault is alone; only that one
        fails.
        """
        try:
            return list(self._book_whole(commands))
        except (ClockWentBackError, StoreUnavailableError):
            self._has_booked, self._filling_bytes = False, FILLING_BYTES
            self._forget()
            raise
        except Exception as error:
            self._forget()
            if len(commands) == 1:
                failed = CommandFailedError(repr(error))
                failed.__cause__ = error
                return [failed]
            half = len(commands) // 2
            return self._book_half(commands[:half]) + self._book_half(commands[half:])

    def _book_half(self, commands: Sequence[Command]) -> list[Answer]:
        """Book a half: what keeps it from being booked is its own answer, not the other's."""
        try:
            return self.book(commands)
        except (ClockWentBackError, StoreUnavailableError) as error:
            return [error] * len(commands)

    def check(self) -> None:
        """Book nothing, but raise what would keep a batch from being booked now.

        It commits something, unless a batch was committed since the last check: nothing else
        shows that the disk has room and takes writing. Raises ClockWentBackError or
        StoreUnavailableError.
        """
        has_booked, self._has_booked = self._has_booked, False
        try:
            self._read_clock(self._store.begin(()).newest_booking)
            if not has_booked:
                self._store.prove(self._filling_bytes)
                self._store.commit()
                self._filling_bytes = 0
        except ConflictError:
            pass  # another process has just written
        except ClockWentBackError:
            self._newest = 0  # the ledger says whether it still is
            raise
        except StoreUnavailableError:
            self._filling_bytes = FILLING_BYTES
            raise
        finally:
            self._store.roll_back()

    def confirm(self) -> None:
        """Make everything that could be read until now as durable as a booking (LED-5).

        Raises StoreUnavailableError.
        """
        for number in range(1, TRIES_MAX + 1):
            try:
                self._store.begin(())
                self._store.confirm()
            except ConflictError as error:
                self._store.roll_back()
                if number == TRIES_MAX:
                    raise StoreUnavailableError(f"in conflict: {error}") from error
                self._pause(PAUSE_SECONDS * 2**number)
            except StoreUnavailableError:
                self._store.roll_back()
                raise
            else:
                return

    def _book_whole(self, commands: Sequence[Command]) -> list[Operation]:
        """Book a batch, again from the start where another process got between."""
        for number in range(1, TRIES_MAX):
            try:
                return self._book_once(commands)
            except ConflictError:
                self._forget()
                self._pause(PAUSE_SECONDS * 2**number)
        try:
            return self._book_once(commands)
        except DuplicateError:
            raise
        except ConflictError as error:
            raise StoreUnavailableError(f"in conflict {TRIES_MAX} times: {error}") from error

    def _book_once(self, commands: Sequence[Command]) -> list[Operation]:
        store = self._store
        begun = store.begin([name for command in commands for name in command.names()])
        moment = self._read_clock(begun.newest_booking)
        view = View(begun.values)
        accounts = {account for command in commands for account in command.accounts(view)}
        usages = {usage for command in commands for usage in command.usages(view, moment.day)}
        requests = [command.request for command in commands]
        loaded = store.load(sorted(accounts), requests, sorted(usages))
        view.add_lots(loaded.lots)
        view.add_used(loaded.used)
        known = loaded.operations
        decisions = Decisions(moment)
        answers = []
        for command in commands:
            operation = known.get(command.request)
            if operation is None:
                operation = self._decide(command, view, decisions)
                known[command.request] = operation
                answers.append(operation)
            else:
                answers.append(_replay(command, operation))
        if decisions.operations:
            decisions.operations.sort(key=lambda decided: decided[0].request)
            store.store(decisions)
            store.commit()
            self._has_booked = True
            self._newest = moment.microseconds
        else:
            store.confirm()
        return answers

    def _read_clock(self, newest_booking: int) -> Moment:
        """Return one time for the batch, never earlier than the newest booking's (LED-8)."""
        now = Moment.of(self._clock.now())
        newest = max(self._newest, newest_booking)
        behind = timedelta(microseconds=newest - now.microseconds)
        if behind > CLOCK_STEP_BACK_MAX:
            raise ClockWentBackError(
                f"the clock is {behind} behind the newest booking; if it is right, run "
                "jichipoint-server clock step-back"
            )
        return Moment.at(newest) if behind > timedelta() else now

    def _decide(self, command: Command, view: View, decisions: Decisions) -> Operation:
        day = decisions.moment.day
        counter = self._numbering.counter(day)
        sequence = self._next(counter)
        number = self._numbering.number(day, sequence)
        decision: Booking | Registration | Refusal | Abandonment
        try:
            decision = command.decide(view, decisions.moment, number)
        except Refusal as refusal:
            decision = refusal
        position = None
        registered = decision.with_it if isinstance(decision, Booking) else decision
        if isinstance(registered, Registration):
            view.change(registered.changes)
            decisions.writes += registered.writes
        if isinstance(decision, Booking):
            position = len(decisions.transactions)
            new_lot_ids = {
                position: self._next("lot")
                for position, entry in enumerate(decision.entries)
                if isinstance(entry.lot, NewLot)
            }
            caller = command.request.caller
            view.apply(decision, new_lot_ids, caller, decisions.moment)
            decisions.transactions.append(DecidedTransaction(number, caller, decision, new_lot_ids))
        else:
            self._blocks[counter].following = sequence
        operation = _operation(command, decision)
        decisions.operations.append((operation, position))
        return operation

    def _next(self, counter: str) -> int:
        block = self._blocks.get(counter)
        if block is None or block.following == block.end:
            first = self._store.reserve(counter, NUMBERS_RESERVED)
            block = self._blocks[counter] = _Block(first, first + NUMBERS_RESERVED)
        block.following += 1
        return block.following - 1

    def _forget(self) -> None:
        """Drop the transaction and with it the numbers that it reserved."""
        self._blocks.clear()
        self._newest = 0
        self._store.roll_back()


def refusal_of(operation: Operation) -> Refusal:
    """Return the refusal that an operation with outcome REFUSED keeps."""
    kept = json.loads(operation.answer)
    return Refusal(kept["reason"], kept["details"], is_decided=True)


def _operation(
    command: Command, decision: Booking | Registration | Refusal | Abandonment
) -> Operation:
    fingerprint = command.fingerprint or b""
    match decision:
        case Booking(answer=answer):
            outcome = Outcome.BOOKED
        case Registration(answer=answer):
            outcome = Outcome.REGISTERED
        case Refusal():
            outcome = Outcome.REFUSED
            kept = {"reason": decision.reason, "details": decision.details}
            answer = json.dumps(kept, ensure_ascii=False).encode()
        case Abandonment():
            outcome, answer = Outcome.ABANDONED, b""
    return Operation(command.request, command.method, fingerprint, outcome, answer)


def _replay(command: Command, operation: Operation) -> Operation:
    """Return the answer to a request ID that was decided before (LED-3)."""
    if command.fingerprint is None or command.fingerprint == operation.fingerprint:
        return operation
    abandoned = operation.outcome == Outcome.ABANDONED
    reason = LedgerReason.OPERATION_ABANDONED if abandoned else LedgerReason.REQUEST_ID_REUSED
    return _operation(command, Refusal(reason, {"request_id": operation.request.request_id}))
