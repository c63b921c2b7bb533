"""What a screen has drawn goes with it."""

import gc
import weakref
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from tests.counter_tui.canned import Counter
from tests.counter_tui.test_screens import SIZE, s28, settle


@pytest.mark.parametrize("keys", [("escape",), ("f1", "escape", "escape")])
async def test_a_closed_screen_is_let_go_of(
    keys: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path, "ja", monkeypatch)
    async with counter.app.run_test(size=SIZE) as pilot:
        await s28(counter, cast(Pilot[object], pilot))
        screen = counter.app.screen
        widgets = [screen, *screen.query("*")]
        lines = [weakref.ref(widget._styles_cache) for widget in widgets]
        closed = weakref.ref(screen)
        del screen, widgets
        for key in keys:
            await pilot.press(key)
            await settle(cast(Pilot[object], pilot))
        gc.collect()
        assert closed() is None
        assert not any(one() for one in lines)
