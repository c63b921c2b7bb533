"""The booking path's SQL for SQLite."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from server.ledger.store import (
    Decisions,
    StoreUnavailableError,
    UnfitDataError,
    grouped,
    padded,
)
from server.ledger.values import (
    AccountKey,
    AccountKind,
    Key,
    Loader,
    Lot,
    NewLot,
    Operation,
    Outcome,
    Record,
    RequestKey,
)

_LOTS = """SELECT a.program_id, a.kind, a.owner, l.lot_id, l.last_good_day, l.remaining
    FROM account a JOIN lot l USING (account_id)
    WHERE (a.program_id, a.kind, a.owner) IN ({keys}) AND l.remaining > 0
    ORDER BY l.last_good_day, l.lot_id"""
_ACCOUNTS = """SELECT program_id, kind, owner, account_id FROM account
    WHERE (program_id, kind, owner) IN ({keys})"""
_OPERATIONS = """SELECT caller, request_id, method, fingerprint, outcome, answer FROM operation
    WHERE (caller, request_id) IN ({keys})"""
_RESERVE = """INSERT INTO counter (name, next) VALUES (?, 1 + ?)
    ON CONFLICT (name) DO UPDATE SET next = next + excluded.next - 1 RETURNING next"""
_NEW_ACCOUNT = "INSERT INTO account (account_id, program_id, kind, owner) VALUES (?, ?, ?, ?)"
_NEW_LOT = """INSERT INTO lot (lot_id, account_id, points, received_on, last_good_day)
    VALUES (?, ?, ?, ?, ?)"""
_NEW_ENTRY = """INSERT INTO entry (transaction_id, sequence, account_id, lot_id, points)
    VALUES (?, ?, ?, ?, ?)"""
_NEW_TRANSACTION = """INSERT INTO ledger_transaction (transaction_id, transaction_number, kind,
    booked_at, booked_on, caller, subject, cancels, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_NEW_OPERATION = """INSERT INTO operation (caller, request_id, method, fingerprint, outcome,
    answer, transaction_id, decided_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""


class SqliteReader:
    """Reads on one connection, from one thread."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        loaders: Mapping[type[Key[Any]], Loader[Any]],
    ) -> None:
        self._connection = connection
        self._loaders = loaders
        self._texts: dict[tuple[str, int], str] = {}

    def look_up(self, keys: Collection[Key[Any]]) -> dict[Key[Any], Any]:
        """Return the values of the keys that have one."""
        found: dict[Key[Any], Any] = {}
        for key_type, of_type in grouped(keys).items():
            loader = self._loaders[key_type]
            parameters = [loader.parameters(key) for key in of_type]
            found.update(loader.build(self._select(loader.select, parameters)))
        return found

    def lots(self, accounts: Collection[AccountKey]) -> dict[AccountKey, list[Lot]]:
        """Return the lots that hold points, in the order in which they expire."""
        found: dict[AccountKey, list[Lot]] = {account: [] for account in accounts}
        held = [account for account in found if account.kind == AccountKind.HELD]
        for program_id, kind, owner, lot_id, last_good_day, remaining in self._select(_LOTS, held):
            account = AccountKey(program_id, AccountKind(kind), owner)
            found[account].append(Lot(lot_id, date.fromisoformat(last_good_day), remaining))
        return found

    def operations(self, requests: Collection[RequestKey]) -> dict[RequestKey, Operation]:
        """Return what was decided on the requests."""
        found = {}
        for caller, request_id, *rest in self._select(_OPERATIONS, list(dict.fromkeys(requests))):
            method, fingerprint, outcome, answer = rest
            request = RequestKey(caller, request_id)
            found[request] = Operation(request, method, fingerprint, Outcome(outcome), answer)
        return found

    def _select(self, text: str, keys: list[Any]) -> list[Any]:
        if not keys:
            return []
        rows = padded(keys)
        statement = self._texts.get((text, len(rows)))
        if statement is None:
            row = f"({', '.join('?' * len(rows[0]))})"
            statement = text.format(keys="VALUES " + ", ".join([row] * len(rows)))
            self._texts[text, len(rows)] = statement
        parameters = [value for row in rows for value in row]
        with _told():
            return self._connection.execute(statement, parameters).fetchall()


class SqliteStore(SqliteReader):
    """Stores on one connection, which no other writer in this process uses."""

    def begin(self) -> None:
        """Begin a transaction, and take the write lock at once."""
        with _told():
            self._connection.execute("BEGIN IMMEDIATE")

    def newest_booking(self) -> int:
        """Return the time of the newest decision in microseconds, 0 for an empty ledger."""
        with _told():
            row = self._connection.execute(
                "SELECT booked_at FROM ledger_transaction ORDER BY transaction_id DESC LIMIT 1"
            ).fetchone()
        return int(row[0]) if row else 0

    def reserve(self, counter: str, count: int) -> int:
        """Reserve that many numbers of a counter and return the first."""
        with _told():
            (following,) = self._connection.execute(_RESERVE, (counter, count)).fetchone()
        return int(following) - count

    def store(self, decisions: Decisions) -> None:
        """Write everything that was decided."""
        with _told():
            if decisions.transactions:
                accounts = self._account_ids(decisions)
                self._store_entries(decisions, accounts)
                self._store_transactions(decisions)
            self._store_operations(decisions)

    def commit(self) -> None:
        """Commit; synchronous FULL makes it durable."""
        with _told():
            self._connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Forget the transaction, if there is one."""
        if self._connection.in_transaction:
            with _told():
                self._connection.execute("ROLLBACK")

    def _account_ids(self, decisions: Decisions) -> dict[AccountKey, int]:
        wanted = dict.fromkeys(
            entry.account
            for transaction in decisions.transactions
            for entry in transaction.booking.entries
        )
        rows = self._select(_ACCOUNTS, list(wanted))
        known = {AccountKey(a, AccountKind(b), c): account_id for a, b, c, account_id in rows}
        missing = [account for account in wanted if account not in known]
        if missing:
            first = self.reserve("account", len(missing))
            known.update(zip(missing, range(first, first + len(missing)), strict=True))
            self._connection.executemany(_NEW_ACCOUNT, [(known[key], *key) for key in missing])
        return known

    def _store_entries(self, decisions: Decisions, accounts: dict[AccountKey, int]) -> None:
        lots = []
        entries = []
        for transaction in decisions.transactions:
            for position, entry in enumerate(transaction.booking.entries):
                account_id = accounts[entry.account]
                lot_id = entry.lot.lot_id if isinstance(entry.lot, Lot) else None
                if isinstance(entry.lot, NewLot):
                    lot_id = transaction.new_lot_ids[position]
                    days = (entry.lot.received_on, entry.lot.last_good_day)
                    lots.append((lot_id, account_id, entry.points, *map(date.isoformat, days)))
                row = (transaction.transaction_id, position + 1, account_id, lot_id, entry.points)
                entries.append(row)
        if lots:
            self._connection.executemany(_NEW_LOT, lots)
        self._connection.executemany(_NEW_ENTRY, entries)

    def _store_transactions(self, decisions: Decisions) -> None:
        moment = decisions.moment
        booked_on = moment.day.isoformat()
        rows = []
        records: dict[type[Record], list[tuple[Any, ...]]] = {}
        for transaction in decisions.transactions:
            booking = transaction.booking
            rows.append(
                (
                    transaction.transaction_id,
                    transaction.transaction_number,
                    booking.kind,
                    moment.microseconds,
                    booked_on,
                    transaction.caller,
                    booking.subject,
                    booking.cancels,
                    booking.reason,
                )
            )
            for record in booking.records:
                values = (transaction.transaction_id, *record.values())
                records.setdefault(type(record), []).append(values)
        self._connection.executemany(_NEW_TRANSACTION, rows)
        for record_type, of_type in records.items():
            columns = ", ".join(("transaction_id", *record_type.COLUMNS))
            places = ", ".join("?" * (1 + len(record_type.COLUMNS)))
            self._connection.executemany(
                f"INSERT INTO {record_type.TABLE} ({columns}) VALUES ({places})",  # noqa: S608
                of_type,
            )

    def _store_operations(self, decisions: Decisions) -> None:
        rows = [
            (
                *operation.request,
                operation.method,
                operation.fingerprint,
                operation.outcome,
                operation.answer,
                transaction_id,
                decisions.moment.microseconds,
            )
            for operation, transaction_id in decisions.operations
        ]
        self._connection.executemany(_NEW_OPERATION, rows)


@contextmanager
def _told() -> Iterator[None]:
    """Tell the database's errors apart: data it refuses, and everything else."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
        raise UnfitDataError(str(error)) from error
    except sqlite3.Error as error:
        raise StoreUnavailableError(str(error)) from error
