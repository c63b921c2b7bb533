"""The ledger on SQLite."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from server.db.sqlite import LedgerFile, OpenFiles
from server.db.troubles import MisledError
from server.ledger.sql_reader import SqlReader, Statement, Values
from server.ledger.sql_store import ACCOUNT, Rows, SqlStore, Table
from server.ledger.store import Begun, UnfitDataError, unavailable
from server.ledger.values import AccountKey, Key, Loader, Write

_RESERVE = """INSERT INTO counter (name, next) VALUES (?, 1 + ?)
    ON CONFLICT (name) DO UPDATE SET next = next + excluded.next - 1 RETURNING next"""


class SqliteReader(SqlReader):
    """Reads on one connection, from one thread."""

    def __init__(self, database: LedgerFile, loaders: Mapping[type[Key[Any]], Loader[Any]]) -> None:
        super().__init__(loaders)
        self._database = database
        self._connection = database.connection()
        self._texts: dict[tuple[str, int], str] = {}

    def _run(self, statements: Sequence[Statement]) -> list[list[Any]]:
        with told():
            execute = self._connection.execute
            return [execute(text, values).fetchall() for text, values in statements]

    def _with_keys(self, text: str, keys: Sequence[Values]) -> Statement:
        rows = _padded(keys)
        statement = self._texts.get((text, len(rows)))
        if statement is None:
            row = f"({', '.join('?' * len(rows[0]))})"
            statement = text.format(keys="VALUES " + ", ".join([row] * len(rows)))
            self._texts[text, len(rows)] = statement
        return statement, [value for row in rows for value in row]


class SqliteStore(SqliteReader, SqlStore):
    """Stores on one connection, which no other writer in this process uses."""

    BEGIN = "BEGIN IMMEDIATE"
    """Takes the lock that keeps every other writer out until the commit."""

    def __init__(self, database: LedgerFile, loaders: Mapping[type[Key[Any]], Loader[Any]]) -> None:
        super().__init__(database, loaders)
        self._inserts: dict[str, str] = {}
        self._files: OpenFiles | None = None
        self._is_in_place = True
        """Whether all had their names when they were last looked at."""
        self._has_committed = False

    def begin(self, keys: Collection[Key[Any]]) -> Begun:
        """Begin a transaction, and look up the values of the keys."""
        with told():
            if not self._is_in_place:
                self._check_files()
            begun = super().begin(keys)
            if self._files is None:
                self._files = self._database.open_files()
        return begun

    def reserve(self, counter: str, count: int) -> int:
        """Reserve that many numbers of a counter and return the first."""
        ((following,),) = self._run([(_RESERVE, (counter, count))])[0]
        return int(following) - count

    def commit(self) -> None:
        """Commit; synchronous FULL makes it durable, in a file that still has its name."""
        with told():
            self._connection.execute("COMMIT")
            self._check_files()
        self._has_committed = True

    def confirm(self) -> None:
        """End the transaction; a first commit makes durable what a killed process left behind."""
        if self._has_committed:
            self.roll_back()
        else:
            super().confirm()

    def _check_files(self) -> None:
        self._is_in_place = False
        if self._files is not None:
            self._files.check()
        self._is_in_place = True

    def roll_back(self) -> None:
        """Forget the transaction, if there is one."""
        if self._connection.in_transaction:
            with told():
                self._connection.execute("ROLLBACK")

    def _add_accounts(self, accounts: list[AccountKey]) -> dict[AccountKey, int]:
        first = self.reserve("account", len(accounts))
        ids = dict(zip(accounts, range(first, first + len(accounts)), strict=True))
        with told():
            rows = [(account_id, *account) for account, account_id in ids.items()]
            self._connection.executemany(self._insert(ACCOUNT), rows)
        return ids

    def _append(self, tables: Sequence[Rows], transactions: int) -> None:
        first = self.reserve("transaction", transactions) if transactions else 0
        with told():
            for table, rows in tables:
                if "transaction_id" in table.columns:
                    rows = [  # noqa: PLW2901
                        (None if row[0] is None else first + row[0], *row[1:]) for row in rows
                    ]
                self._connection.executemany(self._insert(table), rows)

    def _carry_out(self, writes: Sequence[Write]) -> None:
        with told():
            for write in writes:
                self._connection.execute(write.text, write.values)

    def _insert(self, table: Table) -> str:
        text = self._inserts.get(table.name)
        if text is None:
            columns, places = ", ".join(table.columns), ", ".join("?" * len(table.columns))
            text = f"INSERT INTO {table.name} ({columns}) VALUES ({places})"  # noqa: S608
            self._inserts[table.name] = text
        return text


def _padded(keys: Sequence[Values]) -> list[Values]:
    """Return the keys, and up to a power of two such as nothing has.

    So a query has few texts, however many keys it looks up, and each stays prepared.
    """
    size = 1 << (len(keys) - 1).bit_length()
    nothing = (None,) * len(keys[0])
    return [*keys, *[nothing] * (size - len(keys))]


@contextmanager
def told() -> Iterator[None]:
    """Tell the database's errors apart: data it refuses, and everything else."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
        raise UnfitDataError(str(error)) from error
    except (sqlite3.Error, MisledError) as error:
        raise unavailable(error) from error
