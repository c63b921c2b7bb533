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
    Refusal,
    RequestKey,
    TransactionKind,
)
from server.ledger.view import View
from server.municipalities.rules import place_takes
from server.municipalities.values import PlaceKey
from server.points.errors import PointsReason
from server.vouchers.errors import VoucherReason
from server.vouchers.operations import Redeemed, redeemed_at
from server.vouchers.values import VoucherKey, VoucherState


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
        place = view.find(PlaceKey(self.place_id))
        if place is None or place.municipality_code != terminal.municipality_code:
            raise Refusal(PointsReason.PLACE_UNKNOWN)
        voucher = view.find(VoucherKey(self.voucher_number))
        if voucher is None or not place_takes(voucher.program, place):
            raise Refusal(VoucherReason.VOUCHER_UNKNOWN)
        paid = voucher.settlement
        if paid is None or voucher.state(moment.day) != VoucherState.REDEEMED:
            raise Refusal(VoucherReason.VOUCHER_NOT_REDEEMED)
        if paid.place_id is None or paid.transaction_id is None:
            raise Refusal(VoucherReason.VOUCHER_NOT_REDEEMED)
        if paid.place_id == place.place_id:
            raise Refusal(VoucherReason.PLACE_UNCHANGED)
        entries = (
            Entry(redeemed_at(voucher, paid.place_id), -voucher.points),
            Entry(redeemed_at(voucher, place.place_id), voucher.points),
        )
        return Booking(
            TransactionKind.CORRECT,
            entries,
            self.encode(Redeemed(number, moment.microseconds, voucher, place)),
            subject=voucher.subject,
            refers_to=paid.transaction_id,
            reason=self.reason,
        )
