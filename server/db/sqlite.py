"""SQLite: a file, with nothing to set up."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from peewee import OperationalError, PeeweeException, SqliteDatabase

from merge_driver.files import shown, why_no_name
from server.db.errors import UnusableDatabaseError, one_line
from server.db.troubles import MisledError, Trouble

PAGE_CACHE_KIB = 8192
"""Larger caches cost memory and gain nothing measurable on the booking path."""

BUSY_SECONDS_MAX = 5
"""How long a connection waits for another process's lock."""
BUSY_SECONDS_PAUSE = 0.02


class OpenFiles:
    """Files that are open, which their names are to lead to until the end."""

    def __init__(self, *paths: str) -> None:
        self._known = [(path, _identity(path)) for path in paths]

    def check(self) -> None:
        """Raise MisledError where one was removed or replaced."""
        for path, known in self._known:
            if known is None or _identity(path) != known:
                raise MisledError(
                    f"{path} was removed or replaced while it was open: put back the file that "
                    "was there; docs/operating.md says how another one takes its place",
                    Trouble.FILE_GONE,
                )


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 -- on the booking path, where Path takes its time
    except OSError:
        return None
    return found.st_dev, found.st_ino


class LedgerFile(SqliteDatabase):
    """A file that stays the one that was opened first: all its connections are to that one.

    What is written to a file that has lost its name is gone when the last connection closes.
    """

    _first: OpenFiles | None = None

    def connection(self) -> sqlite3.Connection:
        """Return the calling thread's connection, which is open."""
        connection: sqlite3.Connection = super().connection()  # type: ignore[no-untyped-call]
        return connection

    def check_place(self) -> None:
        """Raise MisledError where the file was removed or replaced."""
        if self._first is not None:
            self._first.check()

    def is_file_of(self, other: "LedgerFile") -> bool:
        """Whether another database is the same file, under whatever name."""
        found = _identity(str(self.database))
        return found is not None and found == _identity(str(other.database))

    def open_files(self) -> OpenFiles:
        """Return what the calling thread's connection has open, once it has read something."""
        self.check_place()
        path = str(self.database)
        return OpenFiles(path, f"{path}-wal", f"{path}-shm")

    def _connect(self) -> sqlite3.Connection:
        files = self._first or OpenFiles(str(self.database))
        connection: sqlite3.Connection = super()._connect()  # type: ignore[misc]
        try:
            files.check()
        except MisledError:
            connection.close()
            raise
        self._first = files
        return connection


def sqlite_path(url: str) -> Path:
    """Return the file that a URL such as sqlite:///var/ledger.db names.

    Raises UnusableDatabaseError where it names none.
    """
    parts = urlsplit(url)
    if parts.netloc or len(parts.path) < 2:
        raise UnusableDatabaseError(f"{url!r} names no file: give sqlite:///FILE")
    return Path(unquote(parts.path[1:]))


def sqlite_url(path: Path) -> str:
    """Return the URL of a file, whatever characters its name has."""
    return f"sqlite:///{quote(str(path))}"


def open_sqlite(url: str) -> LedgerFile:
    """Open a file in WAL mode with synchronous FULL (LED-7).

    Raises UnusableDatabaseError where the file's folder is missing, the file cannot be
    written or is no database.
    """
    path = sqlite_path(url)
    if not path.parent.is_dir():
        raise UnusableDatabaseError(f"the folder {path.parent} does not exist: make it first")
    why = "it is no file" if path.exists() else why_no_name(path)
    if why and not path.is_file():
        raise UnusableDatabaseError(f"{shown(str(path))} cannot be opened as a database: {why}")
    database = LedgerFile(
        str(path),
        autoconnect=False,
        timeout=BUSY_SECONDS_MAX,
        pragmas={
            "journal_mode": "wal",
            "synchronous": "full",
            "foreign_keys": 1,
            "cache_size": -PAGE_CACHE_KIB,
            "recursive_triggers": 1,
        },
    )
    try:
        _make_private(path)
        _set_up(database)
    except PeeweeException as error:
        raise UnusableDatabaseError(
            f"{path} cannot be opened as a database: {one_line(error)}"
        ) from error
    return database


def _make_private(path: Path) -> None:
    """Make a file that is missing for its owner alone; what SQLite puts beside it follows.

    One that is there is left alone: closing it would end all locks that this process has on it,
    those of open connections too (POSIX).
    """
    if path.exists():
        return
    with suppress(OSError):  # SQLite says better what cannot be opened
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _set_up(database: SqliteDatabase) -> None:
    """Connect once, which puts a fresh file into WAL mode.

    SQLite waits for no lock there: a process that starts at the same time has to be waited for.
    """
    until = time.monotonic() + BUSY_SECONDS_MAX
    while True:
        try:
            with database.connection_context():
                database.execute_sql("SELECT count(*) FROM sqlite_master").fetchone()
            return
        except OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(BUSY_SECONDS_PAUSE)
