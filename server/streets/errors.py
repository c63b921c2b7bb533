"""Refusals of streets' systems."""

from enum import StrEnum


class StreetReason(StrEnum):
    """Why a street's system is not let in."""

    STREET_SIGN_IN_REFUSED = "STREET_SIGN_IN_REFUSED"
    """Unknown issuer and wrong secret say the same."""
