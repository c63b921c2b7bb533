"""Slips as bytes for ESC/POS printers (RCP-1).

Two-byte characters go out in cp932 between FS & and FS ., the others as single bytes. cp932 and
not shift_jis: the latter lacks 髙, ① and ㈱. A line with a character that cp932 lacks is printed
as a picture, whole; so is every line with Japanese on a printer without Kanji of its own.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from counter_tui.slips import raster
from counter_tui.slips.cell_codes import CodeFault, UncarriableError
from counter_tui.slips.document import (
    Align,
    Code,
    CodeLine,
    Line,
    Part,
    Rule,
    SealBoxes,
    Slip,
    cell_width,
    wrap,
)
from counter_tui.slips.legible import GETA, legible

if TYPE_CHECKING:
    pass

INITIALISE = b"\x1b@"
JAPANESE_SET = b"\x1bR\x08"
"""ESC R 8: 0x5C is the yen sign."""
KATAKANA_PAGE = b"\x1bt\x01"
"""ESC t 1: 0xA1 to 0xDF are half-width kana."""
SHIFT_JIS = b"\x1cC\x01"
KANJI_ON = b"\x1c&"
KANJI_OFF = b"\x1c."
LARGE = b"\x1d!\x11"
TALL = b"\x1d!\x01"
"""Of double height only: for a large line that is too long to be broad as well."""
NORMAL = b"\x1d!\x00"
TIGHT = b"\x1b3\x18"
"""ESC 3 24: lines without a gap, so that what is drawn of characters joins."""
SPACED = b"\x1b2"
FEED = b"\x1bd\x03"
CUT = b"\x1dVB\x00"

QR_MODEL_2 = b"\x1d(k\x04\x001A2\x00"
QR_SIZE = b"\x1d(k\x03\x001C%c"
QR_LEVEL_M = b"\x1d(k\x03\x001E1"
QR_PRINT = b"\x1d(k\x03\x001Q0"
QR_DOTS = 6
"""A module is 6 dots, about 0.75 mm."""
QR_QUIET = b"\x1bJ%c" % (4 * QR_DOTS)
"""Four light modules above and below, which printers leave to the sender."""
BARCODE_SETTINGS = b"\x1dh\x50\x1dw\x02\x1dH\x02\x1df\x00"
"""80 dots high, thin bars of 2 dots, the text below."""
BARCODES = {Code.CODE39: b"\x45", Code.NW7: b"\x47", Code.CODE128: b"\x49"}
"""GS k's m, for data with its length in front."""
BARCODE_DOTS, BARCODE_HEIGHT = 2, 80
NATIVE_BREADTH = 1.25
"""A printer's thick bars are 5 dots where ours are 4."""

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
        "\u00c5": "\u212b",
    }
)


@dataclass(frozen=True, slots=True)
class Paper:
    """What a printer prints on, and what it can do by itself."""

    columns: int = 32
    """Single-byte characters a line: 32 on 58 mm, 48 on 80 mm; each 12 dots wide."""
    has_kanji: bool = True
    """Whether it has Japanese characters of its own."""
    has_codes: bool = True
    """Whether it draws QR codes and barcodes by itself."""
    font: Path | None = None
    """For what is printed as a picture; without it a font of the machine is looked for."""

    @property
    def dots(self) -> int:
        """How many dots a line has."""
        return self.columns * raster.CELL_DOTS


PAPER_58 = Paper(32)
PAPER_80 = Paper(48)


def encode(slip: Slip, paper: Paper = PAPER_58) -> bytes:
    """Return the bytes that print the slip and cut the paper.

    Raises UncarriableError for a code that cannot carry its text or is broader than the paper, and
    raster.FontError where the printer has no Kanji and this machine no font for them.
    """
    parts = b"".join(_encode_part(part, paper) for part in slip.parts)
    return INITIALISE + JAPANESE_SET + KATAKANA_PAGE + SHIFT_JIS + parts + FEED + CUT


def _encode_part(part: Part, paper: Paper) -> bytes:
    match part:
        case Line():
            return _encode_line(part, paper)
        case Rule():
            return _ALIGN[Align.LEFT] + b"-" * paper.columns + b"\n"
        case SealBoxes():
            return _encode_boxes(part, paper)
        case CodeLine():
            return _ALIGN[Align.CENTRE] + _encode_code(part, paper)


def _encode_line(line: Line, paper: Paper) -> bytes:
    text = _on_paper(line.text, paper)
    if not _is_native(text, paper):
        return _ALIGN[line.align] + _pictured(line, text, paper)
    pieces = wrap(text, paper.columns, _paper_width)
    encoded = b"".join(_ALIGN[line.align] + _encode_text(piece) + b"\n" for piece in pieces)
    if not line.large:
        return encoded
    fits = _paper_width(text) * 2 <= paper.columns
    return (LARGE if fits else TALL) + encoded + NORMAL


def _pictured(line: Line, text: str, paper: Paper) -> bytes:
    scale = 2 if line.large and raster.paper_cells(text) * 2 <= paper.columns else 1
    pieces = wrap(text, paper.columns // scale, raster.paper_cells)
    return b"".join(
        _ALIGN[line.align] + raster.command(raster.text_picture(piece, scale, paper.font))
        for piece in pieces
    )


def _encode_boxes(boxes: SealBoxes, paper: Paper) -> bytes:
    """Return two boxes with room for a seal, of the printer's own line characters or drawn."""
    heads = [_on_paper(boxes.left, paper), _on_paper(boxes.right, paper)]
    if not all(_is_native(head, paper) for head in heads) or not paper.has_kanji:
        picture = raster.boxes_picture(heads, paper.dots, paper.font)
        return _ALIGN[Align.LEFT] + raster.command(picture)
    inner = (paper.columns // 2 - 3) // 2
    padded = [head + "　" * (inner - cell_width(head) // 2) for head in heads]
    empty = f"│{'　' * inner}│{'　' * inner}│"
    rows = (
        f"┌{'─' * inner}┬{'─' * inner}┐",
        f"│{padded[0]}│{padded[1]}│",
        *(empty,) * 4,
        f"└{'─' * inner}┴{'─' * inner}┘",
    )
    text = b"".join(_encode_text(row) + b"\n" for row in rows)
    return _ALIGN[Align.LEFT] + TIGHT + text + SPACED


def _encode_code(part: CodeLine, paper: Paper) -> bytes:
    if not paper.has_codes:
        return _pictured_code(part, paper)
    if part.code is Code.QR:
        raster.qr_picture(part.text, 1)  # what it cannot carry is told here, not on paper
        length = len(part.text) + 3
        store = b"\x1d(k" + length.to_bytes(2, "little") + b"1P0" + part.text.encode("ascii")
        code = QR_MODEL_2 + QR_SIZE % QR_DOTS + QR_LEVEL_M + store + QR_PRINT
        return QR_QUIET + code + QR_QUIET
    modules = raster.linear_picture(part, 1, 1).width
    if modules * BARCODE_DOTS * NATIVE_BREADTH > paper.dots:
        return _pictured_code(part, paper)
    data = part.text.encode("ascii")
    if part.code is Code.CODE128:
        data = b"{B" + data.replace(b"{", b"{{")
    return BARCODE_SETTINGS + b"\x1dk" + BARCODES[part.code] + bytes([len(data)]) + data + b"\n"


def _pictured_code(part: CodeLine, paper: Paper) -> bytes:
    if part.code is Code.QR:
        return raster.command(raster.qr_picture(part.text, QR_DOTS))
    picture = raster.linear_picture(part, BARCODE_DOTS, BARCODE_HEIGHT)
    if picture.width > paper.dots:
        raise UncarriableError(part.code, CodeFault.TOO_LONG)
    return raster.command(picture) + _encode_line(Line(part.text, Align.CENTRE), paper)


def _is_native(text: str, paper: Paper) -> bool:
    """Whether the printer has every character itself."""
    encodable: Callable[[str], bool] = _has_cp932 if paper.has_kanji else str.isascii
    return all(encodable(character) for character in text)


def _on_paper(text: str, paper: Paper) -> str:
    """Return the text that is printed: 〓 for what neither the printer nor a font has."""
    readable = legible(text).translate(_SAME_ON_PAPER)
    foreign = {one for one in readable if not _is_native(one, paper)}
    if not foreign:
        return readable
    printable = _with_geta(readable, _lacking(foreign, paper))
    if _is_native(printable, paper):
        return printable
    return _with_geta(printable, _lacking(set(printable), paper))  # it is drawn, whole


def _with_geta(text: str, lacking: Set[str]) -> str:
    return "".join(GETA if one in lacking else one for one in text)


def _lacking(characters: Set[str], paper: Paper) -> Set[str]:
    """Return those that no font has. A printer with Kanji of its own prints without a font."""
    try:
        return raster.lacking(characters, paper.font)
    except raster.FontError:
        if paper.has_kanji:
            return characters
        raise


def _paper_width(text: str) -> int:
    return sum(len(_encode_character(character)) for character in text)


def _encode_text(text: str) -> bytes:
    encoded = (_encode_character(character) for character in text)
    runs = groupby(encoded, key=len)
    return b"".join(_run(length, b"".join(characters)) for length, characters in runs)


def _run(length: int, run: bytes) -> bytes:
    return run if length == 1 else KANJI_ON + run + KANJI_OFF


def _encode_character(character: str) -> bytes:
    return b"\x5c" if character == "¥" else character.encode("cp932")


def _has_cp932(character: str) -> bool:
    try:
        _encode_character(character)
    except UnicodeEncodeError:
        return False
    return True
