"""Lapses that a clock booked which ran ahead: the points go back (LED-8).

Each lapse is undone by one transaction that cancels it. Its request ID follows from the lapse,
so that the command can be stopped and run again.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from peewee import Database

from server.audit.storing import store_events
from server.audit.values import Event
from server.clock import Clock, Moment
from server.db.queries import rows
from server.ledger.booker import Answer, Command, refusal_of
from server.ledger.commands import WithoutUsages
from server.ledger.engines import writing
from server.ledger.rules import give_back
from server.ledger.values import (
    AccountKey,
    AccountKind,
    BookedTransaction,
    Booking,
    Entry,
    Key,
    NewLot,
    Operation,
    Outcome,
    Refusal,
    RequestKey,
    TransactionKey,
    TransactionKind,
)
from server.ledger.view import View
from server.points.errors import PointsReason
from server.rpc.handled import OK
from server.serving.bookers import open_booker
from server.timekeeping.errors import ClockError
from server.timekeeping.notes import last_transaction_id
from server.timekeeping.values import Lapsing
from server.vouchers.values import Voucher, VoucherKey

CALLER = "undo-lapses"
AT_ONCE = 100
_NAMESPACE = uuid.UUID("6f5a3f57-5d1c-4b0f-8a53-0c6f9f3d7a11")

_LAPSES = """SELECT t.transaction_number FROM ledger_transaction t
    WHERE t.caller = ? AND t.booked_on = ? AND t.kind = 'LAPSE'
    AND NOT EXISTS (SELECT 1 FROM ledger_transaction c WHERE c.refers_to = t.transaction_id)
    AND EXISTS (SELECT 1 FROM entry e JOIN lot l USING (lot_id)
        WHERE e.transaction_id = t.transaction_id AND l.last_good_day >= ?)
    ORDER BY t.transaction_id LIMIT ?"""
_EXPIRIES = """SELECT t.transaction_number, v.voucher_number, i.transaction_number
    FROM ledger_transaction t JOIN voucher v ON v.transaction_id = t.refers_to
    JOIN ledger_transaction i ON i.transaction_id = v.transaction_id
    WHERE t.caller = ? AND t.booked_on = ? AND t.kind = 'EXPIRE' AND v.last_good_day >= ?
    AND NOT EXISTS (SELECT 1 FROM ledger_transaction c WHERE c.refers_to = t.transaction_id)
    ORDER BY t.transaction_id LIMIT ?"""
_DONE = """SELECT count(DISTINCT a.program_id),
    count(DISTINCT CASE r.kind WHEN 'LAPSE' THEN t.transaction_id END),
    count(DISTINCT CASE r.kind WHEN 'EXPIRE' THEN t.transaction_id END),
    CAST(coalesce(-sum(e.points), 0) AS BIGINT)
    FROM ledger_transaction t JOIN ledger_transaction r ON r.transaction_id = t.refers_to
    JOIN entry e ON e.transaction_id = t.transaction_id
    JOIN account a ON a.account_id = e.account_id
    WHERE t.caller = ? AND t.transaction_id > ? AND a.kind = 'LAPSED'"""


class Expiry(NamedTuple):
    """A voucher's lapse: the numbers of the transaction, the voucher, and what issued it."""

    number: str
    voucher_number: str
    issue_number: str


@dataclass(frozen=True, slots=True)
class UndoLapseCommand(WithoutUsages):
    """Cancel the lapse of a citizen's points: what is still good is back in its lots."""

    request: RequestKey
    number: str
    reason: str
    fingerprint: bytes = b""
    method: str = "UndoLapse"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return (TransactionKey(self.number),)

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the account that the points were taken from."""
        return _held(view.find(TransactionKey(self.number)))

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Return the points to their lots, or refuse where none is good any more."""
        lapse = _open(view, self.number, TransactionKind.LAPSE)
        entries, points_lapsed = give_back(lapse.entries, moment.day)
        points = -sum(one.points for one in lapse.entries if one.lot is not None)
        if points_lapsed == points:
            raise Refusal(PointsReason.NOTHING_LAPSED)
        return _cancelling(lapse, entries, number, self.reason)


@dataclass(frozen=True, slots=True)
class UndoExpiryCommand(WithoutUsages):
    """Cancel a voucher's lapse: its points are the holder's, as long as the voucher was good.

    The paper stays void.
    """

    request: RequestKey
    expiry: Expiry
    reason: str
    fingerprint: bytes = b""
    method: str = "UndoExpiry"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        numbers = (self.expiry.number, self.expiry.issue_number)
        return *map(TransactionKey, numbers), VoucherKey(self.expiry.voucher_number)

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the account that the voucher was paid from."""
        return _held(view.find(TransactionKey(self.expiry.issue_number)))

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Give the points to the holder in a new lot, or refuse where the voucher has lapsed."""
        expiry = _open(view, self.expiry.number, TransactionKind.EXPIRE)
        voucher: Voucher | None = view.find(VoucherKey(self.expiry.voucher_number))
        holders = _held(view.find(TransactionKey(self.expiry.issue_number)))
        if voucher is None or not holders or voucher.last_good_day < moment.day:
            raise Refusal(PointsReason.NOTHING_LAPSED)
        lapsed = AccountKey(voucher.program.program_id, AccountKind.LAPSED)
        lot = NewLot(moment.day, voucher.last_good_day)
        entries = [Entry(lapsed, -voucher.points), Entry(holders[0], voucher.points, lot)]
        return _cancelling(expiry, entries, number, self.reason)


def undo_lapses(
    database: Database,
    clock: Clock,
    day: date,
    *,
    runs_of: str,
    reason: str,
    event: Callable[[str], Event],
) -> Lapsing:
    """Undo what a caller has booked as lapsed on a day, and return how much that was.

    `event` is the trail's of the command, which is noted before anything is booked. Raises
    ClockError where a lapse cannot be undone, ClockWentBackError and StoreUnavailableError.
    """
    today = Moment.of(clock.now()).day
    before = last_transaction_id(database)
    booker = open_booker(database, clock)

    def waiting() -> list[Command]:
        commands: list[Command] = [
            UndoLapseCommand(request_of(number), number, reason)
            for number in lapses(database, runs_of, day, today, AT_ONCE)
        ]
        return commands or [
            UndoExpiryCommand(request_of(expiry.number), expiry, reason)
            for expiry in expiries(database, runs_of, day, today, AT_ONCE)
        ]

    if waiting():
        with writing(database):
            store_events(database, [event(OK)])
    while commands := waiting():
        for command, answer in zip(commands, booker.book(commands), strict=True):
            _check(command, answer)
    (done,) = rows(database, _DONE, CALLER, before)
    return Lapsing(*done)


def _check(command: Command, answer: Answer) -> None:
    if not isinstance(answer, Operation):
        raise answer
    if answer.outcome != Outcome.BOOKED:
        raise ClockError(
            f"request {command.request.request_id} was refused: "
            f"{refusal_of(answer).reason}; run jichipoint-server ledger verify"
        )


def lapses(database: Database, runs_of: str, day: date, today: date, most: int) -> list[str]:
    """Return the numbers of lapses a caller booked on a day of points that are good today."""
    found = rows(database, _LAPSES, runs_of, day.isoformat(), today.isoformat(), most)
    return [str(number) for (number,) in found]


def expiries(database: Database, runs_of: str, day: date, today: date, most: int) -> list[Expiry]:
    """Return the lapses a caller booked on a day of vouchers that would be good today."""
    found = rows(database, _EXPIRIES, runs_of, day.isoformat(), today.isoformat(), most)
    return [Expiry(*row) for row in found]


def request_of(number: str) -> RequestKey:
    """Return the request that undoes a transaction: the same each time."""
    return RequestKey(CALLER, str(uuid.uuid5(_NAMESPACE, number)))


def _open(view: View, number: str, kind: TransactionKind) -> BookedTransaction:
    """Return a lapse that nothing has cancelled, or refuse."""
    found = view.find(TransactionKey(number))
    if found is None or found.kind != kind or found.settled:
        raise Refusal(PointsReason.NOTHING_LAPSED)
    return found


def _held(transaction: BookedTransaction | None) -> Sequence[AccountKey]:
    """Return the held accounts that a transaction took from."""
    entries = transaction.entries if transaction is not None else ()
    return list(dict.fromkeys(one.account for one in entries if one.lot is not None))


def _cancelling(
    lapse: BookedTransaction, entries: Iterable[Entry], number: str, reason: str
) -> Booking:
    return Booking(
        TransactionKind.CANCEL,
        tuple(entries),
        number.encode(),
        subject=lapse.subject,
        refers_to=lapse.transaction_id,
        reason=reason,
    )
