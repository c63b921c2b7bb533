"""Pictures of the kiosk in both languages: look at each before accepting it."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from counter_tui.app import CounterApp
from counter_tui.faces.kiosk.face import KIOSK
from counter_tui.shell.boxes import IdleBox
from tests.counter_tui.canned import NOW, Counter
from tests.counter_tui.test_mykey_screens import (
    PASSWORD,
    check_focus,
    check_nothing_is_cut,
    give_pin,
    press,
)
from tests.counter_tui.test_screens import Drive, SnapCompare, is_as_accepted, pictures_of
from tests.stillness import settle

TERMINAL_PASSWORD = "demo-1234"


def new_counter(folder: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Return a kiosk on a canned gateway, on a machine that has its terminal already."""
    counter = Counter(folder, language, monkeypatch)
    app = CounterApp(
        counter.app.settings,
        KIOSK,
        counter.reader,
        card_box=counter.reader,
        monotonic=counter.watch,
        clock=lambda: NOW,
    )
    app.session.state.remember_terminal("00010011")
    counter.app = app
    return counter


async def until_shown(pilot: Pilot[object], kind: type) -> None:
    """Wait until the screen on top is of a kind."""
    while not isinstance(pilot.app.screen, kind):
        await pilot.pause(0.01)
    await settle(pilot)


async def kiosk_sign_in(counter: Counter, pilot: Pilot[object]) -> None:
    await settle(pilot)


async def kiosk_menu(counter: Counter, pilot: Pilot[object]) -> None:
    await kiosk_sign_in(counter, pilot)
    await press(pilot, counter, *TERMINAL_PASSWORD, "enter")


async def kiosk_other_language(counter: Counter, pilot: Pilot[object]) -> None:
    await kiosk_menu(counter, pilot)
    await press(pilot, counter, "f2")


async def kiosk_tie(counter: Counter, pilot: Pilot[object]) -> None:
    """Somebody has typed an ID and a password, and goes away."""
    await kiosk_menu(counter, pilot)
    counter.reader.insert(0)
    await press(pilot, counter, "4")
    await give_pin(counter, pilot)
    await press(pilot, counter, *"MY123456", "enter", *PASSWORD)


async def kiosk_idle(counter: Counter, pilot: Pilot[object]) -> None:
    await kiosk_tie(counter, pilot)
    counter.watch.seconds += 53
    await until_shown(pilot, IdleBox)


async def kiosk_leave(counter: Counter, pilot: Pilot[object]) -> None:
    await kiosk_menu(counter, pilot)
    await press(pilot, counter, "f10")


async def kiosk_leave_wrong(counter: Counter, pilot: Pilot[object]) -> None:
    await kiosk_leave(counter, pilot)
    await press(pilot, counter, *"guess", "enter")


DRIVES: list[Drive] = [
    kiosk_sign_in,
    kiosk_menu,
    kiosk_other_language,
    kiosk_idle,
    kiosk_leave,
    kiosk_leave_wrong,
]


test_screen = pictures_of(DRIVES, new_counter, check_focus, check_nothing_is_cut)


@pytest.mark.parametrize("size", [(100, 30), (132, 43)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_larger_menu(
    size: tuple[int, int],
    snap_compare: SnapCompare,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = new_counter(tmp_path, "ja", monkeypatch)
    assert is_as_accepted(counter, kiosk_menu, snap_compare, size=size)
