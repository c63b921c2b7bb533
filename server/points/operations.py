"""Spending and cancelling: what is looked up, which rule decides, what is booked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from server.callers.rules import active_terminal
from server.callers.values import Terminal, TerminalKey
from server.citizens.values import Person, Proof
from server.clock import Moment
from server.ledger.commands import WithoutUsages
from server.ledger.rules import balance, give_back, take
from server.ledger.values import (
    AccountKey,
    AccountKind,
    BookedTransaction,
    Booking,
    Entry,
    Key,
    RequestKey,
    TransactionKey,
    TransactionKind,
    UsageKey,
)
from server.ledger.view import View
from server.municipalities.values import Program, ProgramKey
from server.points.cards import ShownCard
from server.points.rules import (
    Shown,
    asks_for_pin,
    cancellable_spend,
    check_amount,
    check_day_limits,
    check_shown,
    limited_usages,
    usable_program,
)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a spend is answered with."""

    transaction_number: str
    booked_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    mykey_id: str
    program: Program
    points: int
    balance_after: int


@dataclass(frozen=True, slots=True)
class Use:
    """What spending and merging have in common: whose points, how many, as shown."""

    terminal_id: str
    card: ShownCard
    shown: Shown
    program_id: str
    points: int
    proof: Proof | None = None
    """What the card's signature proved, where one came along."""

    def names(self) -> tuple[Key[Any], ...]:
        """Return what must be looked up."""
        return (
            TerminalKey(self.terminal_id),
            ProgramKey(self.program_id),
            *self.card.names(),
        )

    def accounts(self, view: View) -> tuple[AccountKey, ...]:
        """Return the holder's account."""
        holder = self.card.find(view)
        return (holder.account(self.program_id),) if holder else ()

    def usages(self, caller: str, view: View, day: date) -> tuple[UsageKey, ...]:
        """Return whose use of the program that day counts, as far as it has a limit (USE-6)."""
        program = view.find(ProgramKey(self.program_id))
        holder = self.card.find(view)
        if program is None or holder is None:
            return ()
        return limited_usages(program, holder, caller, day)


@dataclass(frozen=True, slots=True)
class Permitted:
    """A use of points that nothing speaks against."""

    terminal: Terminal
    holder: Person
    program: Program
    taken: tuple[Entry, ...]
    """The entries that take the points out of the holder's lots."""
    balance_after: int


def permit(use: Use, caller: str, view: View, today: date) -> Permitted:
    """Return how points can be used as asked, or refuse by the rules of USE-3, 6 and 9."""
    terminal = active_terminal(view.find(TerminalKey(use.terminal_id)))
    holder = use.card.accepted(view, today)
    check_shown(use.shown, holder, today)
    program = usable_program(view.find(ProgramKey(use.program_id)), terminal, today)
    account = holder.account(use.program_id)
    lots = view.lots(account)
    check_amount(use.points, program, lots, today)
    use.card.check_proof(use.proof, needed=asks_for_pin(program, use.points))
    if limited := use.usages(caller, view, today):
        used_by_citizen = sum(view.used(key) for key in limited if key.citizen)
        used_at_terminal = sum(view.used(key) for key in limited if key.caller)
        check_day_limits(use.points, program, used_by_citizen, used_at_terminal)
    taken = tuple(take(account, lots, use.points, today))
    return Permitted(terminal, holder, program, taken, balance(lots, today) - use.points)


@dataclass(frozen=True, slots=True)
class SpendCommand:
    """ポイント利用 (USE-2)."""

    request: RequestKey
    fingerprint: bytes
    use: Use
    encode: Callable[[Spent], bytes]
    method: str = "Spend"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return self.use.names()

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the holder's account."""
        return self.use.accounts(view)

    def usages(self, view: View, day: date) -> Iterable[UsageKey]:
        """Return the uses that limits count."""
        return self.use.usages(self.request.caller, view, day)

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Take the points from the holder to the place, or refuse."""
        permitted = permit(self.use, self.request.caller, view, moment.day)
        place = str(permitted.terminal.place_id)
        spent = Entry(AccountKey(self.use.program_id, AccountKind.SPENT, place), self.use.points)
        answer = Spent(
            number,
            moment.microseconds,
            permitted.holder.mykey_id,
            permitted.program,
            self.use.points,
            permitted.balance_after,
        )
        return Booking(
            TransactionKind.SPEND,
            (*permitted.taken, spent),
            self.encode(answer),
            subject=permitted.holder.mykey_id,
        )


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancellation is answered with."""

    transaction_number: str
    booked_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    cancelled_number: str
    mykey_id: str
    program_id: str
    points: int
    points_lapsed: int
    balance_after: int


@dataclass(frozen=True, slots=True)
class CancelSpendCommand(WithoutUsages):
    """取消 of a spend (USE-4)."""

    request: RequestKey
    fingerprint: bytes
    terminal_id: str
    transaction_number: str
    reason: str
    encode: Callable[[Cancelled], bytes]
    method: str = "CancelSpend"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return TerminalKey(self.terminal_id), TransactionKey(self.transaction_number)

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the account that the points return to."""
        spend = view.find(TransactionKey(self.transaction_number))
        return (_held_account(spend),) if spend else ()

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Return the points to their lots, or refuse."""
        active_terminal(view.find(TerminalKey(self.terminal_id)))
        found = view.find(TransactionKey(self.transaction_number))
        spend = cancellable_spend(found, self.request.caller, moment.day)
        entries, points_lapsed = give_back(spend.entries, moment.day)
        account = _held_account(spend)
        points = sum(entry.points for entry in spend.entries if entry.lot is None)
        answer = Cancelled(
            number,
            moment.microseconds,
            spend.transaction_number,
            spend.subject,
            account.program_id,
            points,
            points_lapsed,
            balance(view.lots(account), moment.day) + points - points_lapsed,
        )
        return Booking(
            TransactionKind.CANCEL,
            tuple(entries),
            self.encode(answer),
            subject=spend.subject,
            refers_to=spend.transaction_id,
            reason=self.reason,
        )


def _held_account(transaction: BookedTransaction) -> AccountKey:
    return next(entry.account for entry in transaction.entries if entry.lot is not None)
