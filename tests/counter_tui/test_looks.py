"""Screens larger than 80×24, and the focus on each kind of field."""

from pathlib import Path
from typing import cast

import pytest
from rich.color import Color
from textual.pilot import Pilot

from counter_tui.app import BRIGHT
from tests.counter_tui.canned import Counter
from tests.counter_tui.looks import SIGN_CONTRAST_MIN, contrast, frame_colour
from tests.counter_tui.test_screens import (
    SIZE,
    Drive,
    SnapCompare,
    day,
    is_as_accepted,
    s29,
    s30,
    s31,
    s34,
    s35,
)


@pytest.mark.parametrize(("drive", "field"), [(s29, "#points"), (s35, "#number")])
async def test_the_focus_is_seen(
    drive: Drive, field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frame of the field with the focus stands out from the ground, and from one without."""
    counter = Counter(tmp_path, "ja", monkeypatch, printer=True)
    async with counter.app.run_test(size=SIZE) as pilot:
        await drive(counter, cast(Pilot[object], pilot))
        widget = counter.app.screen.query_one(field)
        widget.focus()
        await pilot.pause()
        focused = frame_colour(counter.app, widget)
        counter.app.screen.set_focus(None)
        await pilot.pause()
        unfocused = frame_colour(counter.app, widget)
    assert contrast(focused, unfocused) >= SIGN_CONTRAST_MIN
    assert contrast(focused, Color.parse(BRIGHT.background or "")) >= SIGN_CONTRAST_MIN


@pytest.mark.parametrize("size", [(100, 30), (132, 43)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("drive", [s29, s30, s31, s34, s35, day], ids=lambda drive: drive.__name__)
def test_larger_screens(
    drive: Drive,
    size: tuple[int, int],
    snap_compare: SnapCompare,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = Counter(tmp_path, "ja", monkeypatch, printer=True)
    assert is_as_accepted(counter, drive, snap_compare, size=size)
