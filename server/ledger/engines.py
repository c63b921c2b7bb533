"""Readers and stores for whichever engine a database is on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from peewee import Database, SqliteDatabase

from server.db.postgres import TURN, LedgerServer
from server.db.sqlite import LedgerFile
from server.ledger.sql_reader import SqlReader
from server.ledger.sqlite_store import SqliteReader, SqliteStore
from server.ledger.store import Store
from server.ledger.values import Key, Loader

Loaders = Mapping[type[Key[Any]], Loader[Any]]


def open_reader(database: Database, loaders: Loaders) -> SqlReader:
    """Return a reader on the calling thread's open connection."""
    if isinstance(database, SqliteDatabase):
        return SqliteReader(cast(LedgerFile, database), loaders)
    from server.ledger.postgres_store import PostgresReader  # noqa: PLC0415

    return PostgresReader(cast(LedgerServer, database), loaders)


def open_store(database: Database, loaders: Loaders) -> Store:
    """Return a store on the calling thread's open connection."""
    if isinstance(database, SqliteDatabase):
        return SqliteStore(cast(LedgerFile, database), loaders)
    from server.ledger.postgres_store import PostgresStore  # noqa: PLC0415

    return PostgresStore(cast(LedgerServer, database), loaders)


def check_place(database: Database) -> None:
    """Raise MisledError where the ledger is no longer the one it was."""
    if isinstance(database, LedgerFile | LedgerServer):
        database.check_place()


def ensure_connected(database: Database) -> None:
    """Connect the calling thread again where its connection was lost.

    Raises MisledError where the ledger is no longer the one it was.
    """
    check_place(database)
    if not database.is_connection_usable():
        if not database.is_closed():
            database.close()
        database.connect()


@contextmanager
def writing(database: Database) -> Iterator[None]:
    """Begin a transaction for administrative writing on the calling thread's connection."""
    lock = ("IMMEDIATE",) if isinstance(database, SqliteDatabase) else ()
    with database.atomic(*lock):
        if isinstance(database, LedgerServer) and database.takes_turns:
            database.connection().execute(TURN)
        yield
