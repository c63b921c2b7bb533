"""The fonts that slips are drawn with here, whatever others a machine has."""

from pathlib import Path

from counter_tui.slips import raster
from tests.paper.errors import MissingFontError

NAMED = (
    "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf",
    "/usr/share/fonts/truetype/ipamj/ipamjm.ttf",
)
"""IPAexGothic, and IPAmjMincho for what that lacks."""


def use_named_fonts() -> None:
    """Have the application draw with these alone. Raises MissingFontError."""
    for path in NAMED:
        if not Path(path).is_file():
            raise MissingFontError(f"no font at {path}: `make test` installs it as root")
    raster.FONT_FILES = NAMED
