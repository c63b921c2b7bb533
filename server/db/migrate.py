"""Bringing a database's schema up to date (LED-7)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peewee import Database, IntegrityError, PeeweeException, ProgrammingError, SqliteDatabase
from playhouse.migrations import Runner

from server.db.engine import shown_name
from server.db.errors import UnusableDatabaseError, one_line

_LOCKED = re.compile("database is locked|lock timeout")
MIGRATIONS = Path(__file__).with_name("migrations")


class NewerSchemaError(UnusableDatabaseError):
    """The database was written by a newer version of this program."""


def migrate(database: Database) -> list[str]:
    """Apply the migrations that are missing, all or none, and return their names.

    Processes that start at once wait for each other. Raises NewerSchemaError where the
    database has migrations that this version lacks, UnusableDatabaseError where it cannot
    be changed.
    """
    try:
        with database.connection_context(), _alone(database):
            _refuse_another_program_s(database)
            runner = Runner(database, str(MIGRATIONS))
            unknown = [step.name for step in runner.status() if step.path is None]
            if unknown:
                raise NewerSchemaError(
                    f"{shown_name(database)} has the schema of a newer version "
                    f"({', '.join(unknown)}): install that version, or restore a backup made "
                    "before the upgrade"
                )
            applied: list[str] = runner.up()
            return applied
    except PeeweeException as error:
        raise UnusableDatabaseError(
            f"the schema of {shown_name(database)} cannot be brought up to date: {_why(error)}"
        ) from error


def _refuse_another_program_s(database: Database) -> None:
    """Raise UnusableDatabaseError where an SQLite file has tables, and none of a ledger's."""
    tables = database.get_tables()
    if isinstance(database, SqliteDatabase) and tables and "schema_migration" not in tables:
        raise UnusableDatabaseError(
            f"the schema of {shown_name(database)} cannot be brought up to date: it is another "
            f"program's, with tables such as {tables[0]}: name a new file"
        )


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Begin a transaction that no other process's migration gets beside."""
    if isinstance(database, SqliteDatabase):
        with database.atomic("EXCLUSIVE"):
            yield
        return
    try:
        database.execute_sql("CREATE TABLE IF NOT EXISTS schema_lock (id BIGINT PRIMARY KEY)")
    except (IntegrityError, ProgrammingError):
        if not database.table_exists("schema_lock"):
            raise
        # Another process made it at the same moment.
    database.execute_sql("INSERT INTO schema_lock (id) VALUES (1) ON CONFLICT DO NOTHING")
    with database.atomic():
        database.execute_sql("SET LOCAL lock_timeout = 0")
        database.execute_sql("SELECT id FROM schema_lock FOR UPDATE").fetchall()
        database.execute_sql("SET LOCAL lock_timeout TO DEFAULT")
        yield


def _why(error: PeeweeException) -> str:
    why = one_line(error)
    if _LOCKED.search(why):
        return f"another process uses it, wait for that or end it ({why})"
    return why
