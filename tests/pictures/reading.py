"""Reads a picture of a screen back, cell by cell, as a person would: by how letters look."""

from collections.abc import Iterable, Iterator
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFont

from counter_tui.slips.document import cell_width

WIDTH, HEIGHT = 12, 24
DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono"
IPAEX = "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf"
LOOKS = {1: ((f"{DEJAVU}.ttf", 0.0), (f"{DEJAVU}-Bold.ttf", 0.0)), 2: ((IPAEX, 0.0), (IPAEX, 0.45))}
"""By how many cells a character takes: the fonts that draw it, and how much bolder."""
SIZE, BASELINE = {1: 19.93, 2: 22.0}, {1: 18.8, 2: 20.4}
LARGER = 8
"""How much larger a character is drawn at first, so that no hints of its font move its lines."""
UNLIKE = 0.15
"""From 0, the same, to 1, nowhere the same: what is unlike every character cannot be read."""
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
BLOCKS = {char: (0, 7 - index, 8, 8) for index, char in enumerate("▁▂▃▄▅▆▇█")}
BLOCKS |= {char: (0, 0, index + 1, 8) for index, char in enumerate("▏▎▍▌▋▊▉")}
BLOCKS |= {"▀": (0, 0, 8, 4), "▐": (4, 0, 8, 8), "▔": (0, 0, 8, 1), "▕": (7, 0, 8, 8)}
"""What is filled, in eighths of the cell: from left and top to right and bottom."""


class Reader:
    """Knows how characters look, and tells which one a piece of a picture shows."""

    def __init__(self, characters: Iterable[str]) -> None:
        self._known: dict[int, list[tuple[str, Image.Image, int]]] = {1: [], 2: []}
        for character in sorted(set(characters) - {" ", "\n", "\u3000"} - BLOCKS.keys()):
            for look in drawn(character):
                self._known[cell_width(character)].append((character, look, _weight(look)))
        self._read: dict[tuple[int, bytes], str] = {}

    def wrong_lines(self, shown: Image.Image, text: str) -> list[tuple[str, str]]:
        """Return the lines of a text that a picture does not show, each with what is read."""
        lines = [(line, self._line(shown, row, line)) for row, line in enumerate(text.split("\n"))]
        return [(line, read) for line, read in lines if line != read]

    def _line(self, shown: Image.Image, row: int, line: str) -> str:
        """Read a line whose characters take as many cells as those of a text."""
        read = ""
        for column, character in _placed(line):
            read += self._character(_cell(shown, row, column, cell_width(character)), character)
        return read

    def _character(self, cell: Image.Image, expected: str) -> str:
        ink = ink_of(cell)
        if expected in BLOCKS:
            block = _block(expected)
            return expected if min(_unlike(ink, look) for look in block) < UNLIKE else UNREADABLE
        key = cell_width(expected), ink.tobytes()
        if key not in self._read:
            self._read[key] = self._nearest(ink, key[0])
        return self._read[key]

    def _nearest(self, ink: Image.Image, cells: int) -> str:
        weight = _weight(ink)
        if weight == 0:
            return " " if cells == 1 else "\u3000"
        near = [
            (_unlike(ink, look), character)
            for character, look, known in self._known[cells]
            if 0.8 < weight / known < 1.25
        ]
        unlike, character = min(near, default=(1.0, UNREADABLE))
        return character if unlike < UNLIKE else UNREADABLE


def _placed(line: str) -> Iterator[tuple[int, str]]:
    column = 0
    for character in line:
        yield column, character
        column += cell_width(character)


def _cell(shown: Image.Image, row: int, column: int, cells: int) -> Image.Image:
    left, top = column * WIDTH, row * HEIGHT
    return shown.crop((left, top, left + cells * WIDTH, top + HEIGHT))


def ink_of(cell: Image.Image) -> Image.Image:
    """Return how far each point is from the colour that most of them have, 255 the farthest."""
    colours = cell.getcolors(cell.width * cell.height) or []
    ground = Image.new("RGB", cell.size, max(colours)[1])  # type: ignore[arg-type]
    apart = ImageChops.difference(cell, ground).split()
    farthest = ImageChops.lighter(ImageChops.lighter(apart[0], apart[1]), apart[2])
    most = int(farthest.getextrema()[1])  # type: ignore[arg-type]
    return farthest.point([min(255, value * 255 // max(most, 1)) for value in range(256)])


@cache
def drawn(character: str) -> list[Image.Image]:
    """Draw a character as each of the fonts has it, light on dark."""
    cells = cell_width(character)
    looks = []
    for file, bolder in LOOKS[cells]:
        large = Image.new("L", (cells * WIDTH * LARGER, HEIGHT * LARGER))
        ImageDraw.Draw(large).text(
            (large.width / 2, BASELINE[cells] * LARGER),
            character,
            255,
            ImageFont.truetype(file, SIZE[cells] * LARGER),
            anchor="ms",
            stroke_width=bolder * LARGER,
        )
        looks.append(large.reduce(LARGER))
    return looks


def _block(character: str) -> tuple[Image.Image, Image.Image]:
    """Draw a block character, and the same with its colours exchanged."""
    image = Image.new("L", (WIDTH, HEIGHT))
    left, top, right, bottom = BLOCKS[character]
    box = (left * WIDTH / 8, top * HEIGHT / 8, right * WIDTH / 8 - 1, bottom * HEIGHT / 8 - 1)
    ImageDraw.Draw(image).rectangle(box, fill=255)
    return image, ImageChops.invert(image)


def _weight(image: Image.Image) -> int:
    return sum(image.tobytes())


def _unlike(one: Image.Image, other: Image.Image) -> float:
    both = _weight(one) + _weight(other)
    return _weight(ImageChops.difference(one, other)) / both if both else 0.0
