"""利用カード番号: what is typed, scanned or read becomes a number, or what is wrong with it."""

import re
from dataclasses import dataclass
from enum import StrEnum, auto

from counter_tui.core.scan_text import without_additions

LENGTH_MAX = 32

_NW7 = re.compile(r"[A-Da-d]([0-9$:/.+-]+)[A-Da-d]")


class NumberFault(StrEnum):
    """Why a text is no customer number."""

    EMPTY = auto()
    SPACE = auto()
    CHARACTER = auto()
    TOO_LONG = auto()


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """A customer number, or what is wrong."""

    number: str = ""
    fault: NumberFault | None = None


def parse_number(text: str) -> ParsedNumber:
    """Return the number that a text is, without what a scanner or an input method added.

    Anything else that is not printable ASCII is a fault; nothing in the middle is dropped.
    """
    number = without_additions(text)
    if not number:
        return ParsedNumber(fault=NumberFault.EMPTY)
    if any(character.isspace() for character in number):
        return ParsedNumber(fault=NumberFault.SPACE)
    if not all("!" <= character <= "~" for character in number):
        return ParsedNumber(fault=NumberFault.CHARACTER)
    if len(number) > LENGTH_MAX:
        return ParsedNumber(fault=NumberFault.TOO_LONG)
    return ParsedNumber(number)


def without_nw7_letters(scanned: str) -> str:
    """Return what a scanner read of an NW-7 code without its start and stop letters.

    Many scanners send them; the numbers themselves hold no letters in that code.
    """
    found = _NW7.fullmatch(without_additions(scanned))
    return found[1] if found else scanned
