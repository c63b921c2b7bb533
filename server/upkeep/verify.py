"""Checking the ledger against itself: the first thing wrong is named (LED-6)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

from peewee import Database, SqliteDatabase

from merge_driver.progress import SILENT, Progress, showing
from server.audit.checking import audit_faults
from server.audit.sealing import last_audit_seal
from server.db.queries import rows
from server.ledger.sealing import last_seal
from server.ledger.snapshot import snapshot
from server.ledger.whole import all_transactions
from server.upkeep.checking import Counters, lot_faults, table_faults, transaction_faults
from server.upkeep.ordering import Order
from server.upkeep.timing import Times


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked, and what is wrong."""

    transactions: int
    lots: int
    blocks: int
    sealed: int
    """Transactions in sealed blocks, as the seals say."""
    last_hash: bytes | None
    """The newest seal's: whoever keeps it elsewhere sees whether all seals were made anew."""
    events: int
    """In the audit trail."""
    events_sealed: int
    audit_last_hash: bytes | None
    """The trail's newest seal's, to be kept elsewhere too."""
    fault: str | None

    @property
    def unsealed(self) -> int:
        """How many transactions are not sealed yet."""
        return max(self.transactions - self.sealed, 0)


_STEPS_AT_ONCE = 100_000
"""Of SQLite's virtual machine, between two looks at how far its check has come."""
_COUNTS = """SELECT (SELECT count(*) FROM ledger_transaction), (SELECT count(*) FROM lot),
    (SELECT count(*) FROM seal),
    (SELECT CAST(coalesce(sum(transactions), 0) AS BIGINT) FROM seal),
    (SELECT count(*) FROM audit_event),
    (SELECT coalesce(max(last_event_id), 0) FROM audit_seal)"""


def verify(database: Database, progress: Progress = SILENT) -> Verified:
    """Check the whole ledger as it stands at one moment, and change nothing.

    Raises UnusableDatabaseError where the tables of a ledger are not there or cannot be read.
    """
    with snapshot(database):
        return check(database, progress)


def check(database: Database, progress: Progress = SILENT) -> Verified:
    """Do the same in a transaction that the caller has begun."""
    ((transactions, lots, blocks, sealed, events, events_sealed),) = rows(database, _COUNTS)
    last = last_seal(database)
    found = Verified(
        transactions,
        lots,
        blocks,
        sealed,
        last.hash if last else None,
        events,
        events_sealed,
        audit.hash if (audit := last_audit_seal(database)) else None,
        None,
    )
    return replace(found, fault=next(_faults(database, found, progress), None))


def _faults(database: Database, counts: Verified, progress: Progress) -> Iterator[str]:
    """Give what is wrong: the file first, then transactions and blocks in their order."""
    if isinstance(database, SqliteDatabase):
        yield from _file_faults(database, progress)
    yield from _all_transactions_faults(database, counts.transactions, progress)
    yield from lot_faults(database, counts.lots, progress)
    yield from table_faults(database, progress)
    yield from audit_faults(database, counts.events, progress)


def _file_faults(database: SqliteDatabase, progress: Progress) -> Iterator[str]:
    steps = count(_STEPS_AT_ONCE, _STEPS_AT_ONCE)

    def show() -> None:
        progress.show("steps of the file's own check", next(steps), 0)

    connection = database.connection()
    connection.set_progress_handler(show, _STEPS_AT_ONCE)
    try:
        ((told,),) = rows(database, "PRAGMA integrity_check(1)")
    finally:
        connection.set_progress_handler(None, 0)
    if told != "ok":
        yield f"the database file is damaged: {told}"


def _all_transactions_faults(database: Database, of: int, progress: Progress) -> Iterator[str]:
    order = Order(database)
    counters, times = Counters(database), Times(database)
    for transaction in showing(progress, "transactions", all_transactions(database), of):
        yield from order.faults_before(transaction)
        yield from transaction_faults(transaction)
        order.add(transaction)
        counters.add(transaction)
        times.add(transaction)
    yield from order.faults_at_end()
    yield from counters.faults()
    yield from times.faults()
