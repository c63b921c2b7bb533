"""What a printer cannot print by itself, drawn: lines of text, codes, boxes.

Pillow is imported when something is first drawn; most receipts never need it.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from counter_tui.slips.cell_codes import Symbology, linear_modules, qr_modules
from counter_tui.slips.document import Code, CodeLine, cell_width
from counter_tui.slips.legible import GETA

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

CELL_DOTS = 12
"""A single-byte character is so many dots wide, and twice as high."""
ROWS_AT_ONCE = 128
"""Of a picture: cheap printers hold no more at once."""
SEAL_DOTS = 110
"""Room for a seal."""
_SYMBOLOGIES = {
    Code.NW7: Symbology.NW7,
    Code.CODE39: Symbology.CODE39,
    Code.CODE128: Symbology.CODE128,
}
FONT_FILES: tuple[str, ...] = (
    "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf",
    "/usr/share/fonts/truetype/fonts-japanese-gothic.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf",
    "/usr/share/fonts/truetype/ipamj/ipamjm.ttf",
    "C:/Windows/Fonts/msgothic.ttc",
    "C:/Windows/Fonts/YuGothM.ttc",
)
"""Where systems keep Japanese fonts; IPAmj has what names in registers are written with."""


_HOW_TO_GET_ONE = (
    "name one with --receipt-font, or install one "
    "(on Debian: apt-get install fonts-ipaexfont-gothic)"
)
_NO_CHARACTER = "\U0010ffff"
"""Fonts draw what they lack as this."""


class FontError(Exception):
    """There is no Japanese font to draw with; the message says what to do."""


def lacking(characters: Set[str], wanted: Path | None) -> Set[str]:
    """Return those that no font has a picture of. Raises FontError where none has Japanese."""
    faces = [_face(path, 2 * CELL_DOTS) for path in fonts(wanted)]
    if not any(face.has(GETA) for face in faces):
        names = ", ".join(str(path) for path in fonts(wanted))
        raise FontError(f"no Japanese characters are in {names}: {_HOW_TO_GET_ONE}")
    return {one for one in characters if not any(face.has(one) for face in faces)}


def command(picture: "Image") -> bytes:
    """Return the bytes that print a picture: GS v 0, in strips that any printer holds."""
    width = (picture.width + 7) // 8
    strips = (
        picture.crop((0, top, width * 8, min(top + ROWS_AT_ONCE, picture.height)))
        for top in range(0, picture.height, ROWS_AT_ONCE)
    )
    return b"".join(_strip(strip, width) for strip in strips)


def _strip(strip: "Image", width: int) -> bytes:
    head = b"\x1dv0\x00" + width.to_bytes(2, "little") + strip.height.to_bytes(2, "little")
    return head + strip.tobytes()


def paper_cells(text: str) -> int:
    """Return how many cells a text takes on paper: those that printers with Kanji give it."""
    return sum(len(one.encode("cp932", "ignore")) or cell_width(one) for one in text)


def text_picture(text: str, scale: int, font: Path | None) -> "Image":
    """Return a line of text as dots, 24 high times the scale. Raises FontError."""
    height = 2 * CELL_DOTS * scale
    picture = _blank(max(1, paper_cells(text)) * CELL_DOTS * scale, height)
    _draw(picture, text, (0, 0), height, font)
    return picture


def boxes_picture(heads: Sequence[str], dots: int, font: Path | None) -> "Image":
    """Return two boxes with room for a seal, each with what it is for. Raises FontError."""
    from PIL.ImageDraw import Draw  # noqa: PLC0415

    height = 2 * CELL_DOTS + SEAL_DOTS
    picture = _blank(dots, height)
    drawing = Draw(picture)
    half = dots // 2
    for number, head in enumerate(heads):
        left = number * half
        drawing.rectangle((left, 0, left + half - 1, height - 1), outline=1, width=2)
        _draw(picture, head, (left + 8, 4), 2 * CELL_DOTS, font)
    return picture


def qr_picture(text: str, dots: int) -> "Image":
    """Return a QR code with so many dots a module. Raises UncarriableError."""
    return _modules(qr_modules(text), dots, dots)


def linear_picture(part: CodeLine, dots: int, height: int) -> "Image":
    """Return a barcode with so many dots a thin bar. Raises UncarriableError."""
    modules = linear_modules(part.text, _SYMBOLOGIES[part.code])
    return _modules([[module == "1" for module in modules]], dots, height)


def fonts(wanted: Path | None) -> list[Path]:
    """Return the fonts to draw with, the one that is wanted first.

    Each character is drawn with the first that has it. Raises FontError.
    """
    if wanted is not None and not wanted.is_file():
        raise FontError(f"there is no font {wanted}")
    found = [Path(path) for path in FONT_FILES if Path(path).is_file()]
    if wanted is not None:
        found.insert(0, wanted)
    if not found:
        raise FontError(f"no Japanese font is found on this machine: {_HOW_TO_GET_ONE}")
    return found


def _modules(rows: Iterable[Sequence[bool]], across: int, down: int) -> "Image":
    found = list(rows)
    picture = _blank(len(found[0]), len(found))
    picture.putdata([int(module) for row in found for module in row])
    return picture.resize((picture.width * across, picture.height * down))


def _blank(width: int, height: int) -> "Image":
    from PIL import Image  # noqa: PLC0415

    return Image.new("1", (width, height))


def _draw(
    picture: "Image", text: str, at: tuple[int, int], height: int, wanted: Path | None
) -> None:
    """Draw text that is lacking in no font, with hard edges: grey ones would be speckles."""
    faces = [_face(path, height) for path in fonts(wanted)]
    left, top = at
    for character in text:
        face = next(one for one in faces if one.has(character))
        glyph = _glyph(face.font, character, paper_cells(character) * height // 2, height)
        picture.paste(glyph, (left, top))
        left += glyph.width


def _glyph(font: "FreeTypeFont", character: str, width: int, height: int) -> "Image":
    """Draw a character into its cells, squeezed where the font has it broader.

    Fonts such as IPAexGothic have Latin letters of many breadths, most broader than a cell.
    """
    from PIL import Image  # noqa: PLC0415
    from PIL.ImageDraw import Draw  # noqa: PLC0415

    broad = max(width, ceil(font.getlength(character)))
    glyph = Image.new("L", (broad, height))
    drawing = Draw(glyph)
    drawing.fontmode = "1"
    drawing.text((0, 0), character, fill=255, font=font)
    squeezed = glyph if broad == width else glyph.resize((width, height), Image.Resampling.BOX)
    return squeezed.point([0] * 128 + [255] * 128, "1")


@dataclass(frozen=True, slots=True)
class _Face:
    """A font in a size."""

    font: "FreeTypeFont"
    missing: bytes
    """What it draws for a character that it lacks."""

    def has(self, character: str) -> bool:
        """Whether it has a picture of a character."""
        return character.isspace() or _dots(self.font, character) != self.missing


def _dots(font: "FreeTypeFont", character: str) -> bytes:
    return bytes(font.getmask(character, mode="1"))


@cache
def _face(path: Path, height: int) -> _Face:
    try:
        font = _font(path, height)
    except OSError as error:
        raise FontError(f"{path} cannot be used as a font: {error}") from error
    ascent, descent = font.getmetrics()
    if ascent + descent > height:
        font = _font(path, height * height // (ascent + descent))
    return _Face(font, _dots(font, _NO_CHARACTER))


def _font(path: Path, height: int) -> "FreeTypeFont":
    """Pillow's other layout places letters otherwise, and is there where FriBiDi is."""
    from PIL import ImageFont  # noqa: PLC0415

    return ImageFont.truetype(str(path), height, layout_engine=ImageFont.Layout.BASIC)
