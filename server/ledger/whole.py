"""Transactions with all that belongs to them, in the order of their IDs."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from peewee import Database

from server.db.queries import Row, rows
from server.ledger.snapshot import stream

_WHOLE = """SELECT t.transaction_id, t.transaction_number, t.kind, t.booked_at, t.booked_on,
    t.caller, t.subject, t.reason, t.refers_to, r.transaction_number, r.kind,
    o.caller, o.request_id, o.method, o.fingerprint, o.answer, o.decided_at,
    e.sequence, e.points, e.account_id, a.program_id, a.kind, a.owner,
    e.lot_id, l.account_id, l.points, l.received_on, l.last_good_day
    FROM {transactions} t
    LEFT JOIN ledger_transaction r ON r.transaction_id = t.refers_to
    LEFT JOIN operation o ON o.transaction_id = t.transaction_id
    LEFT JOIN entry e ON e.transaction_id = t.transaction_id
    LEFT JOIN account a ON a.account_id = e.account_id
    LEFT JOIN lot l ON l.lot_id = e.lot_id
    ORDER BY t.transaction_id, e.sequence"""
_ALL = _WHOLE.format(transactions="ledger_transaction")
_FROM = _WHOLE.format(
    transactions="""(SELECT * FROM ledger_transaction
    WHERE transaction_id >= ? ORDER BY transaction_id LIMIT ?)"""
)


class WholeEntry(NamedTuple):
    """An entry with its account and lot; what is missing is None."""

    sequence: int
    points: int
    account_id: int
    program_id: str | None
    account_kind: str | None
    owner: str | None
    lot_id: int | None
    lot_account_id: int | None
    lot_points: int | None
    received_on: str | None
    last_good_day: str | None


class KeptOperation(NamedTuple):
    """The request that a transaction was booked for, and its answer."""

    caller: str
    request_id: str
    method: str
    fingerprint: bytes
    answer: bytes
    decided_at: int


class WholeTransaction(NamedTuple):
    """A transaction with its operation and entries."""

    transaction_id: int
    number: str
    kind: str
    booked_at: int
    booked_on: str
    caller: str
    subject: str
    reason: str
    refers_to: int | None
    refers_to_number: str | None
    refers_to_kind: str | None
    operation: KeptOperation | None
    entries: tuple[WholeEntry, ...]


def all_transactions(database: Database) -> Iterator[WholeTransaction]:
    """Give every transaction, a few at a time; runs in a transaction of the database."""
    return _grouped(stream(database, _ALL))


def transactions_from(database: Database, first: int, most: int) -> Iterator[WholeTransaction]:
    """Give at most so many transactions, from an ID on."""
    return _grouped(rows(database, _FROM, first, most))


def _grouped(found: Iterable[Row]) -> Iterator[WholeTransaction]:
    for _, of_one in groupby(found, key=lambda row: row[0]):
        whole = list(of_one)
        row = whole[0]
        operation = None if row[11] is None else KeptOperation(*row[11:17])
        entries = () if row[17] is None else tuple(WholeEntry(*each[17:]) for each in whole)
        yield WholeTransaction._make((*row[:11], operation, entries))
