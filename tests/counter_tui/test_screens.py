"""Pictures of every screen in both languages at 80×24: look at each before accepting it."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from counter_tui.calls.answers import RefusedError
from counter_tui.tasks.terminal.sign_in import SignInScreen
from tests.counter_tui.canned import (
    NUMBER,
    QR_TEXT,
    UNKNOWN_NUMBER,
    Counter,
    left_by_an_earlier_run,
    scan,
)
from tests.counter_tui.looks import check_contrast, check_keys
from tests.stillness import settle

SIZE = (80, 24)
Drive = Callable[[Counter, Pilot[object]], Awaitable[None]]


class SnapCompare(Protocol):
    def __call__(
        self,
        app: App[None],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[object]], Awaitable[None]],
    ) -> bool: ...


async def answer(counter: Counter, pilot: Pilot[object], key: str) -> None:
    """Press a key once what is shown was read."""
    counter.watch.seconds += 1
    await pilot.press(key)
    await settle(pilot)


async def s9(counter: Counter, pilot: Pilot[object]) -> None:
    await settle(pilot)


async def wrong_password(counter: Counter, pilot: Pilot[object]) -> None:
    await pilot.press(*"00010011", "tab", *"wrong", "enter")
    await settle(pilot)


async def s22(counter: Counter, pilot: Pilot[object]) -> None:
    """Sign in; what is typed there is tested elsewhere."""
    for field, text in (("#terminal-id", "00010011"), ("#password", "demo-1234")):
        counter.app.screen.query_one(field, Input).value = text
    counter.app.screen.query_one("#password").focus()
    await pilot.press("enter")
    await settle(pilot)


async def s2(counter: Counter, pilot: Pilot[object]) -> None:
    await s22(counter, pilot)
    counter.app.pop_screen()
    counter.app.run_worker(counter.app.session.sign_in_again())
    await settle(pilot)


async def s28(counter: Counter, pilot: Pilot[object]) -> None:
    await s22(counter, pilot)
    await pilot.press("up", "enter")
    await settle(pilot)


async def s29_empty(counter: Counter, pilot: Pilot[object]) -> None:
    await s28(counter, pilot)
    await pilot.press("1")
    await settle(pilot)


async def cards(counter: Counter, pilot: Pilot[object]) -> None:
    await s29_empty(counter, pilot)
    await pilot.press("f9")
    await settle(pilot)


async def s29(counter: Counter, pilot: Pilot[object]) -> None:
    await cards(counter, pilot)
    await pilot.press("1")
    await settle(pilot)
    await pilot.press("1", *"500")
    await settle(pilot)


async def s29_not_a_number(counter: Counter, pilot: Pilot[object]) -> None:
    await s29(counter, pilot)
    await pilot.press("full_stop", "5", "enter")
    await settle(pilot)


async def s30(counter: Counter, pilot: Pilot[object]) -> None:
    await s29(counter, pilot)
    await pilot.press("enter")
    await settle(pilot)


async def pin(counter: Counter, pilot: Pilot[object]) -> None:
    await s29(counter, pilot)
    await pilot.press(*("backspace",) * 3, *"1500", "enter")
    await settle(pilot)
    await answer(counter, pilot, "enter")


async def pin_wrong(counter: Counter, pilot: Pilot[object]) -> None:
    await pin(counter, pilot)
    await pilot.press(*"0000", "enter")
    await settle(pilot)


async def pin_locked(counter: Counter, pilot: Pilot[object]) -> None:
    await pin_wrong(counter, pilot)
    for _ in range(2):
        await pilot.press(*"0000", "enter")
        await settle(pilot)


async def foreign_card(counter: Counter, pilot: Pilot[object]) -> None:
    await s29_empty(counter, pilot)
    counter.reader.insert(1)
    await settle(pilot)


async def s31(counter: Counter, pilot: Pilot[object]) -> None:
    await s30(counter, pilot)
    await answer(counter, pilot, "enter")


async def refused(counter: Counter, pilot: Pilot[object]) -> None:
    counter.gateway.refusal = RefusedError("DAY_TURNED", "日付が変わりました。")
    await s31(counter, pilot)


async def waiting(counter: Counter, pilot: Pilot[object]) -> None:
    counter.gateway.away = True
    await s31(counter, pilot)


async def resumed(counter: Counter, pilot: Pilot[object]) -> None:
    left_by_an_earlier_run(counter)
    await s22(counter, pilot)


async def resumed_and_booked(counter: Counter, pilot: Pilot[object]) -> None:
    await resumed(counter, pilot)
    await answer(counter, pilot, "f3")


async def resumed_and_given_up(counter: Counter, pilot: Pilot[object]) -> None:
    await resumed(counter, pilot)
    await answer(counter, pilot, "f7")


async def booked_by_an_earlier_run(counter: Counter, pilot: Pilot[object]) -> None:
    request = left_by_an_earlier_run(counter)
    counter.gateway.known = await counter.gateway.book("Spend", request)
    await s22(counter, pilot)


async def s37(counter: Counter, pilot: Pilot[object]) -> None:
    await s28(counter, pilot)
    counter.reader.insert(0)
    await pilot.press("3")
    await settle(pilot)
    await pilot.press(*"1234")
    await settle(pilot)


async def s38(counter: Counter, pilot: Pilot[object]) -> None:
    await s37(counter, pilot)
    await pilot.press("enter")
    await settle(pilot)


async def s39(counter: Counter, pilot: Pilot[object]) -> None:
    await s38(counter, pilot)
    await answer(counter, pilot, "enter")


async def s2_training(counter: Counter, pilot: Pilot[object]) -> None:
    await s22(counter, pilot)
    counter.app.pop_screen()
    counter.app.session.is_open = False
    counter.app.push_screen(SignInScreen(), counter.app._signed_in)
    await settle(pilot)
    await pilot.press(*"demo-1234", "f4")
    await settle(pilot)


async def training_cards(counter: Counter, pilot: Pilot[object]) -> None:
    await s2_training(counter, pilot)
    await pilot.press("up", "enter")
    await settle(pilot)
    await pilot.press("1")
    await settle(pilot)
    await pilot.press("f9")
    await settle(pilot)


async def training_pin(counter: Counter, pilot: Pilot[object]) -> None:
    await training_cards(counter, pilot)
    await pilot.press("1")
    await settle(pilot)
    await pilot.press("1", *"1500", "enter")
    await settle(pilot)
    await answer(counter, pilot, "enter")
    await pilot.press(*"0000", "enter")
    await settle(pilot)


async def training_pin_right(counter: Counter, pilot: Pilot[object]) -> None:
    await training_pin(counter, pilot)
    await pilot.press(*"1234", "enter")
    await settle(pilot)


async def s28_chamber(counter: Counter, pilot: Pilot[object]) -> None:
    counter.gateway.is_shop = False
    await s28(counter, pilot)


async def s32(counter: Counter, pilot: Pilot[object]) -> None:
    await s28_chamber(counter, pilot)
    counter.reader.insert(0)
    await pilot.press("1")
    await settle(pilot)
    await pilot.press("1", *"500")
    await settle(pilot)


async def s32_days(counter: Counter, pilot: Pilot[object]) -> None:
    await s32(counter, pilot)
    await pilot.press("shift+tab", "backspace", "1", "enter")
    await settle(pilot)


async def s33(counter: Counter, pilot: Pilot[object]) -> None:
    await s32(counter, pilot)
    await pilot.press("enter")
    await settle(pilot)


async def s34(counter: Counter, pilot: Pilot[object]) -> None:
    await s33(counter, pilot)
    await answer(counter, pilot, "enter")


async def s34_again(counter: Counter, pilot: Pilot[object]) -> None:
    await s34(counter, pilot)
    await pilot.press("f8")
    await settle(pilot)


async def cancel_reason(counter: Counter, pilot: Pilot[object]) -> None:
    await s34(counter, pilot)
    await pilot.press("f4")
    await settle(pilot)


async def cancel_confirm(counter: Counter, pilot: Pilot[object]) -> None:
    await day(counter, pilot)
    await pilot.press("down", "down", "f4")
    await settle(pilot)
    await pilot.press("1")
    await settle(pilot)


async def cancel_done(counter: Counter, pilot: Pilot[object]) -> None:
    await cancel_confirm(counter, pilot)
    await answer(counter, pilot, "enter")


async def s35_empty(counter: Counter, pilot: Pilot[object]) -> None:
    await s28(counter, pilot)
    await pilot.press("2")
    await settle(pilot)


async def s35(counter: Counter, pilot: Pilot[object]) -> None:
    await s35_empty(counter, pilot)
    await pilot.press(*NUMBER, "enter")
    await settle(pilot)


async def s35_unknown(counter: Counter, pilot: Pilot[object]) -> None:
    await s35_empty(counter, pilot)
    await pilot.press(*UNKNOWN_NUMBER, "enter")
    await settle(pilot)


async def s35_places(counter: Counter, pilot: Pilot[object]) -> None:
    await s28_chamber(counter, pilot)
    await pilot.press("2")
    await settle(pilot)


async def s35_without_network(counter: Counter, pilot: Pilot[object]) -> None:
    await s35_empty(counter, pilot)
    counter.gateway.away = True
    counter.app.screen.query_one("#number", Input).value = QR_TEXT
    await pilot.press("enter")
    await settle(pilot)


async def s35_number_without_network(counter: Counter, pilot: Pilot[object]) -> None:
    await s35_empty(counter, pilot)
    counter.gateway.away = True
    await pilot.press(*NUMBER, "enter")
    await settle(pilot)


async def s36(counter: Counter, pilot: Pilot[object]) -> None:
    await s35(counter, pilot)
    await answer(counter, pilot, "enter")


async def scanned_elsewhere(counter: Counter, pilot: Pilot[object]) -> None:
    await s29(counter, pilot)
    counter.app.screen.query_one("#points", Input).focus()
    scan(counter.app, NUMBER)
    await settle(pilot)


async def day(counter: Counter, pilot: Pilot[object]) -> None:
    await s28(counter, pilot)
    await pilot.press("4")
    await settle(pilot)


async def help_box(counter: Counter, pilot: Pilot[object]) -> None:
    await s29(counter, pilot)
    await pilot.press("f1")
    await settle(pilot)


async def too_small(counter: Counter, pilot: Pilot[object]) -> None:
    await s30(counter, pilot)
    await pilot.resize_terminal(79, 24)
    await settle(pilot)


def is_as_accepted(
    counter: Counter,
    drive: Drive,
    snap_compare: SnapCompare,
    *checks: Callable[[Counter], None],
    size: tuple[int, int] = SIZE,
) -> bool:
    """Whether a screen looks as its picture; its contrast, its keys and more are checked first."""

    async def run(pilot: Pilot[object]) -> None:
        await drive(counter, pilot)
        check_contrast(counter.app)
        check_keys(counter.app)
        for check in checks:
            check(counter)

    return snap_compare(counter.app, terminal_size=size, run_before=run)


NewCounter = Callable[[Path, str, pytest.MonkeyPatch], Counter]
"""Makes a counter in a folder, in a language."""


def pictures_of(
    drives: list[Drive], new_counter: NewCounter, *checks: Callable[[Counter], None]
) -> Callable[..., None]:
    """Return the test that screens look as their pictures, in both languages."""

    @pytest.mark.parametrize("language", ["ja", "en"])
    @pytest.mark.parametrize("drive", drives, ids=lambda drive: drive.__name__)
    def test_screen(
        drive: Drive,
        language: str,
        snap_compare: SnapCompare,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        counter = new_counter(tmp_path, language, monkeypatch)
        assert is_as_accepted(counter, drive, snap_compare, *checks)

    return test_screen


DRIVES: list[Drive] = [
    s9,
    wrong_password,
    s2,
    s22,
    s28,
    s29_empty,
    cards,
    s29,
    s29_not_a_number,
    s30,
    pin,
    pin_wrong,
    pin_locked,
    foreign_card,
    s31,
    refused,
    waiting,
    resumed,
    resumed_and_booked,
    resumed_and_given_up,
    booked_by_an_earlier_run,
    s37,
    s38,
    s39,
    s2_training,
    training_cards,
    training_pin,
    training_pin_right,
    s28_chamber,
    s32,
    s32_days,
    s33,
    s34,
    s34_again,
    cancel_reason,
    cancel_confirm,
    cancel_done,
    s35_empty,
    s35,
    s35_unknown,
    s35_places,
    s35_without_network,
    s35_number_without_network,
    s36,
    scanned_elsewhere,
    day,
    help_box,
    too_small,
]


test_screen = pictures_of(
    DRIVES,
    partial(Counter, printer=True),
)
