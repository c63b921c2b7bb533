"""A redemption moves to the place it belongs to: by the municipality, with a reason (VCH-9)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from server.callers.rules import active_terminal
from server.callers.values import TerminalKey
from server.clock import Moment
from server.ledger.commands import WithoutAccounts
from server.ledger.values import (
    Booking,
    Entry,
    Key,
    RequestKey,
    TransactionKind,
)
from server.ledger.view import View
from server.municipalities.values import PlaceKey
from server.vouchers.operations import Redeemed, redeemed_at
from server.vouchers.rules import acceptable, paid_elsewhere, place_of_municipality
from server.vouchers.values import VoucherKey


@dataclass(frozen=True, slots=True)
class CorrectRedemptionCommand(WithoutAccounts):
    """Pay another place for a voucher than the one it was redeemed for."""

    request: RequestKey
    fingerprint: bytes
    terminal_id: str
    voucher_number: str
    place_id: int
    reason: str
    encode: Callable[[Redeemed], bytes]
    method: str = "CorrectRedemption"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return (
            TerminalKey(self.terminal_id),
            VoucherKey(self.voucher_number),
            PlaceKey(self.place_id),
        )

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Move the points from place to place, or refuse.

        Another municipality's vouchers and places are as unknown as those there are not.
        """
        terminal = active_terminal(view.find(TerminalKey(self.terminal_id)))
        place = place_of_municipality(view.find(PlaceKey(self.place_id)), terminal)
        voucher = acceptable(view.find(VoucherKey(self.voucher_number)), place)
        paid_at, transaction_id = paid_elsewhere(voucher, place, moment.day)
        entries = (
            Entry(redeemed_at(voucher, paid_at), -voucher.points),
            Entry(redeemed_at(voucher, place.place_id), voucher.points),
        )
        return Booking(
            TransactionKind.CORRECT,
            entries,
            self.encode(Redeemed(number, moment.microseconds, voucher, place)),
            subject=voucher.subject,
            refers_to=transaction_id,
            reason=self.reason,
        )
