"""What a terminal booked on a day: reading, without booking."""

from dataclasses import dataclass
from datetime import date

from peewee import Database

from server.db.queries import rows
from server.ledger.values import Operation, Outcome, RequestKey, TransactionKind

LISTED = (
    TransactionKind.SPEND,
    TransactionKind.MERGE,
    TransactionKind.ISSUE,
    TransactionKind.REDEEM,
    TransactionKind.CANCEL,
)
"""What a counter's list shows."""
CLOCK_BACK_MICROSECONDS = 60_000_000
_LISTED = ", ".join(f"'{kind}'" for kind in LISTED)
_POINTS = """abs(CAST(sum(CASE WHEN a.kind IN ('SPENT', 'MERGED', 'REDEEMED')
    OR (a.kind = 'OUTSTANDING' AND t.kind <> 'REDEEM') THEN e.points ELSE 0 END) AS BIGINT))"""


@dataclass(frozen=True, slots=True)
class DayLine:
    """One transaction of a day."""

    transaction_id: int
    transaction_number: str
    kind: TransactionKind
    booked_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    program_id: str
    program_name: str
    points: int
    settled_by: str
    voucher_number: str
    refers_to: str
    mykey_id: str
    """Empty where the terminal saw no card."""
    request_id: str


@dataclass(frozen=True, slots=True)
class DayTotal:
    """What was booked of one kind and program."""

    kind: str
    program_id: str
    program_name: str
    count: int
    points: int
    cancelled_count: int
    cancelled_points: int


_LINES = f"""SELECT t.transaction_id, t.transaction_number, t.kind, t.booked_at, p.program_id,
    p.name, {_POINTS}, coalesce(max(s.kind), ''), coalesce(max(v.voucher_number), ''),
    coalesce(max(r.transaction_number), ''),
    CASE WHEN t.kind = 'REDEEM' THEN '' ELSE t.subject END, coalesce(max(o.request_id), '')
    FROM ledger_transaction t JOIN entry e ON e.transaction_id = t.transaction_id
    JOIN account a ON a.account_id = e.account_id
    JOIN program p ON p.program_id = a.program_id
    LEFT JOIN ledger_transaction s ON s.refers_to = t.transaction_id
    LEFT JOIN ledger_transaction r ON r.transaction_id = t.refers_to
    LEFT JOIN operation o ON o.transaction_id = t.transaction_id
    LEFT JOIN voucher v ON v.transaction_id
        = CASE WHEN t.kind = 'ISSUE' THEN t.transaction_id ELSE t.refers_to END
    WHERE t.caller = ? AND t.booked_on = ? AND t.kind IN ({_LISTED}) AND t.transaction_id < ?
    GROUP BY t.transaction_id, t.transaction_number, t.kind, t.booked_at, t.subject, p.program_id,
    p.name ORDER BY t.transaction_id DESC LIMIT ?"""  # noqa: S608
_PERSONS = """SELECT request_id, person FROM audit_event
    WHERE caller = ? AND person <> '' AND request_id <> '' AND event_id >= coalesce(
        (SELECT event_id FROM audit_event WHERE noted_at >= ? ORDER BY noted_at LIMIT 1),
        9223372036854775807)"""
_TOTALS = f"""SELECT kind, program_id, name,
    sum(CASE WHEN cancelled THEN 0 ELSE 1 END),
    CAST(sum(CASE WHEN cancelled THEN 0 ELSE points END) AS BIGINT),
    sum(CASE WHEN cancelled THEN 1 ELSE 0 END),
    CAST(sum(CASE WHEN cancelled THEN points ELSE 0 END) AS BIGINT)
    FROM (SELECT t.transaction_id, t.kind, p.program_id, p.name, {_POINTS} AS points,
        coalesce(max(s.kind), '') = 'CANCEL' AS cancelled
        FROM ledger_transaction t JOIN entry e ON e.transaction_id = t.transaction_id
        JOIN account a ON a.account_id = e.account_id
        JOIN program p ON p.program_id = a.program_id
        LEFT JOIN ledger_transaction s ON s.refers_to = t.transaction_id
        WHERE t.caller = ? AND t.booked_on = ? AND t.kind IN ({_LISTED}) AND t.kind <> 'CANCEL'
        GROUP BY t.transaction_id, t.kind, p.program_id, p.name) x
    GROUP BY kind, program_id, name ORDER BY kind, program_id"""  # noqa: S608
_OPERATION = """SELECT o.request_id, o.method, o.fingerprint, o.answer
    FROM ledger_transaction t JOIN operation o ON o.transaction_id = t.transaction_id
    WHERE t.transaction_number = ? AND t.caller = ? AND o.caller = ?"""


def day_lines(database: Database, caller: str, day: date, before: int, most: int) -> list[DayLine]:
    """Return a caller's transactions of a day with IDs below `before`, newest first."""
    return [
        DayLine(
            transaction_id,
            number,
            TransactionKind(kind),
            booked_at,
            program_id,
            name,
            int(points),
            settled_by,
            voucher_number,
            refers_to,
            mykey_id,
            request_id,
        )
        for (
            transaction_id,
            number,
            kind,
            booked_at,
            program_id,
            name,
            points,
            settled_by,
            voucher_number,
            refers_to,
            mykey_id,
            request_id,
        ) in rows(database, _LINES, caller, day.isoformat(), before, most)
    ]


def persons_since(database: Database, caller: str, since: int) -> dict[str, str]:
    """Return who made a caller's requests from a moment on, by request ID, where that was given.

    The moment is in microseconds; a clock that went back a little hides nobody.
    """
    found = rows(database, _PERSONS, caller, since - CLOCK_BACK_MICROSECONDS)
    return {str(request_id): str(person) for request_id, person in found}


def day_totals(database: Database, caller: str, day: date) -> list[DayTotal]:
    """Return a caller's day, added up by kind and program."""
    found = rows(database, _TOTALS, caller, day.isoformat())
    return [DayTotal(*row[:3], *(int(number) for number in row[3:])) for row in found]


def day_operation(database: Database, caller: str, transaction_number: str) -> Operation | None:
    """Return how one of a caller's transactions was answered."""
    found = rows(database, _OPERATION, transaction_number, caller, caller)
    if not found:
        return None
    ((request_id, method, fingerprint, answer),) = found
    request = RequestKey(caller, request_id)
    return Operation(request, method, bytes(fingerprint), Outcome.BOOKED, bytes(answer))
