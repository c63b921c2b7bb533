"""Cards that go, change and do not fit (USE-1, USE-3, USE-9, MRG-2)."""

import asyncio
from typing import Any

import pytest
from jichipoint.v1 import points_pb2

from counter_tui.faces.shop.menus import PointMenuScreen
from counter_tui.shell.boxes import CardsBox, HelpBox
from counter_tui.shell.widgets import Words
from counter_tui.tasks.booking.working import WorkingScreen
from counter_tui.tasks.points.merge import MergeConfirmScreen, MergeDoneScreen, MergeInputScreen
from counter_tui.tasks.points.spend import SpendConfirmScreen, SpendDoneScreen, SpendInputScreen
from tests.end_to_end.support import (
    BALANCE,
    EXPIRED,
    MORI,
    SAKURAI,
    TAKAHASHI,
    WITHOUT_MYKEY,
    Counter,
    Place,
)

REMOVED = "カードが抜かれました。"


def holder(counter: Counter) -> str:
    return str(counter.app.screen.query_one("#holder", Words).render())


def confirms(counter: Counter) -> int:
    kinds = (SpendConfirmScreen, MergeConfirmScreen)
    return sum(isinstance(screen, kinds) for screen in counter.app.screen_stack)


async def test_card_out_at_the_input(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.type("500")
    counter.reader.remove()
    await counter.read(REMOVED)
    assert holder(counter) == ""
    assert counter.field.value == ""
    await counter.type("500")
    await counter.press("enter")
    await counter.read("先にカードを読み取り")
    assert place.outcomes() == []


async def test_another_card_at_the_input(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.type("500")
    counter.reader.insert(MORI)
    await counter.read("KEY34567", "300pt")
    assert counter.field.value == ""
    assert "MY123456" not in counter.text
    assert place.outcomes() == []


@pytest.mark.parametrize("merging", [False, True])
async def test_card_out_at_the_confirmation(place: Place, counter: Counter, merging: bool) -> None:
    await (counter.open_merging() if merging else counter.open_spending())
    await counter.check(200)
    counter.reader.remove()
    await counter.reach(MergeInputScreen if merging else SpendInputScreen)
    await counter.read("確認の前にカードが抜かれました。")
    await counter.confirm()
    assert place.outcomes() == []
    assert place.balance() == BALANCE


async def test_another_card_at_the_confirmation(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.check(200)
    counter.reader.insert(TAKAHASHI)
    await counter.reach(SpendInputScreen)
    await counter.read("TAKA8888")
    assert "MY123456" not in counter.text
    assert counter.field.value == ""
    assert place.outcomes() == []


@pytest.mark.parametrize("key", ["6", "2", "1"])
async def test_card_changed_in_the_box_above_the_confirmation(
    place: Place, counter: Counter, key: str
) -> None:
    await counter.open_spending()
    await counter.check(200)
    await counter.press("f9")
    await counter.reach(CardsBox)
    await counter.press(key)
    await counter.reach(SpendInputScreen)
    await counter.confirm()
    assert confirms(counter) == 0
    assert place.outcomes() == []


@pytest.mark.parametrize("box", [CardsBox, HelpBox])
async def test_card_out_while_a_box_is_above_the_confirmation(
    place: Place, counter: Counter, box: type[Any]
) -> None:
    await counter.open_spending()
    await counter.check(200)
    await counter.press("f9" if box is CardsBox else "f1")
    await counter.reach(box)
    counter.reader.remove()
    counter.reader.insert(SAKURAI)
    await counter.press("escape")
    await counter.reach(SpendInputScreen)
    await counter.read("確認の前にカードが抜かれました。")
    assert place.outcomes() == []


@pytest.mark.parametrize("moment", [0, 1, 4])
async def test_card_out_around_the_enter_that_opens_the_confirmation(
    place: Place, counter: Counter, moment: int
) -> None:
    await counter.open_spending()
    await counter.type("200")
    pressing = asyncio.ensure_future(counter.press("enter"))
    for _ in range(moment):
        await asyncio.sleep(0)
    counter.reader.remove()
    await pressing
    await counter.reach(SpendInputScreen)
    await counter.read("セットしてください")
    assert confirms(counter) == 0
    await counter.confirm()
    assert place.outcomes() == []


async def test_card_out_before_the_enter_in_the_same_moment(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.check(200)
    counter.ticks.seconds += 1
    counter.reader.remove()
    await counter.press("enter")
    await counter.until(lambda: confirms(counter) == 0, "end of the confirmation")
    await counter.settle()
    # Either the reader was first, or the booking; never both.
    assert place.booked() in ([], [("SPEND", 200)])
    assert len(place.booked()) == (1 if "完了" in counter.text else 0)


async def test_card_out_while_it_is_being_read(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's answer comes after the card has gone: nobody's points are shown."""
    asked, may_answer = asyncio.Event(), asyncio.Event()
    real = counter.app.session.calls.points.usable_points

    async def slow(serial_number: str) -> points_pb2.ListUsablePointsResponse:
        found = await real(serial_number)
        asked.set()
        await may_answer.wait()
        return found

    monkeypatch.setattr(counter.app.session.calls.points, "usable_points", slow)
    await counter.open_spending(None)
    counter.reader.insert(SAKURAI)
    await asked.wait()
    counter.reader.remove()
    await counter.read(REMOVED)
    may_answer.set()
    await counter.pilot.pause(0.1)
    assert holder(counter) == ""
    assert "1,730pt" not in counter.text
    await counter.type("200")
    await counter.press("enter")
    await counter.read("先にカードを読み取り")
    assert confirms(counter) == 0
    assert place.outcomes() == []


async def test_card_out_once_the_booking_began(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = counter.app.session.server.book
    asked, may_send = asyncio.Event(), asyncio.Event()

    async def slow(method: str, request: bytes) -> object:
        asked.set()
        await may_send.wait()
        return await real(method, request)

    monkeypatch.setattr(counter.app.session.server, "book", slow)
    await counter.open_merging()
    await counter.check(200)
    await counter.confirm()
    await asked.wait()
    assert isinstance(counter.app.screen, WorkingScreen)
    counter.reader.remove()
    await counter.settle()
    counter.reader.insert(MORI)
    await counter.settle()
    may_send.set()
    await counter.reach(MergeDoneScreen)
    assert place.booked() == [("MERGE", 200)]
    assert place.balance() == BALANCE - 200
    assert len(place.merge_files()) == 1


@pytest.mark.parametrize(
    ("card", "reason"),
    [(EXPIRED, "CERTIFICATE_EXPIRED"), (WITHOUT_MYKEY, "CERTIFICATE_UNKNOWN")],
)
@pytest.mark.parametrize("merging", [False, True])
async def test_card_that_is_not_accepted(
    place: Place, counter: Counter, card: int, reason: str, merging: bool
) -> None:
    await (counter.open_merging(None) if merging else counter.open_spending(None))
    counter.reader.insert(card)
    await counter.read(f"({reason})", "カード読取 [F5] でもう一度読み取れます。")
    if merging:
        await counter.press("tab")  # past the number of the street's card
    await counter.type("100")
    await counter.press("enter")
    await counter.read("先にカードを読み取り")
    assert place.outcomes() == []


async def test_holder_without_street_point_id(place: Place, counter: Counter) -> None:
    await counter.open_merging(None)
    counter.reader.insert(MORI)
    await counter.read("(SERVICE_ID_NOT_REGISTERED)", "さくら通り商店街")
    await counter.press("tab")
    await counter.type("100")
    await counter.press("enter")
    await counter.read("先にカードを読み取り")
    assert place.outcomes() == []
    assert place.merge_files() == []


@pytest.mark.parametrize("at_confirmation", [False, True])
async def test_reader_breaks_down_and_is_repaired(
    place: Place, counter: Counter, at_confirmation: bool
) -> None:
    await counter.open_spending()
    if at_confirmation:
        await counter.check(500)
    counter.reader.break_down("USB")
    await counter.reach(SpendInputScreen)
    await counter.read("抜かれました" if at_confirmation else "カードリーダーが使えません。")
    assert holder(counter) == ""
    counter.reader.repair()
    await counter.read("MY123456", "1,730pt")
    assert "カードリーダーが使えません。" not in counter.text
    assert place.outcomes() == []
    await counter.press("1")
    await counter.check(500)
    await counter.confirm()
    await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", 500)]


async def test_reader_is_repaired_without_a_card(place: Place, counter: Counter) -> None:
    await counter.open_spending(None)
    counter.reader.break_down("USB")
    await counter.read("カードリーダーが使えません。")
    counter.reader.repair()
    await counter.until(lambda: "カードリーダーが使えません。" not in counter.text, "repair")
    assert place.outcomes() == []


async def test_reader_that_was_down_before_the_screen_came(place: Place, counter: Counter) -> None:
    counter.reader.break_down("USB")
    await counter.settle()
    await counter.open_spending(None)
    await counter.read("カードリーダーが使えません。")
    counter.reader.insert(SAKURAI)
    counter.reader.repair()
    await counter.read("MY123456", "1,730pt")
    assert place.outcomes() == []


@pytest.mark.parametrize("key", ["escape", "f10"])
async def test_leaving_while_the_card_is_read(place: Place, counter: Counter, key: str) -> None:
    await counter.open_spending(None)
    counter.reader.insert(SAKURAI)
    await asyncio.sleep(0)
    await counter.press(key)
    if key == "escape":
        await counter.reach(PointMenuScreen)
    assert counter.app._exception is None
    assert place.outcomes() == []
