"""Refusals of vouchers."""

from enum import StrEnum


class VoucherReason(StrEnum):
    """Why something is not done with a voucher (VCH-6)."""

    DAYS_VALID_UNFIT = "DAYS_VALID_UNFIT"
    VOUCHER_UNKNOWN = "VOUCHER_UNKNOWN"
    """There is none of that number, or the place does not take it: both say the same."""
    VOUCHER_ALREADY_REDEEMED = "VOUCHER_ALREADY_REDEEMED"
    VOUCHER_LAPSED = "VOUCHER_LAPSED"
    VOUCHER_NOT_LAPSED = "VOUCHER_NOT_LAPSED"
    VOUCHER_CANCELLED = "VOUCHER_CANCELLED"
    VOUCHER_CLOSED = "VOUCHER_CLOSED"
    """Its issuer wants something done that is done with open vouchers only."""
    VOUCHER_NOT_REDEEMED = "VOUCHER_NOT_REDEEMED"
    VOUCHER_NUMBERS_TAKEN = "VOUCHER_NUMBERS_TAKEN"
    TRANSACTION_NOT_A_VOUCHER = "TRANSACTION_NOT_A_VOUCHER"
    PLACE_NOT_TIED = "PLACE_NOT_TIED"
    PLACE_UNCHANGED = "PLACE_UNCHANGED"
    TOO_MANY_WRONG_NUMBERS = "TOO_MANY_WRONG_NUMBERS"
