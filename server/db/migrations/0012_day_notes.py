"""What is noted of the ledger's days: runs, days that were confirmed, clocks that went back."""

from datetime import date, datetime, time

from peewee import Database

from server.clock import TOKYO, Moment
from server.db.dialect import Dialect, dialect_of
from server.db.queries import change, rows
from server.db.triggers import history_triggers

_LAST_RUN = "SELECT done_for FROM job WHERE name = 'nightly-run' AND done_for <> ''"
_NOTE = """INSERT INTO day_note (note_id, kind, noted_at, day, last_transaction_id, noted_by,
    reason, programs, accounts, vouchers, points)
    SELECT 1, 'RAN', ?, ?, coalesce(max(transaction_id), 0), 'nightly-run', '', 0, 0, 0, 0
    FROM ledger_transaction"""
_COUNTER = "INSERT INTO counter (name, next) VALUES ('day-note', 2)"


def tables(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the new table and its index."""
    return (
        f"""CREATE TABLE day_note (
            note_id {sql.integer} PRIMARY KEY CHECK (note_id >= 1),
            kind TEXT NOT NULL CHECK (kind IN ('RAN', 'CONFIRMED', 'WENT_BACK')),
            noted_at {sql.integer} NOT NULL,
            {sql.day("day")},
            last_transaction_id {sql.integer} NOT NULL CHECK (last_transaction_id >= 0),
            noted_by TEXT NOT NULL,
            reason TEXT NOT NULL,
            programs {sql.integer} NOT NULL CHECK (programs >= 0),
            accounts {sql.integer} NOT NULL CHECK (accounts >= 0),
            vouchers {sql.integer} NOT NULL CHECK (vouchers >= 0),
            points {sql.integer} NOT NULL CHECK (points >= 0)
        ){sql.table}""",
        # The booking path looks here for the time after which bookings go on (LED-8).
        """CREATE INDEX day_note_went_back ON day_note (last_transaction_id, note_id)
            WHERE kind = 'WENT_BACK'""",
    )


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Add what is new; the last nightly run counts as noted."""
    sql = dialect_of(db)
    for statement in (*tables(sql), *history_triggers(sql, "day_note")):
        db.execute_sql(statement)
    for (done_for,) in rows(db, _LAST_RUN):
        began = datetime.combine(date.fromisoformat(done_for), time(), TOKYO)
        change(db, _NOTE, Moment.of(began).microseconds, done_for)
        change(db, _COUNTER)
