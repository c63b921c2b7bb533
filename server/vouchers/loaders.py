"""How vouchers are read for decisions."""

from datetime import date
from itertools import groupby
from typing import cast

from server.ledger.values import Key, Loader, Row, TransactionKind
from server.municipalities.loaders import PROGRAM_COLUMNS, build_program
from server.vouchers.values import Settlement, Voucher, VoucherKey

_LAST = """(WITH RECURSIVE chain (transaction_id) AS (
        SELECT s.transaction_id
        UNION ALL SELECT r.transaction_id FROM chain
        JOIN ledger_transaction r ON r.refers_to = chain.transaction_id)
    SELECT max(transaction_id) FROM chain)"""
"""A redemption, or the newest of the transactions that corrected it."""
_PAID = f"""(SELECT {{what}} FROM entry e JOIN account a ON a.account_id = e.account_id
    JOIN place q ON CAST(q.place_id AS TEXT) = a.owner
    WHERE e.transaction_id = {_LAST} AND a.kind = 'REDEEMED' AND e.points > 0)"""  # noqa: S608
_SELECT = f"""SELECT v.voucher_number, v.transaction_id, t.transaction_number, v.points,
    t.booked_at, v.days_valid, v.last_good_day, i.name, t.subject,
    s.kind, s.booked_at, {_LAST}, {_PAID.format(what="q.place_id")},
    {_PAID.format(what="q.name")}, {PROGRAM_COLUMNS}
    FROM voucher v JOIN ledger_transaction t ON t.transaction_id = v.transaction_id
    JOIN place i ON i.place_id = v.place_id
    JOIN program p ON p.program_id = v.program_id
    LEFT JOIN program_terminals c ON c.program_id = p.program_id
    LEFT JOIN ledger_transaction s ON s.refers_to = v.transaction_id
    WHERE (v.voucher_number) IN ({{keys}})
    ORDER BY v.voucher_number"""  # noqa: S608
_OWN = 14
"""So many columns come before the program's."""


def _vouchers(rows: list[Row]) -> dict[Key[Voucher], Voucher]:
    found: dict[Key[Voucher], Voucher] = {}
    for number, of_one in groupby(rows, key=lambda row: row[0]):
        whole = list(of_one)
        (_, transaction_id, transaction_number, points, issued_at, days_valid, until, place) = (
            whole[0][:8]
        )
        subject, *settlement = whole[0][8:_OWN]
        found[VoucherKey(str(number))] = Voucher(
            cast(int, transaction_id),
            str(transaction_number),
            str(number),
            build_program([row[_OWN:] for row in whole]),
            cast(int, points),
            cast(int, issued_at),
            cast(int, days_valid),
            date.fromisoformat(cast(str, until)),
            str(place),
            str(subject),
            _settlement(tuple(settlement)),
        )
    return found


def _settlement(row: Row) -> Settlement | None:
    kind, booked_at, transaction_id, place_id, place_name = row
    if kind is None:
        return None
    return Settlement(
        TransactionKind(cast(str, kind)),
        cast(int, booked_at),
        cast(int | None, place_id),
        cast(str | None, place_name) or "",
        cast(int, transaction_id),
    )


VOUCHERS = Loader(
    VoucherKey,
    _SELECT,
    lambda key: (cast(VoucherKey, key).voucher_number,),
    _vouchers,
)
