"""What a customer number may be: pure functions."""

import re
from enum import Enum, auto

from server.issuers.values import Issuer, Symbology

CUSTOMER_ID_LENGTH_MAX = 32
"""As long as a merge file can carry (formats.md)."""

_CUSTOMER_ID = re.compile(f"[!-~]{{1,{CUSTOMER_ID_LENGTH_MAX}}}")
_STREET_CUSTOMER_ID = re.compile(f"[0-9A-Za-z-]{{1,{CUSTOMER_ID_LENGTH_MAX}}}")
_CARRIED = {
    Symbology.NW7: re.compile(r"[0-9$:/.+-]+"),
    Symbology.CODE39: re.compile(r"[0-9A-Z.$/+%-]+"),
    Symbology.CODE128: re.compile("[!-~]+"),
    Symbology.QR: re.compile("[!-~]+"),
}
"""What each code can carry of a number; NW-7's start and stop letters come from the issuer."""


class Unfit(Enum):
    """Why a number cannot be an issuer's."""

    STREET = auto()
    """A merge file could not carry it."""
    PATTERN = auto()
    SYMBOLOGY = auto()


def is_customer_id(text: str) -> bool:
    """Whether a text can be any issuer's customer number."""
    return _CUSTOMER_ID.fullmatch(text) is not None


def carries(symbology: Symbology, customer_id: str) -> bool:
    """Whether a code can carry a number as it is (SID-3)."""
    return _CARRIED[symbology].fullmatch(customer_id) is not None


def why_unfit(issuer: Issuer, customer_id: str) -> Unfit | None:
    """Return why a number cannot be the issuer's; None where it can."""
    if issuer.is_street and not _STREET_CUSTOMER_ID.fullmatch(customer_id):
        return Unfit.STREET
    if issuer.street_pattern and not re.fullmatch(issuer.street_pattern, customer_id):
        return Unfit.PATTERN
    return None if carries(issuer.symbology, customer_id) else Unfit.SYMBOLOGY
