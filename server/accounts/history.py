"""Reading an account: its balance at any moment, and all that was booked on it (LED-8)."""

from dataclasses import dataclass
from datetime import date

from peewee import Database

from server.clock import Moment
from server.db.queries import rows
from server.ledger.values import AccountKey, TransactionKind

MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class UpTo:
    """A moment: what was booked up to a transaction, and up to a time."""

    transaction_id: int
    time: int
    """Microseconds since 1970-01-01T00:00:00Z."""

    @property
    def day(self) -> date:
        """The Asia/Tokyo day of the moment."""
        return Moment.at(self.time).day


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account held at a moment."""

    points: int
    usable_points: int
    last_transaction_number: str


@dataclass(frozen=True, slots=True)
class Line:
    """What one transaction did to an account."""

    transaction_id: int
    transaction_number: str
    kind: TransactionKind
    booked_at: int
    points: int
    balance_after: int
    refers_to: str


_TRANSACTION = """SELECT transaction_id, booked_at FROM ledger_transaction
    WHERE transaction_number = ?"""
_ENTRIES = """FROM account a JOIN entry e ON e.account_id = a.account_id
    JOIN ledger_transaction t ON t.transaction_id = e.transaction_id
    WHERE a.program_id = ? AND a.kind = ? AND a.owner = ?
    AND e.transaction_id <= ? AND (t.booked_at <= ? OR e.transaction_id <=
        (SELECT coalesce(max(last_transaction_id), 0) FROM day_note
        WHERE kind = 'WENT_BACK' AND noted_at <= ?))"""
"""What a clock that ran ahead has booked was there, at the latest, when it had been set right."""
_BALANCE = f"""SELECT CAST(coalesce(sum(e.points), 0) AS BIGINT), max(e.transaction_id)
    {_ENTRIES}"""
_USABLE = f"""SELECT CAST(coalesce(sum(x.points), 0) AS BIGINT)
    FROM (SELECT e.points, e.lot_id {_ENTRIES}) x JOIN lot l ON l.lot_id = x.lot_id
    WHERE l.last_good_day >= ?"""  # noqa: S608
_NUMBER = "SELECT transaction_number FROM ledger_transaction WHERE transaction_id = ?"
_LINES = """SELECT t.transaction_id, t.transaction_number, t.kind, t.booked_at,
    CAST(sum(e.points) AS BIGINT), coalesce(max(r.transaction_number), '')
    FROM account a JOIN entry e ON e.account_id = a.account_id
    JOIN ledger_transaction t ON t.transaction_id = e.transaction_id
    LEFT JOIN ledger_transaction r ON r.transaction_id = t.refers_to
    WHERE a.program_id = ? AND a.kind = ? AND a.owner = ? AND e.transaction_id < ?
    GROUP BY t.transaction_id, t.transaction_number, t.kind, t.booked_at
    ORDER BY t.transaction_id DESC LIMIT ?"""


def moment_of_transaction(database: Database, transaction_number: str) -> UpTo | None:
    """Return the moment right after a transaction, or None where there is no such number."""
    found = rows(database, _TRANSACTION, transaction_number)
    return UpTo(found[0][0], found[0][1]) if found else None


def balance_at(database: Database, account: AccountKey, moment: UpTo) -> Balance:
    """Return what an account held: transaction IDs follow the order of commits, so that a

    moment that has passed stays as it was.
    """
    place = (*account, moment.transaction_id, moment.time, moment.time)
    ((points, last),) = rows(database, _BALANCE, *place)
    ((usable,),) = rows(database, _USABLE, *place, moment.day.isoformat())
    number = rows(database, _NUMBER, last)[0][0] if last is not None else ""
    return Balance(int(points), int(usable), str(number))


def history(database: Database, account: AccountKey, before: int, most: int) -> list[Line]:
    """Return an account's transactions with IDs below `before`, newest first."""
    found = rows(database, _LINES, *account, before, most)
    if not found:
        return []
    ((balance, _),) = rows(database, _BALANCE, *account, found[0][0], MOST, MOST)
    lines = []
    for transaction_id, number, kind, booked_at, points, refers_to in found:
        line = Line(
            transaction_id,
            number,
            TransactionKind(kind),
            booked_at,
            int(points),
            int(balance),
            refers_to,
        )
        lines.append(line)
        balance -= line.points
    return lines
