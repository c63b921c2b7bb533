"""The print buffer, the line that it becomes, and the paper that is fed."""

from dataclasses import dataclass

from PIL import Image

from tests.paper import drawing
from tests.paper.drawing import Cell, blank
from tests.paper.errors import CommandError
from tests.paper.paper import Line, Paper, Picture
from tests.paper.state import Align, State, Style

TAB = 8 * drawing.HALF[0]
HEAD_TO_CUTTER = 96
"""How far above the print head the knife is, in dots: 12 mm."""


@dataclass(frozen=True)
class Placed:
    """A character in the print buffer."""

    char: str
    x: int
    image: Image.Image
    style: Style

    @property
    def end(self) -> int:
        return self.x + self.image.width


class Printer:
    """A printer in standard mode. What it would drop in silence is a fault here."""

    def __init__(self, dots: int):
        self.state = State(dots)
        self.position = 0
        self._dots = dots
        self._buffer: list[Placed] = []
        self._y = 0
        self._stamps: list[tuple[Image.Image, int, int]] = []
        self._paper = Paper(blank(dots, 1))

    # Text

    def put(self, char: str, *, kanji: bool) -> None:
        """Add a character; where the line has no room for it, print the line first."""
        script = self.state.kanji if kanji else self.state.single
        style = self.state.style(script)
        image = drawing.styled(
            char, self._cell(kanji), style, script.space_before, script.space_after
        )
        if self.begun and self.position + image.width > self.state.area:
            self.feed_line()
        self._buffer.append(Placed(char, self.position, image, style))
        self.position += image.width

    def _cell(self, kanji: bool) -> Cell:
        if kanji:
            return drawing.FULL
        return drawing.SMALL if self.state.small_font else drawing.HALF

    def tab(self) -> None:
        """Move to the next of the tab stops, every eight columns."""
        self.position = min((self.position // TAB + 1) * TAB, self.state.area)

    def move(self, position: int) -> None:
        """Set the print position, counted from the left margin."""
        if not 0 <= position <= self.state.area:
            raise CommandError(
                f"the position {position} is outside the print area, so it is ignored"
            )
        self.position = position

    @property
    def begun(self) -> bool:
        """Tell whether the line is no longer at its beginning."""
        return bool(self._buffer) or self.position > 0

    def require_line_start(self) -> None:
        """Refuse what works at the beginning of a line only."""
        if self.begun:
            raise CommandError("ignored in the middle of a line")

    # Feeding

    def feed_line(self) -> None:
        """Print the line and feed by the line spacing, or by its height where that is more."""
        height = self._print_buffer()
        self._y += max(self.state.line_spacing, height)

    def feed_lines(self, count: int) -> None:
        """Print what is in the buffer and feed so many lines; only the text makes a line."""
        if self._buffer and count:
            self.feed_line()
            count -= 1
        self.feed_dots(count * self.state.line_spacing)

    def feed_dots(self, dots: int) -> None:
        """Print what is in the buffer and feed by so many dots."""
        height = self._print_buffer() if self._buffer else 0
        self.position = 0
        self._y += max(dots, height)

    def _print_buffer(self) -> int:
        """Put the buffer on the paper, without feeding; return the line's height."""
        state = self.state
        height = max((placed.image.height for placed in self._buffer), default=0)
        length = max([self.position, *(placed.end for placed in self._buffer)])
        shift = _shift(state.align, state.area, length)
        canvas = blank(state.area, max(height, 1))
        for placed in self._buffer:
            canvas.paste(placed.image, (shift + placed.x, height - placed.image.height))
        if state.upside_down:
            canvas = canvas.rotate(180)
        self._stamps.append((canvas, state.left_margin, self._y))
        self._add_line(shift, height)
        self._buffer, self.position = [], 0
        return height

    def _edge(self, x: int, width: int) -> int:
        """Return on which dot of the paper something begins; upside down it is mirrored."""
        state = self.state
        return state.left_margin + (state.area - x - width if state.upside_down else x)

    def _add_line(self, shift: int, height: int) -> None:
        ordered = sorted(self._buffer, key=lambda placed: placed.x)
        visible = [placed for placed in ordered if not placed.char.isspace()]
        start = min((placed.x for placed in visible), default=0)
        end = max((placed.end for placed in visible), default=0)
        left = self._edge(shift + start, end - start)
        self._paper.printed.append(
            Line(
                text=_text(ordered),
                align=self.state.align,
                top=self._y,
                bottom=self._y + height,
                left=left,
                right=left + end - start,
                styles=frozenset(placed.style for placed in visible),
                upside_down=self.state.upside_down,
            )
        )

    # Pictures, the knife and the drawer

    def print_picture(self, picture: Picture, whole: Image.Image | None = None) -> None:
        """Print a picture (whole: with what is written around it) as a line of its own."""
        self.require_line_start()
        state, image = self.state, whole or picture.image
        if image.width > state.area:
            image = _without_blank_overhang(image, state.area)
        left = self._edge(_shift(state.align, state.area, image.width), image.width)
        self._stamps.append((image.rotate(180) if state.upside_down else image, left, self._y))
        bottom = self._y + image.height
        self._paper.printed.append(
            Line(
                "", state.align, self._y, bottom, left, left + image.width,
                upside_down=state.upside_down, picture=picture,
            )
        )  # fmt: skip
        self._y = bottom

    def cut(self, feed: int | None) -> None:
        """Cut here, or first feed what is printed to the knife and by some dots more."""
        self.require_line_start()
        if feed is not None:
            self._y += HEAD_TO_CUTTER + feed
        self._paper.cut_rows.append(max(self._y - HEAD_TO_CUTTER, 0))

    def open_drawer(self) -> None:
        """Send the drawer its pulse."""
        self._paper.drawer_pulses += 1

    def reset(self) -> None:
        """Set everything back, as ESC @ does; the buffer is cleared, so it must be empty."""
        if self._buffer or self.state.graphics:
            raise CommandError("initialising clears what is not printed yet")
        self.position = 0
        self.state = State(self._dots)

    def finish(self) -> Paper:
        """Return the paper; what is still in the buffer would never be printed."""
        if self._buffer:
            raise CommandError(f"the last line is never printed: {_text(self._buffer)!r}")
        if self.state.graphics:
            raise CommandError("the last graphics are stored and never printed")
        image = blank(self._dots, max(self._y, 1))
        for stamp, x, y in self._stamps:
            image.paste(stamp, (x, y))
        self._paper.image = image
        return self._paper


def _shift(align: Align, area: int, length: int) -> int:
    """Return how far justification moves a line to the right."""
    return max(area - length, 0) * align.value // 2


def _text(ordered: list[Placed]) -> str:
    """Return the characters, with a space for each column that lies free between them."""
    text, end = "", 0
    for placed in ordered:
        gap = round((placed.x - end) / drawing.HALF[0])
        text += " " * gap + placed.char
        end = max(end, placed.end)
    return text.rstrip()


def _without_blank_overhang(image: Image.Image, area: int) -> Image.Image:
    """Cut off what lies beyond the print area, provided that it is blank."""
    darkest, _lightest = image.crop((area, 0, image.width, image.height)).getextrema()
    if darkest != drawing.PAPER:
        raise CommandError(f"{image.width} dots are more than the print area of {area}")
    return image.crop((0, 0, area, image.height))
