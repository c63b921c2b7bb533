"""Giving points: what came into a program, in a lot of its own (LED-2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from server.citizens.rules import accepted_holder
from server.citizens.values import CertificateKey
from server.clock import Moment
from server.ledger.commands import WithoutAccounts
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
from server.municipalities.values import ProgramKey
from server.points.rules import check_bounds, granted_program


@dataclass(frozen=True, slots=True)
class GrantCommand(WithoutAccounts):
    """ポイント付与 to the holder of a certificate."""

    request: RequestKey
    fingerprint: bytes
    serial_number: str
    program_id: str
    points: int
    method: str = "Grant"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return CertificateKey(self.serial_number), ProgramKey(self.program_id)

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Open a lot that is good for the program's days, or refuse."""
        check_bounds(self.points)
        holder = accepted_holder(view.find(CertificateKey(self.serial_number)), moment.day)
        program = granted_program(view.find(ProgramKey(self.program_id)), moment.day)
        lot = NewLot(moment.day, last_good_day(program, moment.day))
        issued = AccountKey(self.program_id, AccountKind.ISSUED)
        entries = (
            Entry(issued, -self.points),
            Entry(holder.account(self.program_id), self.points, lot),
        )
        return Booking(TransactionKind.GRANT, entries, number.encode(), subject=holder.mykey_id)
