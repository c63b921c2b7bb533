"""A printed slip row by row, and the rows that its document asks for.

Text that is printed as a picture is read from its dots: each character is the one of the
alphabet that looks most like them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps, ImageStat

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
    render_text,
)
from tests.counter_tui.slips.examples import SLIPS
from tests.paper import paper as on_paper
from tests.paper.drawing import BASELINE, INK, PAPER, blank
from tests.paper.paper import SIDE, Paper

FRAME = "┌─┬┐│└┴┘"
CELL_DOTS, LINE_DOTS, STRIP_DOTS, BOXES_DOTS = 12, 24, 128, 134
"""How wide a cell is; how high are a line of text, a full strip of a picture, and seal boxes."""
SHIFT_DOTS = 2
"""How far fonts may have a character elsewhere in its cell."""
FONTS = (
    Path("/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf"),
    Path("/usr/share/fonts/truetype/ipamj/ipamjm.ttf"),
)
SAME_DOTS = {"一", "ー"}
"""Whichever of them the slip has is taken: in this font nobody can tell them from each other."""
NEARLY_THE_SAME = "高崎吉己已未末土士日目口"


@dataclass(frozen=True)
class Row:
    """A line of text, or what a code says."""

    text: str
    align: Align = Align.LEFT
    broad: bool = False
    """Whether its characters have double width."""


def wanted_rows(slip: Slip, columns: int) -> list[Row]:
    """Return the rows that a slip has on paper.

    They are the document's text with these differences: a large line that fits is broad, seal
    boxes are one row with what both are for, and a code says its text; a linear one says it
    twice, for it is also written below.
    """
    return [row for part in slip.parts for row in _wanted(part, columns)]


def _wanted(part: Part, columns: int) -> Iterator[Row]:
    match part:
        case Line(text, align, large):
            broad = large and sum(map(_cells, text)) * 2 <= columns
            for piece in render_text(Slip("", (Line(text),)), columns):
                yield Row(piece, align, broad)
        case Rule():
            yield Row("-" * columns)
        case SealBoxes(left, right):
            yield Row(f"{left} {right}")
        case CodeLine(code, text):
            yield from [Row(text, Align.CENTRE)] * (1 if code is Code.QR else 2)


def printed_rows(paper: Paper, slip: Slip, columns: int) -> list[Row]:
    """Return the rows that stand on the paper, without the empty one below a printer's barcode.

    Pictures of text are cut into characters where the slip's own text has them.
    """
    cuts = [row.text for row in wanted_rows(slip, columns)]
    rows: list[Row] = []
    below_barcode = False
    for line in _whole_pictures(paper.printed):
        if not _is_mere_frame(line.text) and not (below_barcode and _is_empty(line)):
            rows += _rows(paper.image, line, cuts[len(rows)] if len(rows) < len(cuts) else "")
        below_barcode = line.picture is not None and bool(line.picture.hri)
    return rows


def _is_empty(line: on_paper.Line) -> bool:
    return not line.text and line.picture is None


def _whole_pictures(lines: Iterable[on_paper.Line]) -> list[on_paper.Line]:
    """Join the strips that a picture is sent in."""
    whole: list[on_paper.Line] = []
    goes_on = False
    for line in lines:
        if goes_on and line.picture:
            whole[-1] = replace(whole[-1], bottom=line.bottom)
        else:
            whole.append(line)
        goes_on = line.picture is not None and line.bottom - line.top == STRIP_DOTS
    return whole


def _is_mere_frame(text: str) -> bool:
    return bool(text) and not text.strip(FRAME + "　")


def _rows(image: Image.Image, line: on_paper.Line, cut: str) -> Iterator[Row]:
    align = Align[line.align.name]
    if line.picture is None:
        broad = bool(line.sizes) and all(width == 2 for width, _ in line.sizes)
        yield Row(_unframed(line.text), align, broad)
        return
    dots = image.crop((line.left, line.top, line.right, line.bottom))
    if dots.height in (LINE_DOTS, 2 * LINE_DOTS):
        yield Row(read_text(dots, cut), align, dots.height > LINE_DOTS)
    elif dots.height == BOXES_DOTS:
        yield Row(" ".join(_heads(dots, cut)), align)
    else:
        quiet = ImageOps.expand(dots, SIDE, PAPER)
        (found,) = zxingcpp.read_barcodes(quiet, text_mode=zxingcpp.TextMode.Plain)
        yield Row(found.text, align)
        if line.picture.hri:
            yield Row(line.picture.hri.strip("*"), align)


def _unframed(text: str) -> str:
    return " ".join(re.split(r"[│　]+", text)).strip() if "│" in text else text


def _heads(boxes: Image.Image, cut: str) -> Iterator[str]:
    """Read what stands at the top of each box."""
    for number, head in enumerate(cut.split()):
        left, top = number * boxes.width // 2 + 8, 4
        width = sum(map(_cells, head)) * CELL_DOTS
        yield read_text(boxes.crop((left, top, left + width, top + LINE_DOTS)), head)


def read_text(dots: Image.Image, cut: str) -> str:
    """Read a line, of which cut tells how many cells each character has; what is left is "…"."""
    small = dots.resize((dots.width * LINE_DOTS // dots.height, LINE_DOTS))
    read, left = "", 0
    for character in cut:
        cells = _cells(character)
        right = left + cells * CELL_DOTS
        seen = _character(small.crop((left, 0, right, LINE_DOTS)).tobytes(), cells)
        read += character if {seen, character} == SAME_DOTS else seen
        left = right
    is_left = left < small.width and INK in small.crop((left, 0, *small.size)).getextrema()
    return read + "…" if is_left else read


def _cells(character: str) -> int:
    """Return how broad a character is on paper: as printers with Kanji have it, if they do."""
    return len(character.encode("cp932", "ignore")) or cell_width(character)


@cache
def _character(dots: bytes, cells: int) -> str:
    """Return the character that these dots are a picture of; the same dots are looked at once."""
    cell = Image.frombytes("L", (cells * CELL_DOTS, LINE_DOTS), dots)
    if cell.getextrema() == (PAPER, PAPER):
        return " "
    drawn = _blurred(cell)
    alphabet = [character for character in _alphabet() if _cells(character) == cells]
    nearest = sorted(alphabet, key=lambda one: _difference(drawn, _drawing(one)))[:12]
    return min(nearest, key=lambda one: _least_difference(drawn, _drawing(one)))


@cache
def _alphabet() -> list[str]:
    parts = [part for slip in SLIPS.values() for part in slip.parts]
    lines = [part.text for part in parts if isinstance(part, Line)]
    heads = [part.left + part.right for part in parts if isinstance(part, SealBoxes)]
    return sorted({*"".join(lines + heads), *NEARLY_THE_SAME} - {" "})


@cache
def _drawing(character: str) -> Image.Image:
    """Draw a character into its cells, squeezed where it is broader."""
    font = next(font for font in _fonts() if _has(font, character))
    width = _cells(character) * CELL_DOTS
    image = blank(max(width, round(font.getlength(character))), LINE_DOTS)
    ImageDraw.Draw(image).text((0, BASELINE), character, INK, font, anchor="ls")
    return _blurred(image.resize((width, LINE_DOTS)))


@cache
def _fonts() -> list[ImageFont.FreeTypeFont]:
    basic = ImageFont.Layout.BASIC
    return [ImageFont.truetype(path, LINE_DOTS - 1, layout_engine=basic) for path in FONTS]


def _has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    return bytes(font.getmask(character)) != bytes(font.getmask("\U0010ffff"))


def _blurred(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, SHIFT_DOTS, PAPER).filter(ImageFilter.GaussianBlur(1))


def _difference(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other)).sum[0]


def _least_difference(one: Image.Image, other: Image.Image) -> float:
    """Return how far the dots differ where one is shifted so that they differ least."""
    shifts = range(-SHIFT_DOTS, SHIFT_DOTS + 1)
    shifted = (ImageChops.offset(one, across, down) for across in shifts for down in shifts)
    return min(_difference(image, other) for image in shifted)
