"""What came out of the printer."""

from dataclasses import dataclass, field

import zxingcpp
from PIL import Image, ImageOps

from tests.paper.drawing import PAPER
from tests.paper.state import Align, Style

SIDE = 40
"""The paper's unprinted sides, 5 mm each: codes have them as their quiet zones."""


@dataclass(frozen=True)
class Picture:
    """A barcode, a QR code or a raster: what it was made of, and its dots."""

    kind: str
    image: Image.Image
    text: str = ""
    hri: str = ""


@dataclass(frozen=True)
class Line:
    """One printed line, or one picture; its edges are dots of the paper."""

    text: str
    align: Align
    top: int
    bottom: int
    left: int
    right: int
    styles: frozenset[Style] = frozenset()
    upside_down: bool = False
    picture: Picture | None = None

    @property
    def sizes(self) -> frozenset[tuple[int, int]]:
        """The magnifications, across and down, of what is not blank."""
        return frozenset((style.width, style.height) for style in self.styles)

    @property
    def large(self) -> bool:
        """Tell whether everything in it is larger than the plain size."""
        return bool(self.styles) and all(size != (1, 1) for size in self.sizes)


@dataclass
class Paper:
    """The printed paper."""

    image: Image.Image
    printed: list[Line] = field(default_factory=list)
    cut_rows: list[int] = field(default_factory=list)
    """Where the knife went through, in dots from the top."""
    drawer_pulses: int = 0

    @property
    def lines(self) -> list[str]:
        """The text of each line; a picture's is empty. Mere feeds are no lines."""
        return [line.text for line in self.printed]

    @property
    def pictures(self) -> list[Picture]:
        """The barcodes, QR codes and rasters from the top down."""
        return [line.picture for line in self.printed if line.picture]

    @property
    def alignments(self) -> list[Align]:
        """How each line was justified."""
        return [line.align for line in self.printed]

    @property
    def large(self) -> set[int]:
        """The indexes of the lines in which everything is enlarged."""
        return {index for index, line in enumerate(self.printed) if line.large}

    @property
    def cuts(self) -> int:
        """How often the paper was cut."""
        return len(self.cut_rows)

    def codes(self) -> list[tuple[str, str]]:
        """Read the barcodes and QR codes in the picture, from the top down."""
        whole = ImageOps.expand(self.image, SIDE, PAPER)
        found = zxingcpp.read_barcodes(whole, text_mode=zxingcpp.TextMode.Plain)
        found.sort(key=lambda code: (code.position.top_left.y, code.position.top_left.x))
        return [(str(code.format), code.text) for code in found]
