"""Slips are drawn with named fonts."""

import pytest

from counter_tui.slips import raster
from tests.counter_tui.slips.fonts import use_named_fonts


@pytest.fixture(autouse=True)
def _named_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "FONT_FILES", ())
    use_named_fonts()
