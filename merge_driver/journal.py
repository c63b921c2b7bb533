"""The journal: which records were handed on, and how long the output is that holds them."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from merge_driver.errors import DriverError
from merge_driver.files import hold_lock, shown, sync_folder
from merge_driver.record import Record

JOURNAL_VERSION: Final = 1

_SCHEMA: Final = (
    """CREATE TABLE record (
        transaction_number TEXT PRIMARY KEY,
        issuer_id TEXT NOT NULL,
        id TEXT NOT NULL,
        points INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE file (
        sha256 TEXT PRIMARY KEY,
        name TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    # One journal belongs to one output: cutting another file to this length would destroy it.
    """CREATE TABLE output (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        name TEXT NOT NULL,
        length_bytes INTEGER NOT NULL CHECK (length_bytes >= 0)
    ) STRICT""",
)


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A merge file that was taken: its issuer, its name, and the SHA-256 of its content in hex."""

    issuer_id: str
    name: str
    sha256: str


class Journal:
    """The SQLite file of one driver, locked against a second one while it is open.

    To be used with `with`. Opening raises DriverError for a journal that is in use, that a newer
    driver made, or that is no journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None
        self._open_connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        try:
            self._lock = hold_lock(self.path.with_name(self.path.name + ".lock"))
            self._open()
        except (OSError, sqlite3.Error) as error:
            self._close()
            raise DriverError(f"{self.path}: the journal cannot be opened: {error}") from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def known(self, transaction_numbers: Iterable[str]) -> dict[str, tuple[str, Record]]:
        """Return issuer ID and record of those transaction numbers that were taken before."""
        found: dict[str, tuple[str, Record]] = {}
        for number in transaction_numbers:
            row: tuple[str, str, int] | None = self._connection.execute(
                "SELECT issuer_id, id, points FROM record WHERE transaction_number = ?", (number,)
            ).fetchone()
            if row is not None:
                found[number] = (row[0], Record(row[1], row[2], number))
        return found

    def has_taken(self, sha256: str) -> bool:
        """Say whether a file of exactly this content was taken before."""
        found: tuple[int] = self._connection.execute(
            "SELECT count(*) FROM file WHERE sha256 = ?", (sha256,)
        ).fetchone()
        return found[0] > 0

    def output_length(self, output: Path) -> int | None:
        """Return how many bytes of the output are agreed, None before there is an output.

        Raises DriverError if the journal belongs to another output.
        """
        row: tuple[str, int] | None = self._connection.execute(
            "SELECT name, length_bytes FROM output"
        ).fetchone()
        if row is None:
            return None
        name, length_bytes = row
        if name != self._relative(output):
            raise DriverError(
                f"{self.path}: this journal belongs to the output {name} (as seen from the "
                "journal's folder); give that one, or a new journal"
            )
        return length_bytes

    def bind_output(self, output: Path) -> None:
        """Note, before its first byte is written, which output this journal belongs to."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO output (one, name, length_bytes) VALUES (1, ?, 0)",
                (self._relative(output),),
            )

    def commit(self, file: TakenFile, records: Sequence[Record], output_bytes: int) -> None:
        """Note a file, its new records and the output's new length, all or nothing."""
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO record (transaction_number, issuer_id, id, points) "
                "VALUES (?, ?, ?, ?)",
                ((r.transaction_number, file.issuer_id, r.id, r.points) for r in records),
            )
            self._connection.execute(
                "INSERT INTO file (sha256, name) VALUES (?, ?)", (file.sha256, file.name)
            )
            self._connection.execute("UPDATE output SET length_bytes = ?", (output_bytes,))

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._open_connection is None:
            raise RuntimeError("the journal is not open")
        return self._open_connection

    def _relative(self, output: Path) -> str:
        """Return the output as seen from the journal, so that both can be moved together."""
        return shown(os.path.relpath(output.resolve(), self.path.parent.resolve()))

    def _open(self) -> None:
        is_new = not self.path.exists()
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if is_new:
            sync_folder(self.path.parent)
        self._open_connection = sqlite3.connect(self.path, isolation_level=None)
        found: tuple[int] = self._connection.execute("PRAGMA user_version").fetchone()
        if found[0] > JOURNAL_VERSION:
            raise DriverError(
                f"{self.path}: a newer merge driver made this journal (version {found[0]}, "
                f"known here is {JOURNAL_VERSION}); update this one"
            )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        if found[0] == 0:
            self._create()

    def _create(self) -> None:
        tables: tuple[int] = self._connection.execute(
            "SELECT count(*) FROM sqlite_master"
        ).fetchone()
        if tables[0]:
            raise DriverError(f"{self.path}: this is the database of another program")
        with self._transaction():
            for statement in _SCHEMA:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {JOURNAL_VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _close(self) -> None:
        if self._open_connection is not None:
            self._open_connection.close()
            self._open_connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
