"""What was entered for one customer is not there for the next (USE-8)."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from counter_tui.shell.widgets import NumberedList
from counter_tui.tasks.points.merge import MergeDoneScreen, MergeInputScreen
from counter_tui.tasks.service_ids.register import RegisteredScreen, RegisterServiceIdScreen
from counter_tui.tasks.vouchers.issue import IssueDoneScreen, IssueInputScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import STREET_CARD, Counter
from tests.counter_tui.test_merge_screens import typed_card
from tests.counter_tui.test_screens import s32
from tests.counter_tui.test_service_id_screens import (
    NEW,
    SAKURAI,
    cards,
    running,
    s23,
    signature,
)
from tests.stillness import settle

WANTS_NOTICES = "選択: はい"


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch, printer=True, cards=cards())


def entered(counter: Counter, *fields: str) -> list[str]:
    return [counter.app.screen.query_one(f"#{field}", Input).value for field in fields]


async def press(counter: Counter, pilot: Pilot[object], *keys: str) -> None:
    """Press keys once what is shown was read."""
    counter.watch.seconds += 1
    await pilot.press(*keys)
    await settle(pilot)


async def test_the_next_voucher_has_its_own_days(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s32(counter, pilot)
        await press(counter, pilot, "shift+tab", "backspace", "backspace", "5")
        assert entered(counter, "days", "points") == ["5", "500"]
        await press(counter, pilot, "enter")
        await press(counter, pilot, "enter")
        assert isinstance(counter.app.screen, IssueDoneScreen)
        await press(counter, pilot, "enter")
        assert isinstance(counter.app.screen, IssueInputScreen)
        assert entered(counter, "days", "points") == ["30", ""]


async def test_number_and_notice_go_with_the_card(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s23(counter, pilot)
        counter.reader.insert(SAKURAI)
        await press(counter, pilot, *NEW, "enter", "1")
        assert entered(counter, "number") == [NEW]
        assert WANTS_NOTICES in screen_text(counter.app)
        counter.reader.remove()
        await settle(pilot)
        assert entered(counter, "number") == [""]
        assert "選択:" not in screen_text(counter.app)


async def test_number_and_notice_go_once_they_are_registered(counter: Counter) -> None:
    async with running(counter) as pilot:
        await signature(counter, pilot)
        await press(counter, pilot, *"abc123", "enter")
        assert isinstance(counter.app.screen, RegisteredScreen)
        await press(counter, pilot, "enter")
        assert isinstance(counter.app.screen, RegisterServiceIdScreen)
        assert entered(counter, "number") == [""]
        assert "選択:" not in screen_text(counter.app)


async def test_the_notice_s_mark_goes_back_to_the_first_answer(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s23(counter, pilot)
        counter.reader.insert(SAKURAI)
        await press(counter, pilot, *NEW, "enter", "2")
        assert counter.app.screen.query_one("#notice", NumberedList).index == 1
        counter.reader.remove()
        await settle(pilot)
        assert counter.app.screen.query_one("#notice", NumberedList).index == 0


async def test_the_street_s_card_and_the_points_go_once_they_are_merged(counter: Counter) -> None:
    async with running(counter) as pilot:
        await typed_card(counter, pilot)
        await press(counter, pilot, *"500")
        assert entered(counter, "number", "points") == [STREET_CARD, "500"]
        await press(counter, pilot, "enter")
        await press(counter, pilot, "enter")
        assert isinstance(counter.app.screen, MergeDoneScreen)
        await press(counter, pilot, "f2")
        assert isinstance(counter.app.screen, MergeInputScreen)
        assert entered(counter, "number", "points") == ["", ""]
        assert "MY123456" not in screen_text(counter.app)
