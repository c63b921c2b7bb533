"""The numbers of an issuer, and what it is told of addresses (SID-2)."""

from pathlib import Path

import pytest
from textual.widgets import OptionList

from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.tasks.service_ids.lists import AddressNoticesScreen, ServiceIdListScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter
from tests.counter_tui.test_service_id_screens import cards, notices, numbers, running
from tests.stillness import settle


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch, printer=True, cards=cards())


async def test_numbers_are_listed_in_pages(counter: Counter) -> None:
    async with running(counter) as pilot:
        await numbers(counter, pilot)
        assert isinstance(counter.app.screen, ServiceIdListScreen)
        assert "180000000010" in screen_text(counter.app)
        await pilot.press("f3")
        await settle(pilot)
        assert "180000000020" in screen_text(counter.app)
        assert "F3" not in screen_text(counter.app)
        await pilot.press("f5")
        await settle(pilot)
        assert "180000000010" in screen_text(counter.app)


async def test_a_notice_is_acknowledged(counter: Counter) -> None:
    async with running(counter) as pilot:
        await notices(counter, pilot)
        assert isinstance(counter.app.screen, AddressNoticesScreen)
        await pilot.press("down", "enter")
        await settle(pilot)
        assert counter.gateway.issuer_book.acknowledged == [2]
        assert counter.app.screen.query_one(OptionList).option_count == 1
        await pilot.press("enter")
        await settle(pilot)
        assert "未確認の通知はありません" in screen_text(counter.app)
        await pilot.press("enter", "escape")
        await settle(pilot)
        assert isinstance(counter.app.screen, MenuScreen)
