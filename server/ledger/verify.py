"""Checking the ledger against itself: the first thing wrong is named."""

from collections.abc import Iterator
from dataclasses import dataclass

from peewee import Database, PeeweeException, SqliteDatabase

from server.db.engine import shown_name
from server.db.errors import UnusableDatabaseError


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked, or what is wrong."""

    transactions: int
    lots: int
    fault: str | None


_CHECKS: tuple[tuple[str, str], ...] = (
    (
        "transaction {0}: its entries in program {1} sum to {2}, not to 0",
        """SELECT t.transaction_number, a.program_id, sum(e.points)
        FROM entry e JOIN account a USING (account_id) JOIN ledger_transaction t
        USING (transaction_id) GROUP BY e.transaction_id, t.transaction_number, a.program_id
        HAVING sum(e.points) <> 0 ORDER BY e.transaction_id LIMIT 1""",
    ),
    (
        "transaction {0} has no entries",
        """SELECT t.transaction_number FROM ledger_transaction t
        WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.transaction_id = t.transaction_id)
        ORDER BY t.transaction_id LIMIT 1""",
    ),
    (
        "an entry belongs to transaction ID {0}, which does not exist",
        """SELECT e.transaction_id FROM entry e LEFT JOIN ledger_transaction t
        USING (transaction_id) WHERE t.transaction_id IS NULL
        ORDER BY e.transaction_id LIMIT 1""",
    ),
    (
        "lot {0}: {1} points remain, its entries say {2}",
        """SELECT l.lot_id, l.remaining, coalesce(sum(e.points), 0) AS entered
        FROM lot l LEFT JOIN entry e ON e.lot_id = l.lot_id
        GROUP BY l.lot_id, l.remaining HAVING l.remaining <> coalesce(sum(e.points), 0)
        ORDER BY l.lot_id LIMIT 1""",
    ),
    (
        "lot {0}: {1} of {2} points remain",
        """SELECT lot_id, remaining, points FROM lot
        WHERE remaining NOT BETWEEN 0 AND points ORDER BY lot_id LIMIT 1""",
    ),
    (
        "transaction {0}: an entry of held points names no lot of its account",
        """SELECT t.transaction_number FROM entry e JOIN account a USING (account_id)
        JOIN ledger_transaction t USING (transaction_id)
        LEFT JOIN lot l ON l.lot_id = e.lot_id AND l.account_id = e.account_id
        WHERE (a.kind = 'HELD') <> (l.lot_id IS NOT NULL)
        ORDER BY e.transaction_id LIMIT 1""",
    ),
    (
        "transaction {0} cancels a transaction that is no spend",
        """SELECT c.transaction_number FROM ledger_transaction c
        JOIN ledger_transaction s ON s.transaction_id = c.refers_to
        WHERE c.kind = 'CANCEL' AND s.kind <> 'SPEND' ORDER BY c.transaction_id LIMIT 1""",
    ),
    (
        "transaction {0} is a merge without its file, or a file without its merge",
        """SELECT coalesce(t.transaction_number, m.file_name) FROM ledger_transaction t
        FULL JOIN merge m USING (transaction_id)
        WHERE coalesce(t.kind = 'MERGE', FALSE) <> (m.file_name IS NOT NULL)
        ORDER BY 1 LIMIT 1""",
    ),
)


def verify(database: Database) -> Verified:
    """Check sums, lots and entries; the database's own integrity first. Changes nothing.

    Raises UnusableDatabaseError where the tables of a ledger are not there or cannot be read.
    """
    try:
        with database.connection_context(), database.atomic():
            counts = [
                database.execute_sql(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in ("ledger_transaction", "lot")
            ]
            return Verified(counts[0], counts[1], next(_faults(database), None))
    except PeeweeException as error:
        told = " ".join(str(error).split())
        raise UnusableDatabaseError(f"{shown_name(database)} is no ledger: {told}") from error


def _faults(database: Database) -> Iterator[str]:
    if isinstance(database, SqliteDatabase):
        (told,) = database.execute_sql("PRAGMA integrity_check(1)").fetchone()
        if told != "ok":
            yield f"the database file is damaged: {told}"
    for text, query in _CHECKS:
        row = database.execute_sql(query).fetchone()
        if row:
            yield text.format(*row)
