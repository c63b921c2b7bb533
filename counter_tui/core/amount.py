"""Reads the number field of a screen (USE-8)."""

import re
from dataclasses import dataclass
from enum import StrEnum, auto

DIGITS_MAX = 10
"""No booking is larger than 9,999,999,999 points (MRG-5)."""

_DIGITS = re.compile("[0-9０-９]+")
_TO_ASCII = str.maketrans("０１２３４５６７８９", "0123456789")


class AmountFault(StrEnum):
    """Why a text is no amount."""

    EMPTY = auto()
    NOT_A_NUMBER = auto()
    ZERO = auto()
    TOO_LONG = auto()


@dataclass(frozen=True, slots=True)
class Amount:
    """Points of 1 or more, or the fault; exactly one of the two is set."""

    points: int | None
    fault: AmountFault | None


def parse_amount(text: str) -> Amount:
    """Read ASCII and full-width digits.

    Any other character is a fault and never dropped, so that 1.5 cannot become 15.
    """
    fault = _fault(text)
    if fault is not None:
        return Amount(points=None, fault=fault)
    return Amount(points=int(text.translate(_TO_ASCII)), fault=None)


def _fault(text: str) -> AmountFault | None:
    if not text:
        return AmountFault.EMPTY
    if not _DIGITS.fullmatch(text):
        return AmountFault.NOT_A_NUMBER
    if len(text) > DIGITS_MAX:
        return AmountFault.TOO_LONG
    if int(text.translate(_TO_ASCII)) == 0:
        return AmountFault.ZERO
    return None
