"""USE-8 on every screen and box: scans, held and doubled keys.

A scan leaves what is shown as it is, unless the screen takes codes; it sends nothing. An Enter
that is held, and a second one at once, do what one Enter does.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from counter_tui.app import CounterApp
from counter_tui.core.key_gate import Typing
from counter_tui.screens.base import CounterModal, CounterScreen
from counter_tui.screens.boxes import TooSmallBox
from counter_tui.screens.kiosk_boxes import IdleBox
from counter_tui.widgets import PlainInput, Words
from tests.counter_tui import (
    test_contact,
    test_kiosk_screens,
    test_mykey_screens,
    test_screens,
    test_service_id_screens,
)
from tests.counter_tui.canned import Counter
from tests.counter_tui.test_mykey_create import at
from tests.counter_tui.test_screens import Drive, settle
from tests.patient_hand import hold, press_hurriedly, rest, send

KIOSK = set(test_kiosk_screens.DRIVES)
VARIANTS = re.compile(
    "wrong|third|space|taken|short|differs|bad|again$|locked|not_a_number|prefectures|municipal"
    "|proposed|letters|barcode|no_answer|without_network|_child|foreign|unknown|other_language"
)
"""Pictures of a screen that another drive shows too."""
DRIVES: list[Drive] = [
    drive
    for drive in (
        *test_screens.DRIVES,
        *test_contact.DRIVES,
        *test_mykey_screens.DRIVES,
        *test_service_id_screens.DRIVES,
        *test_kiosk_screens.DRIVES,
    )
    if not VARIANTS.search(drive.__name__)
]
SCANS = (
    ("4912345678904\r", 0.002),
    ("4912345678904\r", 0.08),
    ("49123456\r", 0.002),
    ("]C0A1234567A\r", 0.02),
    ("LINE ONE\r\nLINE TWO\r\n", 0.005),
)
"""JAN-13 by a quick and by a slow scanner, JAN-8, a library's card with its AIM identifier, and
a text of several lines."""
BOXES_LEFT_BY_ANY_KEY = (TooSmallBox, IdleBox)


def new_counter(drive: Drive, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    if drive in KIOSK:
        return test_kiosk_screens.new_counter(folder, "ja", monkeypatch)
    return Counter(folder, "ja", monkeypatch, printer=True)


def state(counter: Counter) -> tuple[object, ...]:
    """Which screens lie above each other, and all that was sent."""
    gateway = counter.gateway
    return (
        [type(screen).__name__ for screen in counter.app.screen_stack],
        len(set(gateway.sent)),
        len({repr(sent) for sent in gateway.mykey.sent}),
        len(gateway.mykey.begun),
        gateway.mykey.proposed,
        len(gateway.contact_book.sent),
        gateway.issuer_id,
    )


def fields(app: CounterApp) -> list[str]:
    return [field.value for field in app.screen.query(PlainInput)]


def takes_scans(app: CounterApp) -> bool:
    screen = app.screen
    return isinstance(screen, CounterScreen | CounterModal) and screen.TAKES_SCANS


def message(app: CounterApp) -> str:
    return " ".join(str(one.render()) for one in app.screen.query("#message").results(Words))


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: drive.__name__)
async def test_scans(drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = new_counter(drive, tmp_path, monkeypatch)
    async with at(counter, drive) as pilot:
        if isinstance(counter.app.screen, BOXES_LEFT_BY_ANY_KEY) or takes_scans(counter.app):
            return
        before, held = state(counter), fields(counter.app)
        for text, gap in SCANS:
            await rest(counter.app)
            if not is_told_from_typing(counter.app, text):
                continue
            send(counter.app, text, gap)
            await rest(counter.app)
            await settle(pilot)
            assert state(counter) == before, (text, gap)
            assert fields(counter.app) == held, (text, gap)
            assert "スキャナーを使いません" in message(counter.app), (text, gap)


def is_told_from_typing(app: CounterApp, text: str) -> bool:
    """Where programs type, what is no code of goods or vouchers is taken for typed."""
    is_by_program = isinstance(app.focused, PlainInput) and app.focused.typing is Typing.BY_PROGRAM
    return not is_by_program or text.startswith("4912345678904")


async def outcome_of(
    drive: Drive, folder: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[CounterApp], None]
) -> tuple[object, ...]:
    counter = new_counter(drive, folder, monkeypatch)
    async with at(counter, drive) as pilot:
        await rest(counter.app)
        act(counter.app)
        await rest(counter.app)
        await settle(pilot)
        return state(counter)


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: drive.__name__)
async def test_one_enter_is_one_step(
    drive: Drive, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (tmp_path_factory.mktemp(drive.__name__) for _ in range(2))
    once = await outcome_of(drive, first, monkeypatch, lambda app: press_hurriedly(app, "enter"))
    often = await outcome_of(drive, second, monkeypatch, press_twice_and_hold)
    assert often == once


def press_twice_and_hold(app: CounterApp) -> None:
    """Enter, a second one at once, and that one held down."""
    press_hurriedly(app, "enter")
    hold(app, "enter", after=0.25)


@pytest.mark.parametrize("drive", [test_screens.s22, test_screens.pin])
async def test_what_was_said_of_a_scan_goes_with_the_next_key(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = new_counter(drive, tmp_path, monkeypatch)
    async with at(counter, drive) as pilot:
        await rest(counter.app)
        send(counter.app, "4912345678904\r", 0.002)
        await rest(counter.app)
        await settle(pilot)
        assert "スキャナーを使いません" in message(counter.app)
        await pilot.press("down")
        assert "スキャナーを使いません" not in message(counter.app)
