"""The journal: which records were taken, handed on and acknowledged, and how long the output is."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from merge_driver.errors import DriverError
from merge_driver.files import hold_lock, shown, sync_folder
from merge_driver.journal_schema import JOURNAL_VERSION, bring_up_to_date
from merge_driver.record import TakenRecord

ELSEWHERE: Final = "ELSEWHERE"
"""In place of an acknowledgement: the record was handed on under another journal."""

_ASKED_AT_ONCE: Final = 500
_INSERTED_AT_ONCE: Final = 100
_RECORD: Final = "issuer_id, id, points, transaction_number, file"


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A merge file that was taken: its name, and the SHA-256 of its content in hex."""

    name: str
    sha256: str


class OutputFile(NamedTuple):
    """The file that a journal belongs to: its form, and how many of its bytes are agreed."""

    form: str
    length_bytes: int


class Journal:
    """The SQLite file of one driver, locked against a second one while it is open.

    To be used with `with`. Opening raises DriverError for a journal that is in use, that a newer
    driver made, or that is no journal.
    """

    def __init__(self, path: Path, *, acknowledges: bool = False) -> None:
        """`acknowledges`: the server is to be told what was handed on, before now as well."""
        self.path = path
        self._acknowledges = acknowledges
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

    def known(self, transaction_numbers: Sequence[str]) -> dict[str, TakenRecord]:
        """Return those of the transaction numbers that were taken before, with their records."""
        found: dict[str, TakenRecord] = {}
        if not self._has_between(min(transaction_numbers), max(transaction_numbers)):
            return found
        for start in range(0, len(transaction_numbers), _ASKED_AT_ONCE):
            some = transaction_numbers[start : start + _ASKED_AT_ONCE]
            rows: Iterable[tuple[str, str, int, str, str]] = self._connection.execute(
                f"SELECT {_RECORD} FROM record "  # noqa: S608 -- no value is put in
                f"WHERE transaction_number IN ({','.join('?' * len(some))})",
                some,
            )
            found.update((row[3], TakenRecord(*row)) for row in rows)
        return found

    def _has_between(self, first: str, last: str) -> bool:
        """Say whether there is anything from one number to another, in the order of texts."""
        query = "SELECT EXISTS (SELECT 1 FROM record WHERE transaction_number BETWEEN ? AND ?)"
        return bool(self._number(query, first, last))

    def is_new(self) -> bool:
        """Say whether nothing was taken under this journal yet."""
        return not self._number("SELECT EXISTS (SELECT 1 FROM file)")

    def has_taken(self, sha256: str) -> bool:
        """Say whether a file of exactly this content was taken before."""
        return bool(self._number("SELECT count(*) FROM file WHERE sha256 = ?", sha256))

    def file_names(self) -> set[str]:
        """Return the names of all files that were taken."""
        return {name for (name,) in self._connection.execute("SELECT name FROM file")}

    def take(
        self,
        files: Sequence[TakenFile],
        records: Sequence[TakenRecord],
        *,
        handed_on: bool,
        output_bytes: int | None = None,
        elsewhere: bool = False,
    ) -> None:
        """Note files and their new records, all or nothing.

        With `handed_on` they are handed on already; `output_bytes` is the output's new length.
        `elsewhere`: they were handed on under another journal, which acknowledges them if any does.
        """
        to_send = self._acknowledges and not elsewhere
        acknowledgement = f"'{ELSEWHERE}'" if elsewhere else "''" if to_send else "NULL"
        with self._transaction():
            self._insert(records, f"(?, ?, ?, ?, ?, {int(handed_on)}, {acknowledgement})")
            self._connection.executemany(
                "INSERT INTO file (name, sha256) VALUES (?, ?) ON CONFLICT DO NOTHING",
                ((file.name, file.sha256) for file in files),
            )
            if output_bytes is not None:
                self._set_output_bytes(output_bytes)

    def _insert(self, records: Sequence[TakenRecord], row: str) -> None:
        """Insert records, many in one statement: half the time of one after the other."""
        for start in range(0, len(records), _INSERTED_AT_ONCE):
            some = records[start : start + _INSERTED_AT_ONCE]
            self._connection.execute(
                f"INSERT INTO record ({_RECORD}, is_handed_on, acknowledgement) "  # noqa: S608
                f"VALUES {', '.join([row] * len(some))}",
                tuple(chain.from_iterable(some)),
            )

    def waiting(self, after: str = "", most: int = 1000) -> list[TakenRecord]:
        """Return records that are not handed on, in the order of their transaction numbers.

        `after` is the number of the last one that was returned before.
        """
        rows: Iterable[tuple[str, str, int, str, str]] = self._connection.execute(
            f"SELECT {_RECORD} FROM record "  # noqa: S608 -- no value is put in
            "WHERE is_handed_on = 0 AND transaction_number > ? ORDER BY transaction_number LIMIT ?",
            (after, most),
        )
        return [TakenRecord(*row) for row in rows]

    def note_handed_on(
        self, transaction_numbers: Sequence[str], output_bytes: int | None = None
    ) -> None:
        """Note that records were handed on, and the output's new length, all or nothing."""
        with self._transaction():
            self._connection.executemany(
                "UPDATE record SET is_handed_on = 1 WHERE transaction_number = ?",
                ((number,) for number in transaction_numbers),
            )
            if output_bytes is not None:
                self._set_output_bytes(output_bytes)

    def count_waiting(self) -> int:
        """Return how many records are not handed on yet."""
        return self._number("SELECT count(*) FROM record WHERE is_handed_on = 0")

    def unacknowledged(self, most: int) -> list[TakenRecord]:
        """Return the first records that were handed on and are not acknowledged yet."""
        rows: Iterable[tuple[str, str, int, str, str]] = self._connection.execute(
            f"SELECT {_RECORD} FROM record "  # noqa: S608 -- no value is put in
            "WHERE is_handed_on = 1 AND acknowledgement = '' ORDER BY transaction_number LIMIT ?",
            (most,),
        )
        return [TakenRecord(*row) for row in rows]

    def count_unacknowledged(self) -> int:
        """Return how many records were handed on and are not acknowledged yet."""
        return self._number(
            "SELECT count(*) FROM record WHERE is_handed_on = 1 AND acknowledgement = ''"
        )

    def note_acknowledged(self, answers: Sequence[tuple[str, str]]) -> None:
        """Note what the server answered about transaction numbers: ACKNOWLEDGED, or why not."""
        with self._transaction():
            self._connection.executemany(
                "UPDATE record SET acknowledgement = ? WHERE transaction_number = ?",
                ((answer, number) for number, answer in answers),
            )

    def output_file(self, output: Path) -> OutputFile | None:
        """Return what is agreed about the output, None before there is one.

        Raises DriverError if the journal belongs to another output.
        """
        row: tuple[str, str, int] | None = self._connection.execute(
            "SELECT name, form, length_bytes FROM output"
        ).fetchone()
        if row is None:
            return None
        name, form, length_bytes = row
        if name != self._relative(output):
            raise DriverError(
                f"{self.path}: this journal belongs to the output {name} (as seen from the "
                "journal's folder); give that one, or a new journal"
            )
        return OutputFile(form, length_bytes)

    def bind_output(self, output: Path, form: str) -> None:
        """Note, before its first byte is written, which output this journal belongs to."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO output (one, name, form, length_bytes) VALUES (1, ?, ?, 0)",
                (self._relative(output), form),
            )

    def _set_output_bytes(self, output_bytes: int) -> None:
        self._connection.execute("UPDATE output SET length_bytes = ?", (output_bytes,))

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._open_connection is None:
            raise RuntimeError("the journal is not open")
        return self._open_connection

    def _number(self, query: str, *values: str) -> int:
        row: tuple[int] = self._connection.execute(query, values).fetchone()
        return row[0]

    def _relative(self, output: Path) -> str:
        """Return the output as seen from the journal, so that both can be moved together."""
        return shown(os.path.relpath(output.resolve(), self.path.parent.resolve()))

    def _open(self) -> None:
        is_new = not self.path.exists()
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if is_new:
            sync_folder(self.path.parent)
        self._open_connection = sqlite3.connect(self.path, isolation_level=None)
        found = self._number("PRAGMA user_version")
        if found > JOURNAL_VERSION:
            raise DriverError(
                f"{self.path}: a newer merge driver made this journal (version {found}, "
                f"known here is {JOURNAL_VERSION}); update this one"
            )
        if found == 0 and self._number("SELECT count(*) FROM sqlite_master"):
            raise DriverError(f"{self.path}: this is the database of another program")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        if found < JOURNAL_VERSION:
            with self._transaction():
                bring_up_to_date(self._connection, found)
        if self._acknowledges:
            self._connection.execute(
                "UPDATE record SET acknowledgement = '' WHERE acknowledgement IS NULL"
            )

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
