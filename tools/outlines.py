"""A screen as a picture that looks the same everywhere and loads nothing.

Characters are drawn as outlines, taken from two free fonts, and stand in the cells in which the
terminal has them. The picture's description holds its text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from fontTools.pens.basePen import BasePen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from rich.style import Style
from textual.strip import Strip

from counter_tui.slips.document import cell_width

Point = tuple[float, float]

CELL_WIDTH, CELL_HEIGHT = 120, 240
"""The picture's unit is a tenth of a pixel."""
MARGIN, TITLE_HEIGHT = 120, 360
FRAME, FRAME_EDGE, TITLE_INK = "#dfe6ec", "#9fb0bd", "#101010"
BOLDER = 9
"""How broad the line is that makes full-width characters bold: their font has one weight."""

INSTALL = "apt-get install fonts-dejavu-core fonts-ipaexfont-gothic"

BLOCKS = {character: (0, 7 - index, 8, index + 1) for index, character in enumerate("▁▂▃▄▅▆▇█")}
BLOCKS |= {character: (0, 0, index + 1, 8) for index, character in enumerate("▏▎▍▌▋▊▉")}
BLOCKS |= {"▀": (0, 0, 8, 4), "▐": (4, 0, 4, 8), "▔": (0, 0, 8, 1), "▕": (7, 0, 1, 8)}
"""What block characters fill of their cell, in eighths of it: left, top, width and height."""


class WrongFontError(Exception):
    """A font is not there, or is another version."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A character and its colours; a full-width one takes two of the screen's cells."""

    column: int
    character: str
    ink: str
    ground: str
    bold: bool

    @property
    def columns(self) -> int:
        """How many cells it takes."""
        return cell_width(self.character)


class OutlinePen(BasePen):
    """Writes an outline as the data of an SVG path, in whole units, each point from the last."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[no-untyped-call]
        self.data = ""
        self._x, self._y = 0, 0

    def _write(self, command: str, *points: Point) -> None:
        rounded = [(round(x), round(y)) for x, y in points]
        numbers = [n for x, y in rounded for n in (x - self._x, y - self._y)]
        self.data += command + "".join(
            f"{' ' if index and number >= 0 else ''}{number}"
            for index, number in enumerate(numbers)
        )
        self._x, self._y = rounded[-1]

    def _moveTo(self, pt: Point) -> None:  # noqa: N802
        self._write("m", pt)
        self._start = self._x, self._y

    def _lineTo(self, pt: Point) -> None:  # noqa: N802
        self._write("l", pt)

    def _qCurveToOne(self, pt1: Point, pt2: Point) -> None:  # noqa: N802
        self._write("q", pt1, pt2)

    def _closePath(self) -> None:  # noqa: N802
        self.data += "z"
        self._x, self._y = self._start


class Face:
    """A font at the size at which a character takes a width. Raises WrongFontError."""

    def __init__(
        self, letter: str, file: str, version: str, size: tuple[str, int], baseline: int
    ) -> None:
        self.letter, self._file = letter, file
        try:
            font = TTFont(file)
        except OSError as error:
            raise WrongFontError(f"no font at {file}: {INSTALL}") from error
        if (there := font["name"].getDebugName(5)) != version:
            raise WrongFontError(f"{file} is {there}, but the pictures are drawn with {version}")
        self._glyphs = font.getGlyphSet()
        self._names = font.getBestCmap() or {}
        self._line = font["hhea"].ascent, font["hhea"].descent
        self._scale = size[1] / self._glyphs[self._names[ord(size[0])]].width
        self._baseline = baseline

    def outline(self, character: str) -> str:
        """Return a character's path, in the middle of its cells; rules reach their edges."""
        if ord(character) not in self._names:
            raise WrongFontError(f"the font {self._file} has no {character!r}")
        glyph = self._glyphs[self._names[ord(character)]]
        left = (cell_width(character) * CELL_WIDTH - glyph.width * self._scale) / 2
        height, baseline = self._scale, float(self._baseline)
        if "─" <= character <= "╿":
            top, bottom = self._line
            height = CELL_HEIGHT / (top - bottom)
            baseline = top * height
        pen = OutlinePen()
        glyph.draw(TransformPen(pen, (self._scale, 0, 0, -height, left, baseline)))
        return pen.data


class Faces:
    """The fonts of all pictures: half-width, the same in bold, and full-width."""

    def __init__(self) -> None:
        dejavu = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono"
        ipaex = "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf"
        self._regular = Face("r", f"{dejavu}.ttf", "Version 2.37", ("0", 120), 188)
        self._bold = Face("b", f"{dejavu}-Bold.ttf", "Version 2.37", ("0", 120), 188)
        self._wide = Face("w", ipaex, "Version 004.01", ("国", 220), 204)

    def of(self, cell: Cell) -> Face:
        """Return the font that draws a cell."""
        if cell.columns == 2:
            return self._wide
        return self._bold if cell.bold else self._regular


def cells_of(strips: Sequence[Strip]) -> list[list[Cell]]:
    """Return the cells of a screen, line by line."""
    return [list(_cells(strip)) for strip in strips]


def _cells(strip: Strip) -> Iterator[Cell]:
    column = 0
    for segment in strip:
        ink, ground, bold = _look(segment.style)
        for character in segment.text:
            yield Cell(column, character, ink, ground, bold)
            column += cell_width(character)


def _look(style: Style | None) -> tuple[str, str, bool]:
    """Return the colours of ink and ground, and whether it is bold. Spaces may have no ink."""
    if style is None or style.bgcolor is None:
        raise ValueError("a part of the screen has no colour")
    ground = style.bgcolor.get_truecolor().hex
    ink = style.color.get_truecolor().hex if style.color else ground
    return (ground, ink, bool(style.bold)) if style.reverse else (ink, ground, bool(style.bold))


def picture(title: str, lines: Sequence[Sequence[Cell]], faces: Faces) -> str:
    """Return the picture of a screen as SVG, in a frame with a title."""
    columns = sum(cell.columns for cell in lines[0])
    inner_width, inner_height = columns * CELL_WIDTH, len(lines) * CELL_HEIGHT
    width, height = inner_width + 2 * MARGIN, inner_height + MARGIN + TITLE_HEIGHT
    heading = [Cell(i, letter, TITLE_INK, FRAME, bold=True) for i, letter in enumerate(title)]
    used = {
        _id(cell, faces): faces.of(cell).outline(cell.character)
        for cell in (*heading, *(cell for line in lines for cell in line))
        if _has_outline(cell)
    }
    text = "\n".join("".join(cell.character for cell in line).rstrip() for line in lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width // 10}" height="{height // 10}" '
        f'viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>\n{escape(text)}\n</desc>",
        "<defs>",
        *(f'<path id="{name}" d="{used[name]}"/>' for name in sorted(used)),
        "</defs>",
        f'<rect x="5" y="5" width="{width - 10}" height="{height - 10}" rx="80" '
        f'fill="{FRAME}" stroke="{FRAME_EDGE}" stroke-width="10"/>',
        f'<g transform="translate({(width - len(title) * CELL_WIDTH) // 2},60)">',
        *_letters([heading], faces),
        "</g>",
        f'<g transform="translate({MARGIN},{TITLE_HEIGHT})">',
        '<g shape-rendering="crispEdges">',
        *_grounds(lines),
        *_blocks(lines),
        "</g>",
        *_letters(lines, faces),
        "</g>",
        "</svg>",
    ]
    return "".join(f"{part}\n" for part in parts)


def _id(cell: Cell, faces: Faces) -> str:
    return f"{faces.of(cell).letter}{ord(cell.character):x}"


def _has_outline(cell: Cell) -> bool:
    return not cell.character.isspace() and cell.character not in BLOCKS


def _grounds(lines: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """Draw what is behind the characters: lines that are alike are one rectangle."""
    runs = [[(ground, width) for ground, width in _runs(line)] for line in lines]
    top = 0
    for alike, group in groupby(runs):
        height = len(list(group)) * CELL_HEIGHT
        left = 0
        for ground, columns in alike:
            width = columns * CELL_WIDTH
            yield _rectangle(ground, left, top, width, height)
            left += width
        top += height


def _runs(line: Iterable[Cell]) -> Iterator[tuple[str, int]]:
    """Return the colours behind a line, each with how many cells it is behind."""
    for ground, group in groupby(line, key=lambda cell: cell.ground):
        yield ground, sum(cell.columns for cell in group)


def _blocks(lines: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """Draw block characters without a seam between them."""
    for row, line in enumerate(lines):
        for (character, ink), group in groupby(line, key=lambda cell: (cell.character, cell.ink)):
            if character in BLOCKS:
                cells = list(group)
                left, top, width, height = BLOCKS[character]
                joined = [(cells[0], len(cells))] if width == 8 else [(cell, 1) for cell in cells]
                for cell, count in joined:
                    yield _rectangle(
                        ink,
                        cell.column * CELL_WIDTH + left * CELL_WIDTH // 8,
                        row * CELL_HEIGHT + top * CELL_HEIGHT // 8,
                        count * width * CELL_WIDTH // 8,
                        height * CELL_HEIGHT // 8,
                    )


def _rectangle(colour: str, left: int, top: int, width: int, height: int) -> str:
    return f'<rect fill="{colour}" x="{left}" y="{top}" width="{width}" height="{height}"/>'


def _letters(lines: Sequence[Sequence[Cell]], faces: Faces) -> Iterator[str]:
    """Draw the characters that have outlines, those of one look together."""
    drawn: dict[str, list[str]] = {}
    for row, line in enumerate(lines):
        for cell in filter(_has_outline, line):
            look = f'fill="{cell.ink}"'
            if cell.bold and cell.columns == 2:
                look += f' stroke="{cell.ink}" stroke-width="{BOLDER}"'
            x, y = cell.column * CELL_WIDTH, row * CELL_HEIGHT
            place = f'<use href="#{_id(cell, faces)}" x="{x}" y="{y}"/>'
            drawn.setdefault(look, []).append(place)
    for look, places in drawn.items():
        yield f"<g {look}>"
        yield from places
        yield "</g>"
