"""What keeps bookings from being stored, as engines' errors tell it."""

import sqlite3
from collections.abc import Iterator
from enum import StrEnum

from peewee import OperationalError


class Trouble(StrEnum):
    """What keeps bookings from being stored, as the log and the metrics name it."""

    DISK_FULL = "DISK_FULL"
    READ_ONLY = "READ_ONLY"
    FILE_GONE = "FILE_GONE"
    """The ledger's file, or one that SQLite keeps beside it, was removed or replaced."""
    OTHER_LEDGER = "OTHER_LEDGER"
    """The URL leads to another ledger than it did before."""
    POOLER = "POOLER"
    """A pooler gives each transaction another connection."""
    LOCKED = "LOCKED"
    UNREACHABLE = "UNREACHABLE"
    SILENT = "SILENT"
    """The database does not answer."""
    STANDBY = "STANDBY"
    """A commit no longer waits for the standby: what it stored is on the primary alone."""
    CLOCK_WENT_BACK = "CLOCK_WENT_BACK"
    OTHER = "OTHER"


class MisledError(OperationalError):
    """What is open is not, or no longer, the ledger that it was; the message says what to do."""

    def __init__(self, message: str, trouble: Trouble) -> None:
        super().__init__(message)
        self.trouble = trouble


_SQLITE = {
    sqlite3.SQLITE_FULL: Trouble.DISK_FULL,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_CANTOPEN: Trouble.UNREACHABLE,
}
_POSTGRES = {
    "53100": Trouble.DISK_FULL,
    "25006": Trouble.READ_ONLY,
    "26000": Trouble.POOLER,
    "42P05": Trouble.POOLER,
    "55P03": Trouble.LOCKED,
    "08": Trouble.UNREACHABLE,
    "57": Trouble.UNREACHABLE,
}
"""By SQLSTATE, or its class."""


def trouble_of(error: BaseException) -> Trouble:
    """Return what kind of trouble an engine's error, or what led to it, tells of."""
    return next((found for one in _chain(error) if (found := _trouble(one))), Trouble.OTHER)


def misled_by(error: BaseException) -> MisledError | None:
    """Return the MisledError that an engine's error is, or that led to it."""
    return next((one for one in _chain(error) if isinstance(one, MisledError)), None)


def told_of(error: BaseException) -> str:
    """Return in one line what an engine said of the trouble: an error after it says less."""
    first = next((one for one in _chain(error) if _trouble(one)), error)
    return " ".join(str(first).split())


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error and all that led to it, each once."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop(0)
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            left += [led for led in (one.__cause__, one.__context__) if led is not None]


def _trouble(error: BaseException) -> Trouble | None:
    trouble = getattr(error, "trouble", None)
    if isinstance(trouble, Trouble):
        return trouble
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _POSTGRES.get(state) or _POSTGRES.get(state[:2])
    return Trouble.UNREACHABLE if _is_of_the_connection(error) else None


def _is_of_the_connection(error: BaseException) -> bool:
    """Whether libpq itself says so, and no PostgreSQL: psycopg may not be installed here."""
    names = ((one.__module__, one.__name__) for one in type(error).__mro__)
    return ("psycopg", "OperationalError") in names
