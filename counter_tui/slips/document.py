"""Slips as documents: lines, rules, codes and boxes that a printer or the screen can show (RCP-1).

Slips are Japanese whatever language the operator reads: they are the customer's.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, auto

from counter_tui.slips.legible import legible

COLUMNS = 32
"""Cells of a line on paper of 58 mm."""

COLUMNS_MIN = 2
"""A full-width character has to fit on a line."""


class Align(StrEnum):
    """Where a line stands on the paper."""

    LEFT = auto()
    CENTRE = auto()
    RIGHT = auto()


class Code(StrEnum):
    """A code that a scanner reads."""

    QR = auto()
    NW7 = auto()
    CODE39 = auto()
    CODE128 = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text. Large is double height, and double width where it fits, on paper only."""

    text: str
    align: Align = Align.LEFT
    large: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A QR code or a barcode, centred; linear codes have their text below."""

    code: Code
    text: str


@dataclass(frozen=True, slots=True)
class SealBoxes:
    """Two boxes beside each other that seals are put into, each with what it is for."""

    left: str
    right: str


Part = Line | Rule | CodeLine | SealBoxes


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip from its first line to its last."""

    title: str
    """What it is, for the list of what waits for the printer."""
    parts: tuple[Part, ...]


def cell_width(text: str) -> int:
    """Return how many cells of a terminal a text takes; ambiguous characters count 1."""
    return sum(_cells(character) for character in text)


def wrap(text: str, columns: int, width: Callable[[str], int] = cell_width) -> list[str]:
    """Break a text into lines of at most that many columns, at spaces where a word would be cut.

    Nothing but spaces at a break is left out. Raises ValueError where a line is too narrow for a
    full-width character.
    """
    if columns < COLUMNS_MIN:
        raise ValueError(f"{columns} columns are too few")
    lines = []
    rest = text
    while width(rest) > columns:
        cut = _cut(rest, columns, width)
        lines.append(rest[:cut].rstrip(" "))
        rest = rest[cut:].lstrip(" ")
    return [*lines, rest]


def render_text(slip: Slip, columns: int = COLUMNS) -> list[str]:
    """Return the slip as lines for the screen, without spaces at their ends.

    A code is shown as its text: the screen is no paper. What shows nothing is 〓 here too.
    """
    return [line for part in slip.parts for line in _part_text(part, columns)]


def _part_text(part: Part, columns: int) -> list[str]:
    match part:
        case Rule():
            return ["-" * columns]
        case SealBoxes(left, right):
            return _boxes_text(left, right, columns)
        case CodeLine(Code.QR, _):
            return [_aligned("[QR]", Align.CENTRE, columns)]
        case CodeLine(_, text):
            return [_aligned(piece, Align.CENTRE, columns) for piece in wrap(text, columns)]
        case Line(text, align, _):
            return [_aligned(piece, align, columns) for piece in wrap(legible(text), columns)]


def _boxes_text(left: str, right: str, columns: int) -> list[str]:
    inner = (columns - 3) // 2
    edge = f"+{'-' * inner}+{'-' * inner}+"
    heads = [text + " " * (inner - cell_width(text)) for text in (left, right)]
    empty = f"|{' ' * inner}|{' ' * inner}|"
    return [edge, f"|{heads[0]}|{heads[1]}|", empty, empty, edge]


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _cut(text: str, columns: int, width: Callable[[str], int]) -> int:
    used = 0
    cut = 0
    while used + width(text[cut]) <= columns:
        used += width(text[cut])
        cut += 1
    space = text.rfind(" ", 1, cut)
    in_word = _is_of_word(text[cut - 1]) and _is_of_word(text[cut])
    return space if in_word and space > 0 else cut


def _is_of_word(character: str) -> bool:
    return character.isascii() and character != " "


def _aligned(text: str, align: Align, columns: int) -> str:
    room = columns - cell_width(text)
    match align:
        case Align.LEFT:
            return text
        case Align.CENTRE:
            return (" " * (room // 2) + text).rstrip(" ")
        case Align.RIGHT:
            return (" " * room + text).rstrip(" ")
