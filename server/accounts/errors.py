"""Refusals of questions about accounts."""

from enum import StrEnum


class AccountsReason(StrEnum):
    """Why a balance or history cannot be told."""

    MOMENT_UNKNOWN = "MOMENT_UNKNOWN"
    """No transaction has that number."""
    MOMENT_IN_FUTURE = "MOMENT_IN_FUTURE"
