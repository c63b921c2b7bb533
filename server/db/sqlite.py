"""SQLite: a file, with nothing to set up."""

import os
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from peewee import OperationalError, PeeweeException, SqliteDatabase

from server.db.errors import UnusableDatabaseError, one_line

PAGE_CACHE_KIB = 8192
"""Larger caches cost memory and gain nothing measurable on the booking path."""

BUSY_SECONDS_MAX = 5
"""How long a connection waits for another process's lock."""
BUSY_SECONDS_PAUSE = 0.02


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


def open_sqlite(url: str) -> SqliteDatabase:
    """Open a file in WAL mode with synchronous FULL (LED-7).

    Raises UnusableDatabaseError where the file's folder is missing, the file cannot be
    written or is no database.
    """
    path = sqlite_path(url)
    if not path.parent.is_dir():
        raise UnusableDatabaseError(f"the folder {path.parent} does not exist: make it first")
    database = SqliteDatabase(
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
    """Make a file that is missing for its owner alone; what SQLite puts beside it follows."""
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
