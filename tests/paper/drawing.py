"""Characters as dots: from a Japanese font, and rules and blocks that join."""

from functools import lru_cache
from math import ceil
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

from tests.paper.errors import MissingFontError
from tests.paper.state import Style

FONT_FILE = Path("/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf")
PAPER, INK = 255, 0
FULL = (24, 24)
HALF = (12, 24)
SMALL = (9, 17)
BASELINE = 21

Cell = tuple[int, int]

_ARMS = {
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu",
    "╭": "rd", "╮": "ld", "╰": "ru", "╯": "lu",
    "├": "udr", "┤": "udl", "┬": "lrd", "┴": "lru", "┼": "lrud",
}  # fmt: skip
"""The rules: to which sides of its cell each one reaches from the middle."""

_BLOCKS = {char: (0, 7 - index, 8, 8) for index, char in enumerate("▁▂▃▄▅▆▇█")}
_BLOCKS |= {char: (0, 0, index + 1, 8) for index, char in enumerate("▏▎▍▌▋▊▉")}
_BLOCKS |= {"▔": (0, 0, 8, 1), "▕": (7, 0, 8, 8)}
"""The blocks: left, top, right and bottom in eighths of the cell."""


def blank(width: int, height: int) -> Image.Image:
    """Return empty paper."""
    return Image.new("L", (width, height), PAPER)


@lru_cache
def _font(file: Path) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(file, FULL[1], layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise MissingFontError(
            f"no font at {file}: apt-get install fonts-ipaexfont-gothic"
        ) from error


def _threshold(image: Image.Image) -> Image.Image:
    return image.point([INK] * 128 + [PAPER] * 128)


def _rule(arms: str, cell: Cell) -> Image.Image:
    image = blank(*cell)
    draw = ImageDraw.Draw(image)
    width, height = cell
    x, y = width // 2 - 1, height // 2 - 1
    ends = {"l": (0, y), "r": (width, y), "u": (x, 0), "d": (x, height)}
    for arm in arms:
        far_x, far_y = ends[arm]
        box = (min(x, far_x), min(y, far_y), max(x + 1, far_x), max(y + 1, far_y))
        draw.rectangle(box, fill=INK)
    return image


def _block(box: tuple[int, int, int, int], cell: Cell) -> Image.Image:
    image = blank(*cell)
    left, top, right, bottom = box
    corners = (left * cell[0] / 8, top * cell[1] / 8, right * cell[0] / 8 - 1, bottom * cell[1] / 8)
    ImageDraw.Draw(image).rectangle(corners, fill=INK)
    return image


def _letter(char: str, cell: Cell) -> Image.Image:
    """Draw a character of the font into a cell, squeezed where it is broader."""
    font = _font(FONT_FILE)
    natural = FULL if cell == FULL else HALF
    length = ceil(font.getlength(char))
    broad = max(length, natural[0])
    image = blank(broad, natural[1])
    ImageDraw.Draw(image).text(((broad - length) / 2, BASELINE), char, INK, font, anchor="ls")
    return _threshold(image if image.size == cell else image.resize(cell))


@lru_cache(maxsize=4096)
def glyph(char: str, cell: Cell) -> Image.Image:
    """Return a character at its plain size."""
    if char in _ARMS and cell != FULL:
        return _rule(_ARMS[char], cell)
    if char in _BLOCKS and cell != FULL:
        return _block(_BLOCKS[char], cell)
    return _letter(char, cell)


def styled(char: str, cell: Cell, style: Style, before: int, after: int) -> Image.Image:
    """Return a character with its side spaces, in its size and style."""
    width, height = cell
    image = blank(before + width + after, height)
    image.paste(glyph(char, cell), (before, 0))
    image = image.resize(
        (image.width * style.width, height * style.height), Image.Resampling.NEAREST
    )
    if style.bold:
        shifted = blank(*image.size)
        shifted.paste(image, (1, 0))
        image = ImageChops.darker(image, shifted)
    if style.underline:
        box = (0, image.height - style.underline, image.width, image.height)
        image.paste(INK, box)
    return ImageChops.invert(image) if style.reverse else image


def text(chars: str, cell: Cell) -> Image.Image:
    """Return plain half-width text, as under a barcode."""
    image = blank(max(len(chars) * cell[0], 1), cell[1])
    for index, char in enumerate(chars):
        image.paste(glyph(char, cell), (index * cell[0], 0))
    return image
