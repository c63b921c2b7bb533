"""Sealing: transactions in blocks, each with a hash over it and the block before (LED-6).

What is hashed is described byte by byte in docs/formats.md. Transaction IDs follow the order
of commits, so a block never has to wait for a transaction below the newest.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from peewee import Database

from server.db.engine import shown_name
from server.db.errors import UnusableDatabaseError
from server.db.queries import change, rows
from server.ledger.engines import writing
from server.ledger.snapshot import stream
from server.ledger.whole import WholeTransaction, transactions_from

FORMAT = "jichipoint-seal-1"
FORMAT_WITH_AUDIT = "jichipoint-seal-2"
"""Of blocks that name a block of the audit trail."""
NO_HASH = bytes(32)
"""The hash before the first."""
BLOCK_MAX = 1000

_COLUMNS = """first_transaction_id, last_transaction_id, transactions, previous_hash, hash,
    sealed_at, audit_hash FROM seal ORDER BY first_transaction_id"""
_LAST = f"SELECT {_COLUMNS} DESC LIMIT 1"
_ALL = f"SELECT {_COLUMNS}"
_INSERT = """INSERT INTO seal (first_transaction_id, last_transaction_id, transactions,
    previous_hash, hash, sealed_at, audit_hash)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_LAST_AUDIT_HASH = "SELECT hash FROM audit_seal ORDER BY first_event_id DESC LIMIT 1"

Field = str | int | bytes | None


class Seal(NamedTuple):
    """A block of transactions, and the hash that seals it."""

    first_transaction_id: int
    """The ID after the last of the block before, whether or not it is there."""
    last_transaction_id: int
    transactions: int
    previous_hash: bytes
    hash: bytes
    sealed_at: int
    audit_hash: bytes | None
    """The newest seal of the audit trail when this was made; None where there was none."""


class BlockHash:
    """The hash of a block, fed one transaction after the other."""

    def __init__(self, previous_hash: bytes, audit_hash: bytes | None) -> None:
        begun: tuple[Field, ...] = (FORMAT, previous_hash)
        if audit_hash is not None:
            begun = (FORMAT_WITH_AUDIT, previous_hash, audit_hash)
        self._hash = hashlib.sha256(netstrings(begun))
        self.transactions = 0

    def add(self, transaction: WholeTransaction) -> None:
        """Add the next transaction."""
        self._hash.update(netstrings(_fields(transaction)))
        self.transactions += 1

    def end(self, first_transaction_id: int, last_transaction_id: int, sealed_at: int) -> bytes:
        """Return the hash of the whole block."""
        ended = (first_transaction_id, last_transaction_id, self.transactions, sealed_at)
        self._hash.update(netstrings(ended))
        return self._hash.digest()


def netstrings(fields: Iterable[Field]) -> bytes:
    """Return fields one after the other, each with its length before it."""
    parts = []
    for field in fields:
        if isinstance(field, bytes):
            content = field
        else:
            content = b"" if field is None else str(field).encode()
        parts.append(b"%d:%b," % (len(content), content))
    return b"".join(parts)


def _fields(transaction: WholeTransaction) -> Iterator[Field]:
    yield transaction.transaction_id
    yield transaction.number
    yield transaction.kind
    yield transaction.booked_at
    yield transaction.booked_on
    yield transaction.caller
    yield transaction.subject
    yield transaction.refers_to_number
    yield transaction.reason
    yield from transaction.operation or (None,) * 6
    yield len(transaction.entries)
    for entry in transaction.entries:
        yield entry.sequence
        yield entry.program_id
        yield entry.account_kind
        yield entry.owner
        yield entry.points
        yield entry.lot_id
        yield entry.lot_points
        yield entry.received_on
        yield entry.last_good_day


def seal_next(database: Database, now: int, most: int = BLOCK_MAX) -> Seal | None:
    """Seal the next block, and return its seal, or None where everything is sealed.

    `now` is in microseconds. Where another process seals at the same time, one of the two
    seals a block, and the other goes on with the next.
    Raises UnusableDatabaseError where the seals were tampered with.
    """
    lost = None
    while (seal := next_seal(database, most, now)) is not None:
        if seal.first_transaction_id == lost:
            raise UnusableDatabaseError(
                f"{shown_name(database)}: the seals do not follow one another, and no more can "
                "be added: run jichipoint-server ledger verify"
            )
        if insert_seal(database, seal):
            return seal
        lost = seal.first_transaction_id
    return None


def next_seal(database: Database, most: int, now: int) -> Seal | None:
    """Return the seal of the next block, of at most so many transactions; this only reads."""
    last = last_seal(database)
    first, previous_hash = (last.last_transaction_id + 1, last.hash) if last else (1, NO_HASH)
    audited = rows(database, _LAST_AUDIT_HASH)
    audit_hash = audited[0][0] if audited else None
    block = BlockHash(previous_hash, audit_hash)
    transaction = None
    for transaction in transactions_from(database, first, most):
        block.add(transaction)
    if transaction is None:
        return None
    newest = transaction.transaction_id
    found = block.end(first, newest, now)
    return Seal(first, newest, block.transactions, previous_hash, found, now, audit_hash)


def insert_seal(database: Database, seal: Seal) -> bool:
    """Store a seal; return whether it was this one, and not another process's, that is kept."""
    with writing(database):
        return change(database, _INSERT, *seal) == 1


def last_seal(database: Database) -> Seal | None:
    """Return the newest seal."""
    found = rows(database, _LAST)
    return Seal(*found[0]) if found else None


def all_seals(database: Database) -> Iterator[Seal]:
    """Give every seal in its order; runs in a transaction of the database."""
    return (Seal(*row) for row in stream(database, _ALL))
