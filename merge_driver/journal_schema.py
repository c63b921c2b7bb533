"""The journal's tables, and how one of an earlier driver becomes one of this."""

import sqlite3
from typing import Final

JOURNAL_VERSION: Final = 2

_TABLES: Final = (
    """CREATE TABLE record (
        transaction_number TEXT PRIMARY KEY,
        issuer_id TEXT NOT NULL,
        id TEXT NOT NULL,
        points INTEGER NOT NULL,
        file TEXT NOT NULL,
        is_handed_on INTEGER NOT NULL CHECK (is_handed_on IN (0, 1)),
        acknowledgement TEXT
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX waiting ON record (transaction_number) WHERE is_handed_on = 0",
    """CREATE INDEX unacknowledged ON record (transaction_number)
        WHERE is_handed_on = 1 AND acknowledgement = ''""",
    """CREATE TABLE file (
        sha256 TEXT PRIMARY KEY,
        name TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    # One journal belongs to one output: cutting another file to this length would destroy it.
    """CREATE TABLE output (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        name TEXT NOT NULL,
        form TEXT NOT NULL,
        length_bytes INTEGER NOT NULL CHECK (length_bytes >= 0)
    ) STRICT""",
)

_FROM_VERSION_1: Final = (
    "ALTER TABLE record RENAME TO record_1",
    "ALTER TABLE file RENAME TO file_1",
    "ALTER TABLE output RENAME TO output_1",
    *_TABLES,
    """INSERT INTO record (transaction_number, issuer_id, id, points, file, is_handed_on)
        SELECT transaction_number, issuer_id, id, points, '', 1 FROM record_1
        ORDER BY transaction_number""",
    "INSERT INTO file SELECT sha256, name FROM file_1",
    "INSERT INTO output SELECT one, name, 'jsonl', length_bytes FROM output_1",
    "DROP TABLE record_1",
    "DROP TABLE file_1",
    "DROP TABLE output_1",
)
"""A driver of version 1 had handed on all that it had taken; it did not note in which file."""


def bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Make the tables, or change those of version 1; within a transaction of the caller's."""
    for statement in _TABLES if version == 0 else _FROM_VERSION_1:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {JOURNAL_VERSION}")
