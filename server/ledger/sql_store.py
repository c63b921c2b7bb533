"""What a batch writes, as rows: the same for all engines."""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.ledger.sql_reader import (
    LOTS,
    OPERATIONS,
    SqlReader,
    Statement,
    Values,
    held,
    lots_of,
    operations_of,
    used_of,
)
from server.ledger.store import Begun, Decisions, Loaded
from server.ledger.values import (
    AccountKey,
    AccountKind,
    Key,
    Loader,
    Lot,
    NewLot,
    Record,
    RequestKey,
    UsageKey,
    Write,
)

NEWEST = """SELECT coalesce((SELECT n.noted_at FROM day_note n WHERE n.kind = 'WENT_BACK'
        AND n.last_transaction_id = t.transaction_id ORDER BY n.note_id DESC LIMIT 1), t.booked_at)
    FROM ledger_transaction t ORDER BY t.transaction_id DESC LIMIT 1"""
"""When the newest transaction was booked; behind one after which it was noted that the clock had
been ahead, bookings go on from there."""
_CHECK = """INSERT INTO booking_check (id, checks, filling) VALUES (1, 1, ?)
    ON CONFLICT (id) DO UPDATE SET checks = booking_check.checks + 1, filling = excluded.filling"""
"""SQLite writes nothing where a row stays what it was: the count changes each time."""
_ACCOUNTS = """SELECT a.program_id, a.kind, a.owner, a.account_id
    FROM ({keys}) k CROSS JOIN account a
    WHERE a.program_id = k.column1 AND a.kind = k.column2 AND a.owner = k.column3"""
KNOWN_ACCOUNTS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Table:
    """A table that batches write, and the types of its columns.

    A column named transaction_id is given as the position of the transaction in the batch.
    """

    name: str
    columns: Mapping[str, type]


ACCOUNT = Table("account", {"account_id": int, "program_id": str, "kind": str, "owner": str})
LOT = Table(
    "lot",
    {
        "lot_id": int,
        "account_id": int,
        "points": int,
        "received_on": str,
        "last_good_day": str,
    },
)
ENTRY = Table(
    "entry",
    {"transaction_id": int, "sequence": int, "account_id": int, "lot_id": int, "points": int},
)
TRANSACTION = Table(
    "ledger_transaction",
    {
        "transaction_id": int,
        "transaction_number": str,
        "kind": str,
        "booked_at": int,
        "booked_on": str,
        "caller": str,
        "subject": str,
        "refers_to": int,
        "reason": str,
    },
)
OPERATION = Table(
    "operation",
    {
        "transaction_id": int,
        "caller": str,
        "request_id": str,
        "method": str,
        "fingerprint": bytes,
        "outcome": str,
        "answer": bytes,
        "decided_at": int,
    },
)

Rows = tuple[Table, list[Values]]


class SqlStore(SqlReader):
    """Stores on one connection, which nobody else uses."""

    BEGIN = "BEGIN"
    NEWEST = NEWEST
    """Tells when the newest transaction was booked."""

    def __init__(self, loaders: Mapping[type[Key[Any]], Loader[Any]]) -> None:
        super().__init__(loaders)
        self._known_accounts: dict[AccountKey, int] = {}
        """IDs of accounts, which never change; only of accounts that are committed, and as long as
        no fail-over can have undone that."""

    def _newest(self, found: list[Any]) -> int:
        return int(found[0][0]) if found else 0

    @abstractmethod
    def reserve(self, counter: str, count: int) -> int:
        """Reserve that many numbers of a counter and return the first."""

    @abstractmethod
    def commit(self) -> None:
        """Make it durable."""

    @abstractmethod
    def roll_back(self) -> None:
        """Forget the transaction, if there is one."""

    @abstractmethod
    def _add_accounts(self, accounts: list[AccountKey]) -> dict[AccountKey, int]:
        """Open accounts, unless another process did just now, and return their IDs."""

    @abstractmethod
    def _append(self, tables: Sequence[Rows], transactions: int) -> None:
        """Give so many transactions their IDs, and write rows, those of the first table first."""

    @abstractmethod
    def _carry_out(self, writes: Sequence[Write]) -> None:
        """Carry out the statements of registrations, one after the other."""

    def prove(self, filling_bytes: int) -> None:
        """Write something that is no booking, as much as is asked for, which a commit keeps."""
        self._carry_out([Write(_CHECK, (bytes(filling_bytes),))])

    def confirm(self) -> None:
        """End the transaction, and make what was read in it as durable as a commit does."""
        self.prove(0)
        self.commit()

    def begin(self, keys: Collection[Key[Any]]) -> Begun:
        """Begin a transaction, and look up the values of the keys."""
        types, statements = self._look_ups(keys)
        beginning: list[Statement] = [(text, ()) for text in self._beginning()]
        told = self._run([*beginning, (self.NEWEST, ()), *statements])
        newest, *found = told[len(beginning) :]
        return Begun(self._newest(newest), self._built(types, found))

    def _beginning(self) -> Sequence[str]:
        """Return the statements that begin a transaction."""
        return (self.BEGIN,)

    def load(
        self,
        accounts: Collection[AccountKey],
        requests: Collection[RequestKey],
        usages: Collection[UsageKey],
    ) -> Loaded:
        """Lock the accounts, in the order of their keys, and only then read what they hold."""
        locks = self._locks(held(accounts), usages)
        lots = self._select(LOTS, held(accounts))
        operations = self._select(OPERATIONS, list(dict.fromkeys(requests)))
        by_citizen, by_caller = self._usages(usages)
        found = iter(self._run([*locks, *lots, *operations, *by_citizen, *by_caller]))
        for _ in locks:
            next(found)
        return Loaded(
            lots_of(accounts, next(found) if lots else ()),
            operations_of(next(found) if operations else ()),
            used_of(usages, [next(found) for _ in by_citizen], [next(found) for _ in by_caller]),
        )

    def _locks(
        self,
        accounts: Collection[AccountKey],  # noqa: ARG002
        usages: Collection[UsageKey],  # noqa: ARG002
    ) -> list[Statement]:
        """Return the statements that keep other processes from what is read after them."""
        return []

    def store(self, decisions: Decisions) -> None:
        """Write everything that was decided."""
        self._append(list(self._rows(decisions)), len(decisions.transactions))
        self._carry_out(decisions.writes)

    def _rows(self, decisions: Decisions) -> Iterator[Rows]:
        if decisions.transactions:
            lots, entries = _lots_and_entries(decisions, self._account_ids(decisions))
            if lots:
                yield LOT, lots
            # Entries come before their transaction, whose trigger then finds them complete.
            yield ENTRY, entries
            yield TRANSACTION, _transactions(decisions)
            yield from _records(decisions)
        yield OPERATION, _operations(decisions)

    def _account_ids(self, decisions: Decisions) -> dict[AccountKey, int]:
        wanted = dict.fromkeys(
            entry.account
            for transaction in decisions.transactions
            for entry in transaction.booking.entries
        )
        known = {key: self._known_accounts[key] for key in wanted if key in self._known_accounts}
        if not_known := [key for key in wanted if key not in known]:
            found = self._find_accounts(not_known)
            if len(self._known_accounts) + len(found) > KNOWN_ACCOUNTS_MAX:
                self._known_accounts.clear()
            self._known_accounts.update(found)
            known |= found
        if missing := [key for key in wanted if key not in known]:
            known |= self._add_accounts(missing)
        return known

    def _find_accounts(self, accounts: Sequence[AccountKey]) -> dict[AccountKey, int]:
        (rows,) = self._run([self._with_keys(_ACCOUNTS, accounts)])
        return {AccountKey(a, AccountKind(b), c): account_id for a, b, c, account_id in rows}


def _lots_and_entries(
    decisions: Decisions, accounts: Mapping[AccountKey, int]
) -> tuple[list[Values], list[Values]]:
    lots: list[Values] = []
    entries: list[Values] = []
    for position, transaction in enumerate(decisions.transactions):
        for number, entry in enumerate(transaction.booking.entries):
            account_id = accounts[entry.account]
            lot_id = entry.lot.lot_id if isinstance(entry.lot, Lot) else None
            if isinstance(entry.lot, NewLot):
                lot_id = transaction.new_lot_ids[number]
                days = entry.lot.received_on.isoformat(), entry.lot.last_good_day.isoformat()
                lots.append((lot_id, account_id, entry.points, *days))
            entries.append((position, number + 1, account_id, lot_id, entry.points))
    return lots, entries


def _transactions(decisions: Decisions) -> list[Values]:
    booked_on = decisions.moment.day.isoformat()
    return [
        (
            position,
            transaction.transaction_number,
            transaction.booking.kind,
            decisions.moment.microseconds,
            booked_on,
            transaction.caller,
            transaction.booking.subject,
            transaction.booking.refers_to,
            transaction.booking.reason,
        )
        for position, transaction in enumerate(decisions.transactions)
    ]


def _records(decisions: Decisions) -> Iterator[Rows]:
    by_type: dict[type[Record], list[Values]] = {}
    for position, transaction in enumerate(decisions.transactions):
        for record in transaction.booking.records:
            by_type.setdefault(type(record), []).append((position, *record.values()))
    for of_type, rows in by_type.items():
        yield Table(of_type.TABLE, {"transaction_id": int, **of_type.COLUMNS}), rows


def _operations(decisions: Decisions) -> list[Values]:
    return [
        (
            position,
            *operation.request,
            operation.method,
            operation.fingerprint,
            operation.outcome,
            operation.answer,
            decisions.moment.microseconds,
        )
        for operation, position in decisions.operations
    ]
