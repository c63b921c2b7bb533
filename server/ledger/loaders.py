"""How the ledger's own keys are read."""

from datetime import date
from itertools import groupby
from typing import cast

from server.ledger.values import (
    AccountKey,
    AccountKind,
    BookedEntry,
    BookedTransaction,
    Key,
    Loader,
    Lot,
    Row,
    TransactionKey,
    TransactionKind,
)

_TRANSACTIONS = """SELECT t.transaction_id, t.transaction_number, t.kind, t.booked_on, t.caller,
    t.subject, EXISTS (SELECT 1 FROM ledger_transaction c WHERE c.refers_to = t.transaction_id),
    a.program_id, a.kind, a.owner, e.points, l.lot_id, l.last_good_day, l.remaining
    FROM ledger_transaction t JOIN entry e USING (transaction_id)
    JOIN account a USING (account_id) LEFT JOIN lot l USING (lot_id)
    WHERE (t.transaction_number) IN ({keys})
    ORDER BY t.transaction_id, e.sequence"""


def _transactions(rows: list[Row]) -> dict[Key[BookedTransaction], BookedTransaction]:
    found: dict[Key[BookedTransaction], BookedTransaction] = {}
    for _, of_one in groupby(rows, key=lambda row: row[0]):
        whole = list(of_one)
        transaction_id, number, kind, booked_on, caller, subject, settled = whole[0][:7]
        entries = tuple(_entry(row[7:]) for row in whole)
        found[TransactionKey(str(number))] = BookedTransaction(
            int(cast(int, transaction_id)),
            str(number),
            TransactionKind(cast(str, kind)),
            date.fromisoformat(cast(str, booked_on)),
            str(caller),
            str(subject),
            bool(settled),
            entries,
        )
    return found


def _entry(row: Row) -> BookedEntry:
    program_id, kind, owner, points, lot_id, last_good_day, remaining = row
    account = AccountKey(str(program_id), AccountKind(cast(str, kind)), str(owner))
    lot = None
    if lot_id is not None:
        day = date.fromisoformat(cast(str, last_good_day))
        lot = Lot(cast(int, lot_id), day, cast(int, remaining))
    return BookedEntry(account, cast(int, points), lot)


TRANSACTIONS = Loader(
    TransactionKey,
    _TRANSACTIONS,
    lambda key: (cast(TransactionKey, key).transaction_number,),
    _transactions,
)
