"""Reading the whole ledger as it stood at one moment, beside a busy server."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from peewee import Database, PeeweeException, SqliteDatabase

from server.db.engine import shown_name
from server.db.errors import UnusableDatabaseError
from server.db.migrate import MIGRATIONS
from server.db.queries import Row, rows
from server.db.troubles import misled_by

ROWS_AT_ONCE = 2000

Errors = tuple[type[Exception], ...]


@contextmanager
def snapshot(database: Database) -> Iterator[None]:
    """Connect, and see one moment's rows until the end, whatever is booked meanwhile.

    Raises UnusableDatabaseError where the database cannot be read, or where it is not a
    ledger with this version's schema.
    """
    is_sqlite = isinstance(database, SqliteDatabase)
    isolation = () if is_sqlite else ("REPEATABLE READ",)
    with (
        told(database, "cannot be read"),
        database.connection_context(),
        database.atomic(*isolation),
    ):
        if not is_sqlite:
            database.execute_sql("SET TRANSACTION READ ONLY")
        check_schema(database)
        yield


def stream(database: Database, query: str, *parameters: str | int | bytes | None) -> Iterator[Row]:
    """Give the rows of a query, whose parameters are written as ?, a few at a time.

    Runs in a transaction. Raises the driver's own errors: see `told`.
    """
    if isinstance(database, SqliteDatabase):
        yield from database.execute_sql(query, parameters)
        return
    with database.connection().cursor(name=f"stream_{uuid4().hex}") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        yield from cursor.execute(query.replace("?", "%s"), parameters)


def known_schema() -> list[str]:
    """Return the names of the migrations that this version knows."""
    return sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))


def check_schema(database: Database) -> None:
    """Raise UnusableDatabaseError unless the database has exactly this version's schema."""
    name = shown_name(database)
    if "schema_migration" not in database.get_tables():
        raise UnusableDatabaseError(f"{name} is no ledger: it has none of its tables")
    applied = {str(row[0]) for row in rows(database, "SELECT name FROM schema_migration")}
    known = set(known_schema())
    if newer := sorted(applied - known):
        raise UnusableDatabaseError(
            f"{name} has the schema of a newer version ({', '.join(newer)}): use that version"
        )
    if missing := sorted(known - applied):
        raise UnusableDatabaseError(
            f"{name} has the schema of an older version (without {', '.join(missing)}): "
            "start jichipoint-server serve on it once, which brings it up to date"
        )


@contextmanager
def told(database: Database, what: str) -> Iterator[None]:
    """Turn the database's errors into UnusableDatabaseError, in one line."""
    errors: Errors = (PeeweeException, *_driver_errors(database))
    try:
        yield
    except errors as error:
        misled = misled_by(error)  # names the database itself, and what to do
        why = str(misled) if misled else f"{shown_name(database)} {what}: {one_line(error)}"
        raise UnusableDatabaseError(why) from error


def unfit_errors(database: Database) -> Errors:
    """Return the errors by which the driver says that data was refused."""
    if isinstance(database, SqliteDatabase):
        return sqlite3.IntegrityError, sqlite3.DataError, OverflowError
    import psycopg  # noqa: PLC0415

    return psycopg.IntegrityError, psycopg.DataError


def one_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return (str(error).strip() or repr(error)).splitlines()[0]


def _driver_errors(database: Database) -> Errors:
    if isinstance(database, SqliteDatabase):
        return (sqlite3.Error,)
    import psycopg  # noqa: PLC0415

    return (psycopg.Error,)
