"""What the printer has been set to; ESC @ sets it back to this."""

from dataclasses import dataclass
from enum import Enum

from PIL import Image

from tests.paper.charset import PC437, USA


class Align(Enum):
    """Where a line stands between the margins."""

    LEFT = 0
    CENTRE = 1
    RIGHT = 2


@dataclass(frozen=True)
class Style:
    """How a character looks."""

    width: int = 1
    height: int = 1
    bold: bool = False
    underline: int = 0
    reverse: bool = False


@dataclass
class Script:
    """What is set for one-byte characters and for kanji, each by itself."""

    width: int = 1
    height: int = 1
    underlined: bool = False
    thickness: int = 1
    space_before: int = 0
    space_after: int = 0


class State:
    """The settings. A motion unit is taken as one dot, across and down.

    Some Japanese models (TM-T90, TM-L90) have vertical units of half a dot: there ESC 3, ESC J
    and GS V feed half as far.
    """

    LINE_SPACING = 30

    def __init__(self, dots: int):
        self.dots = dots
        self.single, self.kanji = Script(), Script()
        self.small_font = False
        self.emphasised = self.double_struck = False
        self.reverse = self.upside_down = False
        self.align = Align.LEFT
        self.line_spacing = self.LINE_SPACING
        self.left_margin = 0
        self.area_asked = dots

        self.page, self.country = PC437, USA
        self.kanji_mode = self.shift_jis = False

        self.bar_height, self.bar_module = 162, 3
        self.hri_place, self.hri_small = 0, False
        self.qr_module, self.qr_level = 3, 48
        self.qr_data = b""
        self.graphics: Image.Image | None = None

    @property
    def area(self) -> int:
        """The width of the print area, which ends at the end of the paper at the latest."""
        return min(self.area_asked, self.dots - self.left_margin)

    def style(self, script: Script) -> Style:
        """Return how a character of the script looks now."""
        return Style(
            script.width,
            script.height,
            self.emphasised or self.double_struck,
            script.thickness if script.underlined and not self.reverse else 0,
            self.reverse,
        )
