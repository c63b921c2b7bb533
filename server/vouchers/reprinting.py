"""再発行: the same voucher on paper once more, counted (VCH-3)."""

from typing import NamedTuple

from peewee import Database

from server.db.queries import change, rows
from server.ledger.errors import LedgerReason
from server.ledger.values import Refusal, RequestKey
from server.points.errors import PointsReason
from server.vouchers.errors import VoucherReason


class Reprint(NamedTuple):
    """A voucher that is to be printed again."""

    voucher_number: str
    qr_text: str
    number: int


_ISSUED = """SELECT v.transaction_id, v.voucher_number, v.qr_text, v.is_open
    FROM voucher v JOIN ledger_transaction t USING (transaction_id)
    WHERE t.transaction_number = ? AND t.caller = ?"""
_DONE = """SELECT sequence, transaction_id FROM voucher_reprint
    WHERE caller = ? AND request_id = ?"""


def reprint(database: Database, request: RequestKey, transaction_number: str, now: int) -> Reprint:
    """Count a reprint, once for each request ID; runs in a writing transaction.

    Raises Refusal where the caller issued no such voucher, or it is not open any more.
    """
    found = rows(database, _ISSUED, transaction_number, request.caller)
    if not found:
        raise Refusal(PointsReason.TRANSACTION_UNKNOWN)
    ((transaction_id, voucher_number, qr_text, is_open),) = found
    if not is_open:
        raise Refusal(VoucherReason.VOUCHER_CLOSED)
    done = rows(database, _DONE, *request)
    if done:
        ((count, of_transaction),) = done
        if of_transaction != transaction_id:
            raise Refusal(LedgerReason.REQUEST_ID_REUSED)
        return Reprint(voucher_number, qr_text, count)
    ((count,),) = rows(
        database,
        "SELECT coalesce(max(sequence), 0) + 1 FROM voucher_reprint WHERE transaction_id = ?",
        transaction_id,
    )
    change(
        database,
        """INSERT INTO voucher_reprint
        (transaction_id, sequence, caller, request_id, reprinted_at) VALUES (?, ?, ?, ?, ?)""",
        transaction_id,
        count,
        *request,
        now,
    )
    return Reprint(voucher_number, qr_text, count)
