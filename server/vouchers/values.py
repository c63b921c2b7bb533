"""Vouchers as decisions see them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import ClassVar, Self

from server.ledger.values import AccountKind, Booking, Key, Record, Referable, TransactionKind
from server.municipalities.values import Program


class VoucherState(StrEnum):
    """What has become of a voucher."""

    OPEN = "OPEN"
    REDEEMED = "REDEEMED"
    LAPSED = "LAPSED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Settlement:
    """The transaction that ended a voucher."""

    kind: TransactionKind
    booked_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    place_id: int | None
    """Of a redemption: the place that is paid, after corrections."""
    place_name: str
    transaction_id: int | None
    """Of a redemption or its last correction; None where it is of the same batch."""


@dataclass(frozen=True, slots=True)
class Voucher(Referable):
    """A voucher, with what has become of it."""

    transaction_id: int
    transaction_number: str
    voucher_number: str
    program: Program
    points: int
    issued_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    days_valid: int
    last_good_day: date
    place_name: str
    """Of the place that issued it."""
    subject: str
    """The MyKey ID of whom it was issued to."""
    settlement: Settlement | None

    def settled_by(self, booking: Booking, booked_at: int) -> Self:
        """Return the voucher as it is after a redemption, a cancellation or its lapse."""
        paid = (e.account for e in booking.entries if e.account.kind == AccountKind.REDEEMED)
        place_id = next((int(account.owner) for account in paid), None)
        return replace(self, settlement=Settlement(booking.kind, booked_at, place_id, "", None))

    def state(self, today: date) -> VoucherState:
        """Return what has become of it, whether or not its lapse has been booked."""
        if self.settlement is None:
            return VoucherState.LAPSED if self.last_good_day < today else VoucherState.OPEN
        states = {
            TransactionKind.REDEEM: VoucherState.REDEEMED,
            TransactionKind.CANCEL: VoucherState.CANCELLED,
        }
        return states.get(self.settlement.kind, VoucherState.LAPSED)


@dataclass(frozen=True, slots=True)
class VoucherKey(Key[Voucher]):
    """A voucher by its number."""

    voucher_number: str


@dataclass(frozen=True, slots=True)
class VoucherRecord(Record):
    """The row of a voucher."""

    TABLE: ClassVar[str] = "voucher"
    COLUMNS: ClassVar[Mapping[str, type]] = {
        "voucher_number": str,
        "program_id": str,
        "points": int,
        "place_id": int,
        "days_valid": int,
        "last_good_day": str,
        "key_id": int,
        "qr_text": str,
    }

    voucher_number: str
    program_id: str
    points: int
    place_id: int
    days_valid: int
    last_good_day: date
    key_id: int
    qr_text: str

    def values(self) -> tuple[str | int, ...]:
        """Return the values of COLUMNS."""
        return (
            self.voucher_number,
            self.program_id,
            self.points,
            self.place_id,
            self.days_valid,
            self.last_good_day.isoformat(),
            self.key_id,
            self.qr_text,
        )
