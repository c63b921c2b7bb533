"""本日の取引: which transaction is chosen, whose it is, and what was done with it (USE-4)."""

import re
from pathlib import Path
from typing import cast

import pytest
from jichipoint.v1 import transactions_pb2
from textual.pilot import Pilot

import counter_tui
from counter_tui.shell.marked_list import MarkedList
from counter_tui.tasks.day.day import DayScreen, kind_text
from counter_tui.tasks.points.cancel import CancelConfirmScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter
from tests.counter_tui.test_screens import day
from tests.counter_tui.test_service_id_screens import running
from tests.stillness import settle

PRINTED = "レシートを印字しました"


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch, printer=True)


def marked(counter: Counter) -> list[str]:
    """The lines of the list that carry the sign."""
    rows = [line for line in screen_text(counter.app).splitlines() if "A市ポイント" in line]
    return [row for row in rows if row.lstrip(" ▊").startswith("> ")]


async def press(pilot: Pilot[object], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


async def test_the_chosen_line_has_a_sign_and_is_told_of_below(counter: Counter) -> None:
    async with running(counter) as pilot:
        await day(counter, pilot)
        (row,) = marked(counter)
        assert "券消込" in row
        assert "取引済番号 2017040200000" in screen_text(counter.app)
        await press(pilot, "down")
        (row,) = marked(counter)
        assert "取消済み" in row
        assert "取引済番号 2017040200001  マイキーID MY123456  操作者 佐藤" in screen_text(
            counter.app
        )


async def test_reading_again_keeps_the_chosen_line(counter: Counter) -> None:
    async with running(counter) as pilot:
        await day(counter, pilot)
        await press(pilot, "down", "f5")
        assert counter.app.screen.query_one(MarkedList).highlighted == 1
        assert "取引済番号 2017040200001" in screen_text(counter.app)


async def test_what_was_printed_is_named_and_gone_once_something_else_is_done(
    counter: Counter,
) -> None:
    async with running(counter) as pilot:
        await day(counter, pilot)
        await press(pilot, "down", "f8")
        assert f"{PRINTED}(取引済番号: 2017040200001)" in screen_text(counter.app)
        await press(pilot, "down")
        assert PRINTED not in screen_text(counter.app)
        await press(pilot, "f8")
        assert f"{PRINTED}(取引済番号: 2017040200002)" in screen_text(counter.app)
        await press(pilot, "f1", "enter")
        assert PRINTED in screen_text(counter.app), "help is beside it"
        await press(pilot, "f4", "1")
        assert isinstance(counter.app.screen, CancelConfirmScreen)
        await press(pilot, "escape")
        assert isinstance(counter.app.screen, DayScreen)
        assert PRINTED not in screen_text(counter.app)


async def test_a_trouble_goes_with_the_line_that_it_was_about(counter: Counter) -> None:
    async with running(counter) as pilot:
        await day(counter, pilot)
        await press(pilot, "f4")
        assert "この取引は取り消せません。" in screen_text(counter.app)
        await press(pilot, "down")
        assert "この取引は取り消せません。" not in screen_text(counter.app)


def test_a_kind_that_is_not_known_is_shown_by_its_number() -> None:
    unknown = cast(transactions_pb2.TransactionKind.ValueType, 99)
    assert kind_text(unknown) == "99"


def test_every_list_to_choose_from_marks_its_line() -> None:
    package = Path(counter_tui.__file__).parent
    unmarked = [
        path.name
        for path in package.rglob("*.py")
        if re.search(r"\bOptionList\(", path.read_text("utf-8")) and path.name != "marked_list.py"
    ]
    assert unmarked == []
