"""Checking the audit trail against its seals; the first thing wrong is named."""

from collections.abc import Iterator

from peewee import Database

from merge_driver.progress import Progress, showing
from server.audit.sealing import AuditBlockHash, AuditSeal, all_audit_seals, all_events
from server.audit.storing import COUNTER
from server.db.queries import rows
from server.ledger.sealing import NO_HASH

_UNKNOWN_LEDGER_HASH = """SELECT a.first_event_id, a.ledger_hash FROM audit_seal a
    WHERE NOT EXISTS (SELECT 1 FROM seal s WHERE s.hash = a.ledger_hash) ORDER BY 1"""
_UNKNOWN_AUDIT_HASH = """SELECT s.first_transaction_id FROM seal s WHERE s.audit_hash IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM audit_seal a WHERE a.hash = s.audit_hash) ORDER BY 1 LIMIT 1"""
_NEXT = "SELECT next FROM counter WHERE name = ?"


def audit_faults(database: Database, count: int, progress: Progress) -> Iterator[str]:
    """Give what is wrong with the trail; runs in a transaction of the database."""
    seals = all_audit_seals(database)
    block = _Block.of(next(seals, None), None)
    newest = 0
    for numbered in showing(progress, "events of the trail", all_events(database), count):
        if numbered.event_id != newest + 1:
            yield f"audit event {newest + 1} is missing"
        newest = numbered.event_id
        if block is None:
            continue
        block.hash.add(numbered)
        if newest >= block.seal.last_event_id:
            yield from block.faults()
            block = _Block.of(next(seals, None), block.seal)
    if block is not None:
        yield f"audit event {newest + 1} is missing"
    yield from _reference_faults(database)
    found = rows(database, _NEXT, COUNTER)
    if (found[0][0] if found else 1) != newest + 1:
        yield f"the counter of audit events does not follow event {newest}: some are missing"


class _Block:
    """A sealed block, and what was found of it."""

    def __init__(self, seal: AuditSeal, before: AuditSeal | None) -> None:
        self.seal = seal
        self._first = before.last_event_id + 1 if before else 1
        self._previous_hash = before.hash if before else NO_HASH
        self.hash = AuditBlockHash(self._previous_hash, seal.ledger_hash)

    @classmethod
    def of(cls, seal: AuditSeal | None, before: AuditSeal | None) -> "_Block | None":
        """Return the block of a seal, where there is one."""
        return cls(seal, before) if seal is not None else None

    def faults(self) -> Iterator[str]:
        """Check the block, once all its events were added."""
        seal = self.seal
        name = f"audit events {seal.first_event_id} to {seal.last_event_id}"
        if seal.first_event_id != self._first or seal.previous_hash != self._previous_hash:
            yield f"{name}: their seal does not follow the one before, the chain is broken"
        hashed = self.hash.end(seal.first_event_id, seal.last_event_id, seal.sealed_at)
        if hashed != seal.hash:
            yield f"{name}: they are not what was sealed, they or their seal were changed"


def _reference_faults(database: Database) -> Iterator[str]:
    for first_event_id, ledger_hash in rows(database, _UNKNOWN_LEDGER_HASH):
        if bytes(ledger_hash) != NO_HASH:
            yield f"the seal from audit event {first_event_id} on names a seal that is not there"
    for (first_transaction_id,) in rows(database, _UNKNOWN_AUDIT_HASH):
        yield (
            f"the seal from transaction ID {first_transaction_id} on names a seal of the audit "
            "trail that is not there"
        )
