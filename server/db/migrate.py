"""Bringing a database's schema up to date (LED-7)."""

from pathlib import Path

from peewee import SqliteDatabase
from playhouse.migrations import Runner

from server.db.engine import UnusableDatabaseError

MIGRATIONS = Path(__file__).with_name("migrations")


class NewerSchemaError(UnusableDatabaseError):
    """The database was written by a newer version of this program."""


def migrate(database: SqliteDatabase) -> list[str]:
    """Apply the migrations that are missing, all or none, and return their names.

    The exclusive lock makes processes that start at once wait for each other.
    Raises NewerSchemaError where the database has migrations that this version lacks.
    """
    with database.connection_context(), database.atomic("EXCLUSIVE"):
        runner = Runner(database, str(MIGRATIONS))
        unknown = [step.name for step in runner.status() if step.path is None]
        if unknown:
            raise NewerSchemaError(
                f"{database.database} has the schema of a newer version ({', '.join(unknown)}): "
                "install that version, or restore a backup made before the upgrade"
            )
        applied: list[str] = runner.up()
        return applied
