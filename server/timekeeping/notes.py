"""Notes of the ledger's days: written and never changed."""

from datetime import date, timedelta

from peewee import Database

from server.db.queries import change, rows
from server.timekeeping.values import Lapsing, Note, NoteKind, Signs

COUNTER = "day-note"
_COLUMNS = ", ".join(Note._fields)
_NEWEST = f"SELECT {_COLUMNS} FROM day_note ORDER BY note_id DESC LIMIT ?"  # noqa: S608
_RESERVE = """INSERT INTO counter (name, next) VALUES (?, 2)
    ON CONFLICT (name) DO UPDATE SET next = counter.next + 1 RETURNING next"""
_INSERT = f"""INSERT INTO day_note (note_id, {_COLUMNS})
    VALUES (?{", ?" * len(Note._fields)})"""  # noqa: S608
_LAST_RUN = """SELECT n.day FROM day_note n WHERE n.kind = 'RAN' AND NOT EXISTS
    (SELECT 1 FROM day_note w WHERE w.kind = 'WENT_BACK' AND w.note_id > n.note_id
        AND w.day < n.day)
    ORDER BY n.note_id DESC LIMIT 1"""
_LAST_ID = "SELECT coalesce(max(transaction_id), 0) FROM ledger_transaction"
_ENDS = """SELECT booked_at FROM ledger_transaction WHERE transaction_id IN (
    (SELECT min(transaction_id) FROM ledger_transaction WHERE transaction_id > ?),
    (SELECT max(transaction_id) FROM ledger_transaction)) AND transaction_id > ?
    ORDER BY transaction_id"""
_BEFORE_PAUSE = """SELECT before FROM (SELECT transaction_id, booked_at,
        lag(booked_at, 1, ?) OVER (ORDER BY transaction_id) AS before
        FROM ledger_transaction WHERE transaction_id > ?) b
    WHERE booked_at - before > ? ORDER BY transaction_id LIMIT 1"""
_LAPSED = """SELECT count(DISTINCT a.program_id),
    count(DISTINCT CASE t.kind WHEN 'LAPSE' THEN t.transaction_id END),
    count(DISTINCT CASE t.kind WHEN 'EXPIRE' THEN t.transaction_id END),
    CAST(coalesce(sum(e.points), 0) AS BIGINT)
    FROM ledger_transaction t JOIN entry e ON e.transaction_id = t.transaction_id
    JOIN account a ON a.account_id = e.account_id
    WHERE t.caller = ? AND t.booked_on = ? AND a.kind = 'LAPSED'"""


def newest_notes(database: Database, most: int) -> list[Note]:
    """Return the newest notes, newest first."""
    return [
        Note(NoteKind(kind), noted_at, date.fromisoformat(day), *rest)
        for kind, noted_at, day, *rest in rows(database, _NEWEST, most)
    ]


def last_run(database: Database) -> date | None:
    """Return the day of the last run, but for those of days that had not come: None without."""
    found = rows(database, _LAST_RUN)
    return date.fromisoformat(found[0][0]) if found else None


def last_transaction_id(database: Database) -> int:
    """Return the ID of the newest booking, 0 where there is none."""
    return int(rows(database, _LAST_ID)[0][0])


def store_note(database: Database, note: Note) -> None:
    """Store a note behind all that are there; runs in a writing transaction."""
    ((following,),) = rows(database, _RESERVE, COUNTER)
    change(database, _INSERT, int(following) - 1, *note._replace(day=note.day.isoformat()))  # type: ignore[arg-type]


def signs(database: Database, now: int, quiet: timedelta) -> Signs:
    """Return what the ledger tells of the time.

    Only where the newest note says too little are the bookings since then read. `now` is in
    microseconds.
    """
    note = next(iter(newest_notes(database, 1)), None)
    longest = quiet // timedelta(microseconds=1)
    if note is not None and now - note.noted_at <= longest:
        return Signs(note, note.noted_at)
    since = note.last_transaction_id if note else 0
    booked = rows(database, _ENDS, since, since)
    if not booked:
        return Signs(note, note.noted_at if note else None)
    began = note.noted_at if note else int(booked[0][0])
    paused = rows(database, _BEFORE_PAUSE, began, since, longest)
    return Signs(note, int(paused[0][0] if paused else booked[-1][0]))


def lapsed_on(database: Database, caller: str, day: date) -> Lapsing:
    """Return what a caller has booked as lapsed on a day."""
    (found,) = rows(database, _LAPSED, caller, day.isoformat())
    return Lapsing(*found)
