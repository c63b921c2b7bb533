"""Sealing events in hash-chained blocks, beside those of the ledger (SEC-5, LED-6).

Each block names the newest block of the ledger, and the ledger's next block names the newest of
these. What is hashed is described byte by byte in docs/formats.md.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from peewee import Database

from server.audit.values import Event
from server.db.engine import shown_name
from server.db.errors import UnusableDatabaseError
from server.db.queries import Row, change, rows
from server.ledger.engines import writing
from server.ledger.sealing import NO_HASH, last_seal, netstrings
from server.ledger.snapshot import stream

FORMAT = "jichipoint-audit-1"
BLOCK_MAX = 1000
WAIT_MICROSECONDS = 600_000_000
"""A block that is not full is sealed when its first event is so old."""

_SEAL_COLUMNS = "first_event_id, last_event_id, previous_hash, ledger_hash, hash, sealed_at"
_SEALS = f"SELECT {_SEAL_COLUMNS} FROM audit_seal ORDER BY first_event_id"  # noqa: S608
_INSERT = f"""INSERT INTO audit_seal ({_SEAL_COLUMNS})
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""  # noqa: S608
_EVENTS = f"SELECT event_id, {', '.join(Event._fields)} FROM audit_event"  # noqa: S608


class AuditSeal(NamedTuple):
    """A block of events, and the hash that seals it."""

    first_event_id: int
    last_event_id: int
    previous_hash: bytes
    ledger_hash: bytes
    """The newest seal of the ledger when this was made; zeros where there was none."""
    hash: bytes
    sealed_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""


class NumberedEvent(NamedTuple):
    """An event with its number."""

    event_id: int
    event: Event


class AuditBlockHash:
    """The hash of a block, fed one event after the other."""

    def __init__(self, previous_hash: bytes, ledger_hash: bytes) -> None:
        self._hash = hashlib.sha256(netstrings((FORMAT, previous_hash, ledger_hash)))

    def add(self, numbered: NumberedEvent) -> None:
        """Add the next event."""
        self._hash.update(netstrings((numbered.event_id, *numbered.event)))

    def end(self, first_event_id: int, last_event_id: int, sealed_at: int) -> bytes:
        """Return the hash of the whole block."""
        self._hash.update(netstrings((first_event_id, last_event_id, sealed_at)))
        return self._hash.digest()


def next_audit_seal(
    database: Database, now: int, *, wait: int = WAIT_MICROSECONDS, most: int = BLOCK_MAX
) -> AuditSeal | None:
    """Return the seal of the next block, or None where none is due; this only reads.

    `now` and `wait` are in microseconds.
    """
    last = last_audit_seal(database)
    first, previous_hash = (last.last_event_id + 1, last.hash) if last else (1, NO_HASH)
    found = _events_from(database, first, most)
    if not found or (len(found) < most and 0 <= now - found[0].event.noted_at < wait):
        return None
    ledger = last_seal(database)
    ledger_hash = ledger.hash if ledger else NO_HASH
    block = AuditBlockHash(previous_hash, ledger_hash)
    for numbered in found:
        block.add(numbered)
    newest = found[-1].event_id
    hashed = block.end(first, newest, now)
    return AuditSeal(first, newest, previous_hash, ledger_hash, hashed, now)


def seal_trail(database: Database, now: int) -> None:
    """Seal all that is not sealed yet. Raises UnusableDatabaseError where seals were changed."""
    lost = None
    while (seal := next_audit_seal(database, now, wait=0)) is not None:
        if seal.first_event_id == lost:
            raise UnusableDatabaseError(
                f"{shown_name(database)}: the seals of the audit trail do not follow one another, "
                "and no more can be added: run jichipoint-server ledger verify"
            )
        if not insert_audit_seal(database, seal):
            lost = seal.first_event_id


def insert_audit_seal(database: Database, seal: AuditSeal) -> bool:
    """Store a seal; return whether it was this one, and not another process's, that is kept."""
    with writing(database):
        return change(database, _INSERT, *seal) == 1


def last_audit_seal(database: Database) -> AuditSeal | None:
    """Return the newest seal."""
    found = rows(database, f"{_SEALS} DESC LIMIT 1")
    return AuditSeal(*found[0]) if found else None


def all_audit_seals(database: Database) -> Iterator[AuditSeal]:
    """Give every seal in its order; runs in a transaction of the database."""
    return (AuditSeal(*row) for row in stream(database, _SEALS))


def all_events(database: Database) -> Iterator[NumberedEvent]:
    """Give every event in its order; runs in a transaction of the database."""
    return (_numbered(row) for row in stream(database, f"{_EVENTS} ORDER BY event_id"))


def _events_from(database: Database, first: int, most: int) -> list[NumberedEvent]:
    query = f"{_EVENTS} WHERE event_id >= ? ORDER BY event_id LIMIT ?"
    return [_numbered(row) for row in rows(database, query, first, most)]


def _numbered(row: Row) -> NumberedEvent:
    return NumberedEvent(row[0], Event(*row[1:]))
