"""Receipts as documents: lines that a printer or the screen can show (RCP-1, RCP-2).

Receipts are Japanese whatever language the operator reads: they are the customer's.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum, auto

from google.protobuf.timestamp_pb2 import Timestamp
from jichipoint.v1 import merging_pb2, points_pb2

COLUMNS = 32
"""Cells of a line on paper of 58 mm."""

COLUMNS_MIN = 2
"""A full-width character has to fit on a line."""

TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")
"""Japan has had no summer time since 1951."""


class Align(StrEnum):
    """Where a line stands on the paper."""

    LEFT = auto()
    CENTRE = auto()
    RIGHT = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text. Large is double width and double height, on paper only."""

    text: str
    align: Align = Align.LEFT
    large: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt from its first line to its last."""

    lines: tuple[Line | Rule, ...]


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


def render_text(receipt: Receipt, columns: int = COLUMNS) -> list[str]:
    """Return the receipt as lines for the screen, without spaces at their ends."""
    rendered: list[str] = []
    for line in receipt.lines:
        if isinstance(line, Rule):
            rendered.append("-" * columns)
        else:
            pieces = wrap(line.text, columns)
            rendered.extend(_aligned(piece, line.align, columns) for piece in pieces)
    return rendered


def spend_receipt(spend: points_pb2.SpendResponse, place_name: str) -> Receipt:
    """Return the receipt of a spend (S31)."""
    return Receipt(
        (
            *_heading(spend.program_name),
            *_points(spend.points, spend.balance_after),
            *_thanks(place_name),
            *_reference(spend.transaction_number, spend.book_time),
        )
    )


def merge_receipt(merge: merging_pb2.MergeResponse, place_name: str) -> Receipt:
    """Return the receipt of a merge (S39)."""
    return Receipt(
        (
            *_heading(merge.program_name),
            Line("[合算先商店街名]"),
            Line(merge.street_name),
            Line(""),
            *_points(merge.points, merge.balance_after),
            *_thanks(place_name),
            *_reference(merge.transaction_number, merge.book_time),
        )
    )


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


def _heading(program_name: str) -> tuple[Line, ...]:
    return (
        Line(program_name, Align.CENTRE, large=True),
        Line("★★★レシート★★★", Align.CENTRE),
        Line(""),
    )


def _points(points: int, balance_after: int) -> tuple[Line, ...]:
    return (
        Line("[今回の利用ポイント数]"),
        Line(f"{points:,}ポイント"),
        Line(""),
        Line("[ポイント残高]"),
        Line(f"{balance_after:,}ポイント"),
        Line(""),
    )


def _thanks(place_name: str) -> tuple[Line, ...]:
    place = (Line(place_name),) if place_name else ()
    return (*place, Line("ご利用いただき"), Line("ありがとうございました。"), Line(""))


def _reference(transaction_number: str, book_time: Timestamp) -> tuple[Line, ...]:
    return (
        Line(f"取引済番号: {transaction_number}"),
        Line(f"発行日時: {_time(book_time.ToDatetime(tzinfo=UTC))}"),
    )


def _time(moment: datetime) -> str:
    local = moment.astimezone(TOKYO)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M:%S}"
