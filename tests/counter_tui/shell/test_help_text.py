"""Help that has steps: each number stands apart from its words, and everything is on the screen."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widget import Widget

import counter_tui
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.boxes import HelpBox
from counter_tui.shell.widgets import KeyBar
from counter_tui.texts import _
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter
from tests.counter_tui.test_mykey_create import at
from tests.counter_tui.test_screens import (
    Drive,
    booked_by_an_earlier_run,
    resumed_and_booked,
    s31,
    s39,
)

SIZE = (80, 24)


def helps() -> Iterator[str]:
    """The help of every screen."""
    for module in pkgutil.walk_packages(counter_tui.__path__, "counter_tui."):
        importlib.import_module(module.name)
    waiting: list[type[CounterScreen[object]]] = [CounterScreen]
    found = set()
    while waiting:
        one = waiting.pop()
        found.add(one.HELP_TEXT)
        waiting += one.__subclasses__()
    yield from sorted(found - {""})


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_steps_stand_apart_in_every_help(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path, language, monkeypatch)
    async with counter.app.run_test(size=SIZE) as pilot:
        for text in helps():
            box = HelpBox(_("ヘルプ"), _(text))
            counter.app.push_screen(box)
            await pilot.pause()
            assert _ends_inside(box), screen_text(counter.app)
            for row in box.query(".step"):
                number, words = row.children
                assert words.region.x == number.region.right == row.region.x + 3
                assert number.region.y == words.region.y
                assert words.region.right <= row.region.right
            counter.app.pop_screen()


async def test_a_long_step_goes_on_under_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path, "ja", monkeypatch)
    async with counter.app.run_test(size=SIZE) as pilot:
        counter.app.push_screen(
            HelpBox("見出し", f"はじめに\n1. {'い' * 40}\n   {'ろ' * 3}\nおわり")
        )
        await pilot.pause()
        lines = [line.strip(" │").rstrip() for line in screen_text(counter.app).splitlines()]
        bare = [
            line.split("│")[1][2:].rstrip()
            for line in screen_text(counter.app).splitlines()
            if "│" in line
        ]
    first = next(line for line in bare if line.startswith("1. "))
    rest = bare[bare.index(first) + 1 :]
    assert rest[0].startswith("   い")
    assert rest[1] == "   ろろろ"
    assert rest[2] == "おわり"
    assert "はじめに" in lines


def _ends_inside(box: HelpBox) -> bool:
    bar: Widget = box.query_one(KeyBar)
    frame: Widget = box.query_one(".box")
    return frame.region.y >= 0 and frame.region.bottom <= bar.region.y < SIZE[1]


@pytest.mark.parametrize(
    ("drive", "says", "says_not"),
    [
        (s31, "Enterで次の利用者に進みます。", "メニューに戻ります"),
        (resumed_and_booked, "Enterでメニューに戻ります。", "次の利用者"),
        (booked_by_an_earlier_run, "Enterでメニューに戻ります。", "次の利用者"),
        (s39, "内容を確認し、F2で次へ進みます。", "次の利用者"),
    ],
)
async def test_help_of_a_done_screen_says_where_its_key_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive, says: str, says_not: str
) -> None:
    """After a restart the menu is below it, and no next citizen waits."""
    counter = Counter(tmp_path, "ja", monkeypatch, printer=True)
    async with at(counter, drive) as pilot:
        counter.watch.seconds += 1
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(counter.app.screen, HelpBox)
        text = screen_text(counter.app)
        assert says in text
        assert says_not not in text.partition("╭")[2].partition("╰")[0]
