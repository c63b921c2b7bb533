"""What must hold of each part of the ledger. Every check gives what is wrong, in order."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from peewee import Database

from merge_driver.progress import Progress, showing
from server.db.queries import rows
from server.ledger.rules import PRACTICE_MARK
from server.ledger.snapshot import stream
from server.ledger.values import AccountKind, TransactionKind
from server.ledger.whole import WholeEntry, WholeTransaction

_CANCELLABLE = (
    TransactionKind.SPEND,
    TransactionKind.ISSUE,
    TransactionKind.LAPSE,
    TransactionKind.EXPIRE,
)
_HOLD = (TransactionKind.HOLD,)
_ISSUE = (TransactionKind.ISSUE,)
_REDEEMED = (TransactionKind.REDEEM, TransactionKind.CORRECT)
REFERS_TO: dict[str, tuple[tuple[str, ...], str]] = {
    TransactionKind.CANCEL: (_CANCELLABLE, "cancels a transaction that cannot be cancelled"),
    TransactionKind.CAPTURE: (_HOLD, "captures a transaction that is no hold"),
    TransactionKind.RELEASE: (_HOLD, "releases a transaction that is no hold"),
    TransactionKind.REDEEM: (_ISSUE, "redeems a transaction that is no voucher"),
    TransactionKind.EXPIRE: (_ISSUE, "lets a transaction lapse that is no voucher"),
    TransactionKind.CORRECT: (_REDEEMED, "corrects a transaction that is no redemption"),
}


def transaction_faults(transaction: WholeTransaction) -> Iterator[str]:
    """Check a transaction in itself: its entries, what it refers to, its answer."""
    name = f"transaction {transaction.number}"
    if not _fits_day(transaction):
        yield (
            f"transaction ID {transaction.transaction_id}: {transaction.number!r} is no "
            f"transaction number of {transaction.booked_on}"
        )
    if not transaction.entries:
        yield f"{name} has no entries"
    for number, entry in enumerate(transaction.entries, 1):
        if entry.sequence != number:
            yield f"{name}: its entry {number} is missing"
        yield from (f"{name}: {fault}" for fault in _entry_faults(entry))
    for program_id, points in _sums(transaction).items():
        if points:
            yield f"{name}: its entries in program {program_id} sum to {points}, not to 0"
    yield from (f"{name} {fault}" for fault in _reference_faults(transaction))
    if transaction.operation is None:
        yield f"{name}: the answer to its request is missing"


def _fits_day(transaction: WholeTransaction) -> bool:
    number, day = transaction.number, transaction.booked_on.replace("-", "")
    if number.startswith(PRACTICE_MARK):
        return number.removeprefix(PRACTICE_MARK).isdecimal()
    return number.startswith(day) and number.isascii() and number[len(day) :].isdigit()


def _entry_faults(entry: WholeEntry) -> Iterator[str]:
    if entry.account_kind is None:
        yield f"an entry names account ID {entry.account_id}, which does not exist"
    elif entry.account_kind == AccountKind.HELD:
        if entry.lot_id is None or entry.lot_account_id != entry.account_id:
            yield "an entry of held points names no lot of its account"
    elif entry.lot_id is not None:
        yield "an entry of points that are not held names a lot"


def _sums(transaction: WholeTransaction) -> dict[str, int]:
    sums: dict[str, int] = {}
    for entry in transaction.entries:
        program_id = str(entry.program_id)
        sums[program_id] = sums.get(program_id, 0) + entry.points
    return sums


def _reference_faults(transaction: WholeTransaction) -> Iterator[str]:
    wanted = REFERS_TO.get(transaction.kind)
    if wanted is None:
        if transaction.refers_to is not None:
            yield "refers to another, though it is none that does"
    elif transaction.refers_to is None:
        yield "refers to no other, though it must"
    elif transaction.refers_to_kind is None:
        yield f"refers to transaction ID {transaction.refers_to}, which does not exist"
    elif transaction.refers_to_kind not in wanted[0]:
        yield wanted[1]
    elif transaction.refers_to >= transaction.transaction_id:
        yield f"refers to the later transaction {transaction.refers_to_number}"


_LOTS = """SELECT l.lot_id, l.points, l.remaining, a.account_id FROM lot l
    LEFT JOIN account a ON a.account_id = l.account_id ORDER BY l.lot_id"""
_LOT_ENTRIES = """SELECT lot_id, transaction_id, points FROM entry WHERE lot_id IS NOT NULL
    ORDER BY lot_id, transaction_id, sequence"""
_NUMBER = "SELECT transaction_number FROM ledger_transaction WHERE transaction_id = ?"


def lot_faults(database: Database, count: int, progress: Progress) -> Iterator[str]:
    """Check every lot against its entries: at the end, and at every moment before it."""
    by_lot = groupby(stream(database, _LOT_ENTRIES), key=itemgetter(0))
    entries_of, entries = next(by_lot, (None, iter(())))
    lots = showing(progress, "lots", stream(database, _LOTS), count)
    for lot_id, points, remaining, account_id in lots:
        while entries_of is not None and entries_of < lot_id:
            entries_of, entries = next(by_lot, (None, iter(())))
        if account_id is None:
            yield f"lot {lot_id} is of an account that does not exist"
        if entries_of != lot_id:
            yield f"lot {lot_id} was opened by no transaction"
            continue
        entered = 0
        for number, (_, transaction_id, moved) in enumerate(entries):
            entered += moved
            if number == 0 and moved != points:
                by = _number_of(database, transaction_id)
                yield f"lot {lot_id}: {points} points, but transaction {by} opened it with {moved}"
            if not 0 <= entered <= points:
                by = _number_of(database, transaction_id)
                yield f"lot {lot_id}: transaction {by} leaves {entered} of its {points} points"
        if remaining != entered:
            yield f"lot {lot_id}: {remaining} points remain, its entries say {entered}"


def _number_of(database: Database, transaction_id: int) -> str:
    found = rows(database, _NUMBER, transaction_id)
    return str(found[0][0]) if found else f"ID {transaction_id}"


class Counters:
    """Checks that no number can be given a second time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._following: dict[str, int] = {}

    def add(self, transaction: WholeTransaction) -> None:
        """Take note of a transaction's ID and number."""
        self._following["transaction"] = transaction.transaction_id + 1
        name, digits = f"day:{transaction.booked_on}", transaction.number[len("YYYYMMDD") :]
        if transaction.number.startswith(PRACTICE_MARK):
            name, digits = "practice", transaction.number.removeprefix(PRACTICE_MARK)
        self._following[name] = max(int(digits) + 1, self._following.get(name, 0))

    def faults(self) -> Iterator[str]:
        """Check the counters, once all transactions were added."""
        counters: dict[str, int] = dict(rows(self._database, "SELECT name, next FROM counter"))
        given = counters.get("transaction", 1)
        following = self._following.get("transaction", 1)
        if given > following:
            yield f"the newest transactions are missing: {_ids(following, given - 1)}"
        for table in ("lot", "account"):
            query = f"SELECT coalesce(max({table}_id), 0) + 1 FROM {table}"  # noqa: S608
            ((self._following[table],),) = rows(self._database, query)
        for name, least in sorted(self._following.items()):
            if counters.get(name, 1) < least:
                yield (
                    f"the counter {name!r} says that {counters.get(name, 1)} comes next, "
                    f"but {least - 1} is given"
                )


def _ids(first: int, last: int) -> str:
    return f"ID {first}" if first == last else f"IDs {first} to {last}"


_TABLES: tuple[tuple[str, str], ...] = (
    (
        "an entry belongs to transaction ID {0}, which does not exist",
        """SELECT e.transaction_id FROM entry e LEFT JOIN ledger_transaction t
        ON t.transaction_id = e.transaction_id WHERE t.transaction_id IS NULL
        ORDER BY e.transaction_id LIMIT 1""",
    ),
    (
        "request {1} of {0} was answered with transaction ID {2}, which does not exist",
        """SELECT o.caller, o.request_id, o.transaction_id FROM operation o
        LEFT JOIN ledger_transaction t ON t.transaction_id = o.transaction_id
        WHERE o.transaction_id IS NOT NULL AND t.transaction_id IS NULL
        ORDER BY o.transaction_id LIMIT 1""",
    ),
    (
        "transaction {0} is a hold without its record",
        """SELECT t.transaction_number FROM ledger_transaction t
        LEFT JOIN hold h ON h.transaction_id = t.transaction_id
        WHERE t.kind = 'HOLD' AND h.transaction_id IS NULL ORDER BY t.transaction_id LIMIT 1""",
    ),
    (
        "the record of a hold belongs to {0}, which is no hold",
        """SELECT coalesce('transaction ' || t.transaction_number,
            'transaction ID ' || CAST(h.transaction_id AS TEXT))
        FROM hold h LEFT JOIN ledger_transaction t ON t.transaction_id = h.transaction_id
        WHERE coalesce(t.kind, '') <> 'HOLD' ORDER BY h.transaction_id LIMIT 1""",
    ),
    (
        "transaction {0}: its hold is not open exactly while nothing refers to it",
        """SELECT t.transaction_number FROM hold h
        JOIN ledger_transaction t ON t.transaction_id = h.transaction_id
        LEFT JOIN ledger_transaction r ON r.refers_to = h.transaction_id
        WHERE h.is_open <> (r.transaction_id IS NULL) ORDER BY h.transaction_id LIMIT 1""",
    ),
    (
        "citizen {1} has {2} points reserved in program {0}, the open holds say {3}",
        """SELECT program_id, owner, reserved, held FROM (
            SELECT a.program_id, a.owner, CAST(sum(e.points) AS BIGINT) AS reserved,
                CAST(sum(CASE WHEN h.is_open THEN e.points ELSE 0 END) AS BIGINT) AS held
            FROM account a JOIN entry e ON e.account_id = a.account_id
            LEFT JOIN hold h ON h.transaction_id = e.transaction_id
            WHERE a.kind = 'RESERVED' GROUP BY a.program_id, a.owner) s
        WHERE reserved <> held ORDER BY program_id, owner LIMIT 1""",
    ),
    (
        "transaction {0} is an issue without its voucher, or a voucher without its issue",
        """SELECT coalesce(t.transaction_number, v.voucher_number) FROM ledger_transaction t
        FULL JOIN voucher v ON v.transaction_id = t.transaction_id
        WHERE coalesce(t.kind = 'ISSUE', FALSE) <> (v.voucher_number IS NOT NULL)
        ORDER BY 1 LIMIT 1""",
    ),
    (
        "transaction {0}: its voucher is not what was booked",
        """SELECT t.transaction_number FROM voucher v
        JOIN ledger_transaction t ON t.transaction_id = v.transaction_id
        WHERE NOT EXISTS (SELECT 1 FROM entry e JOIN account a ON a.account_id = e.account_id
            WHERE e.transaction_id = v.transaction_id AND a.kind = 'OUTSTANDING'
            AND a.program_id = v.program_id AND e.points = v.points)
        ORDER BY t.transaction_id LIMIT 1""",
    ),
    (
        "transaction {0}: its voucher is not open exactly while nothing refers to it",
        """SELECT t.transaction_number FROM voucher v
        JOIN ledger_transaction t ON t.transaction_id = v.transaction_id
        LEFT JOIN ledger_transaction r ON r.refers_to = v.transaction_id
        WHERE v.is_open <> (r.transaction_id IS NULL) ORDER BY v.transaction_id LIMIT 1""",
    ),
    (
        "program {0} has {1} points on vouchers, the open vouchers say {2}",
        """SELECT program_id, outstanding, open_points FROM (
            SELECT p.program_id,
                (SELECT CAST(coalesce(sum(e.points), 0) AS BIGINT) FROM account a
                JOIN entry e ON e.account_id = a.account_id
                WHERE a.kind = 'OUTSTANDING' AND a.program_id = p.program_id) AS outstanding,
                (SELECT CAST(coalesce(sum(v.points), 0) AS BIGINT) FROM voucher v
                WHERE v.is_open AND v.program_id = p.program_id) AS open_points
            FROM program p) s
        WHERE outstanding <> open_points ORDER BY program_id LIMIT 1""",
    ),
    (
        "transaction {0} is a merge without its file, or a file without its merge",
        """SELECT coalesce(t.transaction_number, m.file_name) FROM ledger_transaction t
        FULL JOIN merge m ON m.transaction_id = t.transaction_id
        WHERE coalesce(t.kind = 'MERGE' AND substr(t.transaction_number, 1, 1) <> '練', FALSE)
            <> (m.file_name IS NOT NULL)
        ORDER BY 1 LIMIT 1""",
    ),
    (
        "transaction {0}: the record of its merge is not what was booked",
        """SELECT t.transaction_number FROM merge m
        JOIN ledger_transaction t ON t.transaction_id = m.transaction_id
        WHERE m.file_name <> m.issuer_id || '-' || t.transaction_number || '.mrg'
            OR NOT EXISTS (SELECT 1 FROM entry e JOIN account a ON a.account_id = e.account_id
                WHERE e.transaction_id = m.transaction_id AND a.kind = 'MERGED'
                AND a.owner = m.issuer_id AND e.points = m.points)
        ORDER BY t.transaction_id LIMIT 1""",
    ),
)


def table_faults(database: Database, progress: Progress) -> Iterator[str]:
    """Check that no row is left over, and that holds and merges are as they were booked."""
    for text, query in showing(progress, "checks between tables", _TABLES, len(_TABLES)):
        for row in rows(database, query):
            yield text.format(*row)
