"""The time that a database server has."""

from collections.abc import Callable

from peewee import Database, SqliteDatabase

from server.db.queries import rows

ServerTime = Callable[[Database], int | None]
"""Reads the database server's clock: see server_time."""

_NOW = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"


def server_time(database: Database) -> int | None:
    """Return the database server's time in microseconds since 1970-01-01T00:00:00Z.

    None for SQLite, which has this machine's.
    """
    if isinstance(database, SqliteDatabase):
        return None
    return int(rows(database, _NOW)[0][0])
