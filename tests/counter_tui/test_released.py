"""What a screen has drawn goes with it, and garbage is looked for behind each screen."""

import gc
import weakref
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from counter_tui.app import CounterApp
from counter_tui.shell.idle_collection import IdleCollection
from tests.counter_tui.canned import Counter
from tests.counter_tui.test_screens import SIZE, s28
from tests.stillness import settle

LOOKS_MAX = 1000
"""So often it is looked whether a collection was asked for, a hundredth of a second apart."""


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
        for _ in range(LOOKS_MAX):
            gc.collect()
            if closed() is None:
                break
            await pilot.pause(0.01)  # its last message may be on its way
        assert closed() is None
        assert not any(one() for one in lines)


class Noted(IdleCollection):
    """Collects nothing, and notes behind which screens it was asked to."""

    app: CounterApp

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self.behind: list[str] = []

    def begin(self) -> None:
        return

    def painted(self) -> None:
        self.behind.append(type(self.app.screen).__name__)


async def test_garbage_is_looked_for_behind_each_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path, "ja", monkeypatch)
    counter.app._collection = collection = Noted()
    collection.app = counter.app
    async with counter.app.run_test(size=SIZE) as pilot:
        await s28(counter, cast(Pilot[object], pilot))
        for name, key in (
            ("HelpBox", "f1"),
            ("PointMenuScreen", "escape"),
            ("MenuScreen", "escape"),
        ):
            collection.behind.clear()
            await pilot.press(key)
            for _ in range(LOOKS_MAX):
                if collection.behind:
                    break
                await pilot.pause(0.01)
            assert collection.behind == [name]
