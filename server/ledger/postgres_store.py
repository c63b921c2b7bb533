"""The ledger on PostgreSQL: the statements of a step go out together, as one pipeline."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from peewee import PeeweeException
from psycopg import errors
from psycopg.types.numeric import Int8Dumper

from server.db.postgres import (
    BOOKING_SETTINGS,
    TURN,
    LedgerServer,
    pooled,
    process_of,
    refuse_pooler,
)
from server.ledger.sql_reader import SqlReader, Statement, Values
from server.ledger.sql_store import ACCOUNT, NEWEST, Rows, SqlStore, Table
from server.ledger.store import (
    Begun,
    ConflictError,
    DuplicateError,
    StoreUnavailableError,
    UnfitDataError,
    unavailable,
)
from server.ledger.values import AccountKey, Key, Loader, UsageKey, Write

LOST_TRACK = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)
ARRAYS = {int: "bigint[]", str: "text[]", bytes: "bytea[]"}
_LOCK_ACCOUNTS = """SELECT account_id FROM account
    WHERE (program_id, kind, owner) IN ({keys}) ORDER BY program_id, kind, owner FOR UPDATE"""
_LOCK_USAGES = """INSERT INTO counter (name, next) SELECT name, 1 FROM unnest(%s::text[]) name
    ORDER BY name ON CONFLICT (name) DO UPDATE SET next = counter.next"""
_RESERVE = """INSERT INTO counter (name, next) VALUES (%s, 1 + %s)
    ON CONFLICT (name) DO UPDATE SET next = counter.next + excluded.next - 1 RETURNING next"""
_NUMBER = "UPDATE counter SET next = next + %s WHERE name = 'transaction'"
"""Its row lock is held until the commit: transactions get their IDs in the order they commit."""
_FIRST = "(SELECT next FROM counter WHERE name = 'transaction') - %s"


class PostgresReader(SqlReader):
    """Reads on the calling thread's connection, and connects again where it was lost."""

    SETTINGS: tuple[str, ...] = ()
    PATIENCE_SECONDS = 10.0
    """For each answer of the database."""

    def __init__(
        self, database: LedgerServer, loaders: Mapping[type[Key[Any]], Loader[Any]]
    ) -> None:
        super().__init__(loaders)
        self._database = database
        self._connected: psycopg.Connection[Any] | None = None
        self._process = 0
        """Of the server, at the other end of the connection."""
        self._texts: dict[tuple[str, tuple[type, ...]], str] = {}

    def _connection(self) -> "psycopg.Connection[Any]":
        connection = self._database.connection()
        if connection.broken or connection.closed:
            self._database.close()
            self._database.connect()
            connection = self._database.connection()
        if connection is not self._connected:
            connection.patience_seconds = self.PATIENCE_SECONDS
            try:
                self._prepare(connection)
            except BaseException:
                self._database.close()
                raise
            self._connected = connection
        return connection

    def _prepare(self, connection: "psycopg.Connection[Any]") -> None:
        """Set a new connection as it is needed here."""
        connection.adapters.register_dumper(int, Int8Dumper)
        for setting in self.SETTINGS:
            connection.execute(setting)
        self._process = process_of(connection)

    def _run(self, statements: Sequence[Statement]) -> list[list[Any]]:
        with told():
            connection = self._connection()
            if len(statements) == 1:
                return [_rows(connection.execute(*statements[0], prepare=True))]
            with connection.pipeline():
                cursors = [
                    connection.execute(text, values or None, prepare=bool(values))
                    for text, values in statements
                ]
            return [_rows(cursor) for cursor in cursors]

    def _with_keys(self, text: str, keys: Sequence[Values]) -> Statement:
        types = tuple(type(value) for value in keys[0])
        statement = self._texts.get((text, types))
        if statement is None:
            names = ", ".join(f"column{number}" for number in range(1, len(types) + 1))
            arrays = ", ".join(f"%s::{array_of(one)}" for one in types)
            rows = f"SELECT * FROM unnest({arrays}) AS u ({names})"  # noqa: S608
            statement = self._texts[text, types] = text.format(keys=rows)
        return statement, [list(column) for column in zip(*keys, strict=True)]


class PostgresStore(PostgresReader, SqlStore):
    """Stores on the calling thread's connection.

    What is stored is kept back until the commit and sent with it, so that other processes
    wait for this one's transaction IDs no longer than the database itself takes.
    """

    SETTINGS = BOOKING_SETTINGS
    PATIENCE_SECONDS = 7.0
    """More than a lock is waited for; less than a cluster takes for another primary."""
    NEWEST = f"SELECT pg_backend_pid(), ({NEWEST})"
    """And which process of the server has the transaction: a pooler may have exchanged it."""

    def __init__(
        self, database: LedgerServer, loaders: Mapping[type[Key[Any]], Loader[Any]]
    ) -> None:
        super().__init__(database, loaders)
        self._kept_back: list[Statement] = []
        self._inserts: dict[str, str] = {}

    def _prepare(self, connection: "psycopg.Connection[Any]") -> None:
        """Set a new connection, which may lead to another primary: it may lack what was read.

        An account that only the lost one had would be another's there, by its number. After a
        pooler was found it must not exchange connections any more: by luck one transaction gets
        the process that the one before it had.
        """
        super()._prepare(connection)
        if self._database.misled is not None:
            refuse_pooler(self._database)
        self._known_accounts.clear()

    def begin(self, keys: Collection[Key[Any]]) -> Begun:
        """Begin a transaction, and look up the values of the keys."""
        with told():
            self._connection()  # which knows how its transactions begin
        return super().begin(keys)

    def _beginning(self) -> Sequence[str]:
        return (self.BEGIN, TURN) if self._database.takes_turns else (self.BEGIN,)

    def _run(self, statements: Sequence[Statement]) -> list[list[Any]]:
        """Run statements; raise ConflictError too where psycopg has lost track of what it prepared.

        It may name statements that a pipeline which failed never prepared, or that a pooler has
        for another client. Nothing was committed then, and a new connection begins without any.
        """
        try:
            return super()._run(statements)
        except StoreUnavailableError as error:
            if isinstance(error.__cause__, LOST_TRACK):
                self._database.close()
                raise ConflictError(str(error)) from error
            raise

    def _newest(self, found: list[Any]) -> int:
        """Return when the newest transaction was booked, from the process that is known.

        What came from another one is not believed: it may be what another client asked.
        """
        if not found or len(found[0]) != 2 or found[0][0] != self._process:
            misled = self._database.misled = pooled(self._database)
            self._database.close()
            raise StoreUnavailableError(str(misled), misled.trouble)
        self._database.misled = None
        return int(found[0][1] or 0)

    def reserve(self, counter: str, count: int) -> int:
        """Reserve that many numbers of a counter and return the first."""
        ((following,),) = self._run([(_RESERVE, (counter, count))])[0]
        return int(following) - count

    def commit(self) -> None:
        """Send what was stored, and commit."""
        statements, self._kept_back = self._kept_back, []
        self._run([*statements, ("COMMIT", ())])

    def roll_back(self) -> None:
        """Forget the transaction, if there is one."""
        self._kept_back = []
        connection = self._connected
        if connection is None or connection.broken or connection.closed:
            return
        if connection.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            with told():
                connection.execute("ROLLBACK")

    def _locks(
        self, accounts: Collection[AccountKey], usages: Collection[UsageKey]
    ) -> list[Statement]:
        locks = self._select(_LOCK_ACCOUNTS, list(accounts))
        counted = {f"use:{usage.program_id}:{usage.caller}" for usage in usages if usage.caller}
        if counted:
            locks.append((_LOCK_USAGES, (sorted(counted),)))
        return locks

    def _add_accounts(self, accounts: list[AccountKey]) -> dict[AccountKey, int]:
        first = self.reserve("account", len(accounts))
        rows = [(first + number, *account) for number, account in enumerate(sorted(accounts))]
        text, values = self._insert(ACCOUNT, rows, 0)
        self._run([(f"{text} ON CONFLICT (program_id, kind, owner) DO NOTHING", values)])
        return self._find_accounts(accounts)

    def _append(self, tables: Sequence[Rows], transactions: int) -> None:
        if transactions:
            self._kept_back.append((_NUMBER, (transactions,)))
        for table, rows in tables:
            self._kept_back.append(self._insert(table, rows, transactions))

    def _carry_out(self, writes: Sequence[Write]) -> None:
        for write in writes:
            self._kept_back.append((write.text.replace("?", "%s"), list(write.values)))

    def _insert(self, table: Table, rows: Sequence[Values], transactions: int) -> Statement:
        numbered = "transaction_id" in table.columns
        text = self._inserts.get(table.name)
        if text is None:
            values = list(table.columns)
            if numbered:
                values[0] = f"{_FIRST} + {values[0]}"
            arrays = ", ".join(f"%s::{array_of(one)}" for one in table.columns.values())
            names = ", ".join(table.columns)
            text = (
                f"INSERT INTO {table.name} ({names}) SELECT {', '.join(values)} "  # noqa: S608
                f"FROM unnest({arrays}) AS u ({names})"
            )
            self._inserts[table.name] = text
        columns = [list(column) for column in zip(*rows, strict=True)]
        return text, [transactions, *columns] if numbered else columns


def array_of(of_type: type) -> str:
    """Return the type of an array of values of a Python type, or of a subclass of it."""
    return next(name for known, name in ARRAYS.items() if issubclass(of_type, known))


def _rows(cursor: "psycopg.Cursor[Any]") -> list[Any]:
    return cursor.fetchall() if cursor.description else []


@contextmanager
def told() -> Iterator[None]:
    """Tell the database's errors apart: worth repeating, data it refuses, and all else."""
    try:
        yield
    except (errors.SerializationFailure, errors.DeadlockDetected) as error:
        raise ConflictError(str(error)) from error
    except errors.UniqueViolation as error:
        raise DuplicateError(str(error)) from error
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        raise UnfitDataError(str(error)) from error
    except (psycopg.Error, PeeweeException) as error:
        raise unavailable(error) from error
