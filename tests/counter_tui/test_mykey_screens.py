"""Pictures of the screens of a MyKey ID in both languages: look at each before accepting it."""

from pathlib import Path

import pytest
from rich.color import Color
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.app import BRIGHT
from counter_tui.calls.answers import RefusedError
from counter_tui.shell.widgets import NumberedList, PlainInput
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.tasks.mykey.attempt import AttemptScreen
from counter_tui.tasks.mykey.change import MykeyChangeScreen
from counter_tui.tasks.mykey.create import MykeyCreateScreen
from counter_tui.tasks.mykey.done import Scroll
from counter_tui.tasks.mykey.own_service_ids import OwnServiceIdsScreen
from counter_tui.tasks.mykey.revoke import MykeyRevokeScreen
from counter_tui.tasks.mykey.sending import SendingBox
from counter_tui.tasks.mykey.tie import CardTieScreen
from tests.counter_tui.canned import Counter
from tests.counter_tui.canned_mykey import MANY_MUNICIPALITIES, NO_ANSWER
from tests.counter_tui.looks import SIGN_CONTRAST_MIN, contrast, frame_colour
from tests.counter_tui.test_screens import Drive, SnapCompare, is_as_accepted, pictures_of, s22
from tests.stillness import settle

PASSWORD = "Secret77"
MAIL = "hanako@example.jp"


async def open_screen(counter: Counter, pilot: Pilot[object], screen: AttemptScreen) -> None:
    """Sign in and open a task, with the first card in."""
    await s22(counter, pilot)
    counter.reader.insert(0)
    counter.app.push_screen(screen)
    await settle(pilot)


async def give_pin(counter: Counter, pilot: Pilot[object]) -> None:
    """Type the right PIN."""
    await press(pilot, counter, "enter")
    while not isinstance(counter.app.screen, PinBox):
        await pilot.pause(0.01)
    await pilot.press(*"1234", "enter")
    while isinstance(counter.app.screen, PinBox | SendingBox):
        await pilot.pause(0.01)
    await settle(pilot)


async def fill(pilot: Pilot[object], counter: Counter, *fields: str, text: str) -> None:
    """Fill fields at once; Enter in the last of them."""
    for field in fields:
        counter.app.screen.query_one(field, Input).value = text
    counter.app.screen.query_one(fields[-1]).focus()
    await press(pilot, counter, "enter")


async def press(pilot: Pilot[object], counter: Counter, *keys: str) -> None:
    """Press keys, after the pause that some of them need."""
    counter.watch.seconds += 1
    await pilot.press(*keys)
    await settle(pilot)


async def s14_no_card(counter: Counter, pilot: Pilot[object]) -> None:
    await s22(counter, pilot)
    counter.app.push_screen(MykeyCreateScreen())
    await settle(pilot)


async def s14(counter: Counter, pilot: Pilot[object]) -> None:
    await open_screen(counter, pilot, MykeyCreateScreen())


async def s15(counter: Counter, pilot: Pilot[object]) -> None:
    await s14(counter, pilot)
    await press(pilot, counter, "enter")


async def has_one_already(counter: Counter, pilot: Pilot[object]) -> None:
    text = "このカードの持ち主には、すでにマイキーIDがあります。"
    counter.gateway.mykey.troubles["begin"] = [RefusedError("MYKEY_ID_EXISTS", text)]
    await s16_1(counter, pilot)


async def s16_1(counter: Counter, pilot: Pilot[object]) -> None:
    await s14(counter, pilot)
    await give_pin(counter, pilot)


async def s16_1_proposed(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_1(counter, pilot)
    await press(pilot, counter, "f2")


async def s16_1_third(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_1(counter, pilot)
    for _ in range(3):
        await press(pilot, counter, "f2")


async def s16_1_bad_text(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_1(counter, pilot)
    await pilot.press(*"TAKE", "minus", *"0", "space", "ア")
    await settle(pilot)


async def s16_1_taken(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_1(counter, pilot)
    await press(pilot, counter, *"taken001", "enter")


async def s16_1_taken_thrice(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_1(counter, pilot)
    for number in "123":
        counter.app.screen.query_one("#candidate", Input).value = f"TAKEN00{number}"
        await press(pilot, counter, "enter")


async def s16_1_free(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_1(counter, pilot)
    await press(pilot, counter, *"ｈａｎａko10", "enter")


async def s16_2(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_1_free(counter, pilot)
    await press(pilot, counter, "enter")


async def s16_2_short(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_2(counter, pilot)
    await press(pilot, counter, *"abc12")


async def s16_2_differs(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_2(counter, pilot)
    await press(pilot, counter, *PASSWORD, "enter", *"Secret78", "enter")


async def s16_3(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_2(counter, pilot)
    await fill(pilot, counter, "#password", "#password-again", text=PASSWORD)


async def s16_3_bad(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_3(counter, pilot)
    counter.app.screen.query_one("#mail", Input).value = "hanako＠example.jp"
    await press(pilot, counter, "enter")


async def s16_3_choices(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_3(counter, pilot)
    await fill(pilot, counter, "#mail", "#mail-again", text=MAIL)
    await press(pilot, counter, "1", "4")


async def s16_4(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_3_choices(counter, pilot)
    await press(pilot, counter, "enter")


async def s16_4_prefectures(counter: Counter, pilot: Pilot[object]) -> None:
    counter.gateway.mykey.municipalities = MANY_MUNICIPALITIES
    await s16_4(counter, pilot)
    await press(pilot, counter, *("down",) * 9)


async def s16_4_municipalities(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_4_prefectures(counter, pilot)
    await press(pilot, counter, "enter", "pagedown")


async def s16_4_no_answer(counter: Counter, pilot: Pilot[object]) -> None:
    counter.gateway.mykey.troubles["bases"] = [NO_ANSWER]
    await s16_4(counter, pilot)


async def s16_5(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_4(counter, pilot)
    await press(pilot, counter, "2")


async def s16_5_all(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_3(counter, pilot)
    await fill(pilot, counter, "#mail", "#mail-again", text="a" * 243 + "@example.jp")
    await press(pilot, counter, "1", "2", "3", "4", "enter")
    await press(pilot, counter, "2")


async def registering_without_answer(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_5(counter, pilot)
    counter.gateway.away = True
    await press(pilot, counter, "enter")


async def s17(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_5(counter, pilot)
    await press(pilot, counter, "enter")


async def card_pulled_out(counter: Counter, pilot: Pilot[object]) -> None:
    await s16_2_short(counter, pilot)
    counter.reader.remove()
    await settle(pilot)


async def s61_card(counter: Counter, pilot: Pilot[object]) -> None:
    await open_screen(counter, pilot, MykeyChangeScreen())


async def s61(counter: Counter, pilot: Pilot[object]) -> None:
    await s61_card(counter, pilot)
    await give_pin(counter, pilot)


async def s61_confirm(counter: Counter, pilot: Pilot[object]) -> None:
    await s61(counter, pilot)
    await press(pilot, counter, "f2", "enter")


async def s61_done(counter: Counter, pilot: Pilot[object]) -> None:
    await s61_confirm(counter, pilot)
    await press(pilot, counter, "enter")


async def s62_card(counter: Counter, pilot: Pilot[object]) -> None:
    await open_screen(counter, pilot, MykeyRevokeScreen())


async def s62(counter: Counter, pilot: Pilot[object]) -> None:
    await s62_card(counter, pilot)
    await give_pin(counter, pilot)


async def s62_again(counter: Counter, pilot: Pilot[object]) -> None:
    await s62(counter, pilot)
    await press(pilot, counter, "enter")
    await press(pilot, counter, "enter")


async def s62_done(counter: Counter, pilot: Pilot[object]) -> None:
    await s62_again(counter, pilot)
    await press(pilot, counter, "f6")


async def tie_card(counter: Counter, pilot: Pilot[object]) -> None:
    await open_screen(counter, pilot, CardTieScreen())


async def tie(counter: Counter, pilot: Pilot[object]) -> None:
    await tie_card(counter, pilot)
    await give_pin(counter, pilot)


async def tie_wrong(counter: Counter, pilot: Pilot[object]) -> None:
    text = "マイキーIDまたはパスワードが違います。"
    counter.gateway.mykey.troubles["tie"] = [RefusedError("MYKEY_PASSWORD_WRONG", text)]
    await tie(counter, pilot)
    await press(pilot, counter, *"my123456", "enter", *PASSWORD, "enter")


async def tie_done(counter: Counter, pilot: Pilot[object]) -> None:
    await tie_wrong(counter, pilot)
    await press(pilot, counter, *PASSWORD, "enter")


async def s57_card(counter: Counter, pilot: Pilot[object]) -> None:
    await open_screen(counter, pilot, OwnServiceIdsScreen())


async def s57(counter: Counter, pilot: Pilot[object]) -> None:
    await s57_card(counter, pilot)
    await give_pin(counter, pilot)


async def s57_none(counter: Counter, pilot: Pilot[object]) -> None:
    counter.gateway.mykey.service_ids = []
    await s57(counter, pilot)


DRIVES: list[Drive] = [
    s14_no_card,
    s14,
    s15,
    has_one_already,
    s16_1,
    s16_1_proposed,
    s16_1_third,
    s16_1_bad_text,
    s16_1_taken,
    s16_1_taken_thrice,
    s16_1_free,
    s16_2,
    s16_2_short,
    s16_2_differs,
    s16_3,
    s16_3_bad,
    s16_3_choices,
    s16_4,
    s16_4_prefectures,
    s16_4_municipalities,
    s16_4_no_answer,
    s16_5,
    s16_5_all,
    registering_without_answer,
    s17,
    card_pulled_out,
    s61_card,
    s61,
    s61_confirm,
    s61_done,
    s62_card,
    s62,
    s62_again,
    s62_done,
    tie_card,
    tie,
    tie_wrong,
    tie_done,
    s57_card,
    s57,
    s57_none,
]


def check_focus(counter: Counter) -> None:
    """What has the focus is seen: a frame that stands out, or a line in reverse."""
    focused = counter.app.focused
    if focused is None or not isinstance(focused, Input | Scroll):
        assert focused is None or isinstance(focused, NumberedList)
        return
    ground = Color.parse(BRIGHT.background or "")
    assert contrast(frame_colour(counter.app, focused), ground) >= SIGN_CONTRAST_MIN


def check_nothing_is_cut(counter: Counter) -> None:
    """Every text stands on the screen whole, or in a part that scrolls."""
    screen: Screen[object] = counter.app.screen
    rows = screen.size.height
    for widget in screen.walk_children():
        if not isinstance(widget, Widget):
            continue
        if widget.display and widget.is_attached and not _scrolls(widget):
            assert widget.region.bottom <= rows, widget
            assert widget.virtual_size.height <= max(widget.size.height, 1), widget
        if isinstance(widget, PlainInput) and widget.display and isinstance(widget.parent, Widget):
            assert widget.region.right <= widget.parent.content_region.right, widget


def _scrolls(widget: object) -> bool:
    ancestors = getattr(widget, "ancestors_with_self", ())
    return any(isinstance(one, Scroll) for one in ancestors)


test_screen = pictures_of(
    DRIVES,
    Counter,
    check_focus,
    check_nothing_is_cut,
)


@pytest.mark.parametrize("size", [(100, 30), (132, 43)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    "drive", [s14, s16_1_third, s16_3_choices, s16_5, s17, s62], ids=lambda drive: drive.__name__
)
def test_larger_screens(
    drive: Drive,
    size: tuple[int, int],
    snap_compare: SnapCompare,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = Counter(tmp_path, "ja", monkeypatch)
    assert is_as_accepted(counter, drive, snap_compare, check_nothing_is_cut, size=size)
