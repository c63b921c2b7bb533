"""Reads the number fields of the screens (USE-8)."""

import re
from dataclasses import dataclass
from enum import StrEnum, auto

DIGITS_MAX = 10
"""No booking is larger than 9,999,999,999 points (MRG-5)."""

_DIGITS = re.compile("[0-9０-９]+")
_COMMAS = re.compile("[0-9０-９,，]*[,，][0-9０-９,，]*")
_GROUPED = re.compile("[1-9][0-9]{0,2}(,[0-9]{3})+")
_UNITS = ("pt", "ｐｔ")
_TO_ASCII = str.maketrans("０１２３４５６７８９，", "0123456789,")


class AmountFault(StrEnum):
    """Why a text is no amount."""

    EMPTY = auto()
    NOT_A_NUMBER = auto()
    COMMAS = auto()
    """Commas that do not stand between groups of three digits."""
    ZERO = auto()
    TOO_LONG = auto()


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of 1 or more, or the fault; exactly one of the two is set."""

    points: int | None
    fault: AmountFault | None


def parse_amount(text: str) -> Amount:
    """Read points: digits, or points as the screens show them, such as 1,100pt.

    Full-width characters are taken too. Any other character is a fault and never dropped, so
    that 1.5 cannot become 15 and 1,10 cannot become 110.
    """
    text = _without_unit(text)
    if not _COMMAS.fullmatch(text):
        return parse_digits(text)
    plain = text.translate(_TO_ASCII)
    if not _GROUPED.fullmatch(plain):
        return Amount(points=None, fault=AmountFault.COMMAS)
    return parse_digits(plain.replace(",", ""))


def parse_digits(text: str) -> Amount:
    """Read a number of digits and nothing else, ASCII or full-width."""
    fault = _fault(text)
    if fault is not None:
        return Amount(points=None, fault=fault)
    return Amount(points=int(text.translate(_TO_ASCII)), fault=None)


def _without_unit(text: str) -> str:
    for unit in _UNITS:
        if text.endswith(unit) and text != unit:
            return text.removesuffix(unit)
    return text


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
