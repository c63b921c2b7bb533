"""ポイント移行: retained points become points of a program (LED-1, MYP-3, MYP-4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from server.citizens.rules import accepted_citizen
from server.citizens.values import MykeyKey
from server.clock import Moment
from server.ledger.commands import WithoutUsages
from server.ledger.rules import take
from server.ledger.values import (
    AccountKey,
    AccountKind,
    Booking,
    Entry,
    Key,
    NewLot,
    RequestKey,
    TransactionKind,
)
from server.ledger.view import View
from server.municipalities.rules import last_good_day
from server.municipalities.values import RETAINED_PROGRAM, ProgramKey
from server.points.rules import check_retained_amount, program_in_period

EVERY_DAY = date.min
"""Retained points have a day until which they are to be moved, but never lapse (MYP-8)."""


@dataclass(frozen=True, slots=True)
class MoveCommand(WithoutUsages):
    """Move a citizen's retained points to a program: one transaction, with a leg in each."""

    request: RequestKey
    fingerprint: bytes
    mykey_id: str
    program_id: str
    points: int
    method: str = "Move"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return MykeyKey(self.mykey_id), ProgramKey(self.program_id)

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the citizen's account of retained points."""
        citizen = view.find(MykeyKey(self.mykey_id))
        return (citizen.account(RETAINED_PROGRAM),) if citizen else ()

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Take retained points, earliest first, and open a lot in the program; or refuse."""
        citizen = accepted_citizen(view.find(MykeyKey(self.mykey_id)))
        program = program_in_period(view.find(ProgramKey(self.program_id)), moment.day)
        retained = citizen.account(RETAINED_PROGRAM)
        lots = view.lots(retained)
        check_retained_amount(self.points, lots)
        moved = AccountKey(RETAINED_PROGRAM, AccountKind.MOVED, self.program_id)
        issued = AccountKey(self.program_id, AccountKind.ISSUED)
        lot = NewLot(moment.day, last_good_day(program, moment.day))
        entries = (
            *take(retained, lots, self.points, EVERY_DAY),
            Entry(moved, self.points),
            Entry(issued, -self.points),
            Entry(citizen.account(self.program_id), self.points, lot),
        )
        return Booking(TransactionKind.MOVE, entries, number.encode(), subject=citizen.mykey_id)
