"""Receipts as bytes for ESC/POS printers with Japanese characters of their own (RCP-1).

Two-byte characters go out in cp932 between FS & and FS ., the others as single bytes. cp932 and
not shift_jis: the latter lacks 髙, ① and ㈱.
"""

import re
import unicodedata
from itertools import groupby

from counter_tui.core.receipt import COLUMNS, Align, Line, Receipt, Rule, wrap

INITIALISE = b"\x1b@"
JAPANESE_SET = b"\x1bR\x08"
"""ESC R 8: 0x5C is the yen sign."""
KATAKANA_PAGE = b"\x1bt\x01"
"""ESC t 1: 0xA1 to 0xDF are half-width kana."""
SHIFT_JIS = b"\x1cC\x01"
KANJI_ON = b"\x1c&"
KANJI_OFF = b"\x1c."
LARGE = b"\x1d!\x11"
NORMAL = b"\x1d!\x00"
FEED = b"\x1bd\x03"
CUT = b"\x1dVB\x00"

_ALIGN = {Align.LEFT: b"\x1ba\x00", Align.CENTRE: b"\x1ba\x01", Align.RIGHT: b"\x1ba\x02"}

# What cp932 has under another code point, or what ESC R 8 would print as another character.
_SAME_ON_PAPER = str.maketrans(
    {
        "—": "―",
        "–": "‐",
        "〜": "～",
        "‖": "∥",
        "−": "－",
        "¦": "￤",
        "‾": "￣",
        "\\": "＼",
        "\u00a0": " ",
    }
)
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_VOICED = re.compile("[ぁ-ゖァ-ヺゝヽ][\u3099\u309a]")


class UnprintableError(Exception):
    """A character that the printer does not have; nothing may be printed in its place."""

    def __init__(self, character: str) -> None:
        self.character = character
        shown = character if character.isprintable() else "a character"
        super().__init__(f"the printer has no {shown} (U+{ord(character):04X})")


def encode(receipt: Receipt, columns: int = COLUMNS) -> bytes:
    """Return the bytes that print the receipt and cut the paper.

    Columns are single-byte characters a line: 32 on 58 mm, 48 on 80 mm. Raises UnprintableError.
    """
    lines = b"".join(_encode_line(line, columns) for line in receipt.lines)
    return INITIALISE + JAPANESE_SET + KATAKANA_PAGE + SHIFT_JIS + lines + FEED + CUT


def _encode_line(line: Line | Rule, columns: int) -> bytes:
    if isinstance(line, Rule):
        return _ALIGN[Align.LEFT] + b"-" * columns + b"\n"
    pieces = wrap(_normalise(line.text), columns // 2 if line.large else columns, _paper_width)
    text = b"".join(_ALIGN[line.align] + _encode_text(piece) + b"\n" for piece in pieces)
    return LARGE + text + NORMAL if line.large else text


def _normalise(text: str) -> str:
    without_variants = _VARIATION_SELECTORS.sub("", text)
    composed = _VOICED.sub(
        lambda match: unicodedata.normalize("NFC", match.group()), without_variants
    )
    return composed.translate(_SAME_ON_PAPER)


def _paper_width(text: str) -> int:
    return sum(len(_encode_character(character)) for character in text)


def _encode_text(text: str) -> bytes:
    encoded = (_encode_character(character) for character in text)
    runs = groupby(encoded, key=len)
    return b"".join(_run(length, b"".join(characters)) for length, characters in runs)


def _run(length: int, run: bytes) -> bytes:
    return run if length == 1 else KANJI_ON + run + KANJI_OFF


def _encode_character(character: str) -> bytes:
    if character == "¥":
        return b"\x5c"
    # Private characters would print whatever somebody has loaded into the printer; control
    # characters would be commands.
    if unicodedata.category(character) in ("Cc", "Co"):
        raise UnprintableError(character)
    try:
        return character.encode("cp932")
    except UnicodeEncodeError:
        raise UnprintableError(character) from None
