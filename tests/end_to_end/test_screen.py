"""Windows that are too small, Ctrl-C, and boxes in the middle of things."""

import asyncio

import pytest

from counter_tui.faces.shop.menus import PointMenuScreen
from counter_tui.shell.boxes import HelpBox, TooSmallBox
from counter_tui.tasks.points.spend import SpendConfirmScreen, SpendDoneScreen, SpendInputScreen
from tests.end_to_end.support import SAKURAI, Counter, Place

TOO_SMALL = "画面が小さすぎます。"


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (20, 5)])
async def test_too_small_at_the_confirmation_and_back(
    place: Place, counter: Counter, size: tuple[int, int]
) -> None:
    await counter.open_spending()
    await counter.check(500)
    await counter.pilot.resize_terminal(*size)
    await counter.reach(TooSmallBox)
    await counter.read(TOO_SMALL[:6])
    await counter.confirm()
    await counter.press("escape")
    assert place.outcomes() == []
    await counter.pilot.resize_terminal(80, 24)
    await counter.reach(SpendConfirmScreen)
    await counter.read("1,230pt", "Enter 利用")
    await counter.confirm()
    await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", 500)]


async def test_too_small_while_the_booking_is_on_its_way(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = counter.app.session.server.book
    asked, may_send = asyncio.Event(), asyncio.Event()

    async def slow(method: str, request: bytes) -> object:
        asked.set()
        await may_send.wait()
        return await real(method, request)

    monkeypatch.setattr(counter.app.session.server, "book", slow)
    await counter.open_spending()
    await counter.check(500)
    await counter.confirm()
    await asked.wait()
    await counter.pilot.resize_terminal(60, 20)
    await counter.reach(TooSmallBox)
    may_send.set()
    await counter.until(lambda: place.booked() == [("SPEND", 500)], "booking")
    await counter.pilot.pause(0.1)
    assert isinstance(counter.app.screen, TooSmallBox)
    await counter.pilot.resize_terminal(80, 24)
    await counter.reach(SpendDoneScreen)
    await counter.read("500ポイント")
    await counter.press("enter")
    await counter.reach(SpendInputScreen)
    await counter.read("1,230pt")
    await counter.press("escape")
    await counter.reach(PointMenuScreen)
    assert place.booked() == [("SPEND", 500)]


async def test_card_out_while_the_window_is_too_small(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.check(500)
    await counter.pilot.resize_terminal(60, 20)
    await counter.reach(TooSmallBox)
    counter.reader.remove()
    counter.reader.insert(SAKURAI)
    await counter.pilot.resize_terminal(100, 30)
    await counter.reach(SpendInputScreen)
    await counter.read("確認の前にカードが抜かれました。")
    assert place.outcomes() == []


async def test_control_c_at_the_confirmation(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.check(500)
    await counter.press("ctrl+c", "ctrl+c")
    await counter.read("終了するには F10 を押してください。")
    assert isinstance(counter.app.screen, SpendConfirmScreen)
    assert place.outcomes() == []
    await counter.press("f10")
    await counter.settle()
    assert place.outcomes() == []
    assert place.waiting() == []


async def test_control_c_never_copies_or_clears_what_was_typed(
    place: Place, counter: Counter
) -> None:
    await counter.open_spending()
    await counter.type("500")
    await counter.press("ctrl+c")
    await counter.read("終了するには F10 を押してください。")
    assert counter.field.value == "500"
    assert place.outcomes() == []


async def test_help_above_the_confirmation(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.check(500)
    await counter.press("f1")
    await counter.reach(HelpBox)
    await counter.press("enter")
    await counter.reach(SpendConfirmScreen)
    # The Enter that closed the box books nothing; the next one does.
    assert place.outcomes() == []
    await counter.confirm()
    await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", 500)]


async def test_back_from_the_confirmation_keeps_the_amount(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.check(500)
    await counter.press("escape")
    await counter.reach(SpendInputScreen)
    assert counter.field.value == "500"
    assert counter.field.has_focus
    assert place.outcomes() == []
    assert place.waiting() == []
