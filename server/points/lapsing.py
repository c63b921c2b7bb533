"""失効: what is past its last good day leaves the accounts (LED-2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from peewee import Database

from server.clock import Moment
from server.db.queries import rows
from server.ledger.commands import WithoutUsages
from server.ledger.rules import lapse
from server.ledger.values import (
    AccountKey,
    AccountKind,
    Booking,
    Key,
    RequestKey,
    TransactionKind,
)
from server.ledger.view import View
from server.points.rules import check_lapsed
from server.timekeeping.values import Lapsing


@dataclass(frozen=True, slots=True)
class LapseCommand(WithoutUsages):
    """Book the lapse of all points of an account that are past their last good day."""

    request: RequestKey
    account: AccountKey
    mykey_id: str
    day: date
    """The day that was believed when it was asked: a clock that jumps meanwhile takes nothing."""
    fingerprint: bytes = b""
    method: str = "Lapse"

    def names(self) -> Iterable[Key[Any]]:
        """Return nothing: the account says all."""
        return ()

    def accounts(self, view: View) -> Iterable[AccountKey]:  # noqa: ARG002
        """Return the account."""
        return (self.account,)

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Take what has lapsed out of the account, or refuse where nothing has."""
        entries = lapse(self.account, view.lots(self.account), min(self.day, moment.day))
        check_lapsed(entries)
        return Booking(
            TransactionKind.LAPSE, tuple(entries), number.encode(), subject=self.mykey_id
        )


class LapsingAccount(NamedTuple):
    """An account that holds points past their last good day."""

    account: AccountKey
    mykey_id: str


_LAPSING = """SELECT DISTINCT a.program_id, a.owner, z.mykey_id
    FROM lot l JOIN account a USING (account_id)
    JOIN program p USING (program_id)
    JOIN citizen z ON CAST(z.citizen_id AS TEXT) = a.owner
    WHERE l.last_good_day >= ? AND l.last_good_day < ? AND l.remaining > 0 AND p.kind <> 'RETAINED'
    ORDER BY a.program_id, a.owner LIMIT ?"""

_WOULD_LAPSE = """SELECT count(DISTINCT program_id),
    count(DISTINCT account_id), count(DISTINCT voucher), CAST(coalesce(sum(points), 0) AS BIGINT)
    FROM (SELECT a.program_id, l.account_id, NULL AS voucher, l.remaining AS points
        FROM lot l JOIN account a USING (account_id) JOIN program p USING (program_id)
        WHERE l.last_good_day < ? AND l.remaining > 0 AND p.kind <> 'RETAINED'
        UNION ALL SELECT program_id, NULL, voucher_number, points FROM voucher
        WHERE is_open AND last_good_day < ?) x"""


def would_lapse(database: Database, today: date) -> Lapsing:
    """Return how much is past its last good day and not booked as lapsed, vouchers too."""
    (found,) = rows(database, _WOULD_LAPSE, today.isoformat(), today.isoformat())
    return Lapsing(*found)


def lapsing(database: Database, since: date, today: date, most: int) -> list[LapsingAccount]:
    """Return accounts with lots whose last good day was since then, and before today.

    Retained points are moved instead (MYP-8).
    """
    return [
        LapsingAccount(AccountKey(program_id, AccountKind.HELD, owner), mykey_id)
        for program_id, owner, mykey_id in rows(
            database, _LAPSING, since.isoformat(), today.isoformat(), most
        )
    ]
