"""USE-8 on every screen and box: scans, held and doubled keys.

A scan leaves what is shown as it is, unless the screen takes codes; it books nothing. An Enter
that is held, and a second one at once, do what one Enter does. keys_on_every_screen.md is the
table of what each screen does; a screen that is not in it fails here.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

import counter_tui
from counter_tui.app import CounterApp
from counter_tui.core.key_gate import Typing
from counter_tui.shell.base import CounterModal, CounterScreen
from counter_tui.shell.boxes import IdleBox, TooSmallBox
from counter_tui.shell.widgets import PlainInput, Words
from tests.counter_tui import (
    test_contact,
    test_kiosk_screens,
    test_mykey_screens,
    test_rarer_screens,
    test_screens,
    test_service_id_screens,
)
from tests.counter_tui.canned import Counter
from tests.counter_tui.test_mykey_create import at
from tests.counter_tui.test_screens import Drive
from tests.patient_hand import hold, press_hurriedly, rest, send
from tests.stillness import settle

KIOSK = set(test_kiosk_screens.DRIVES)
VARIANTS = re.compile(
    "wrong|third|space|taken|short|differs|bad|(?<!s62_)again$|locked|not_a_number|prefectures|municipal"
    "|proposed|letters|barcode|no_answer|without_network|_child|foreign|unknown|other_language"
)
"""Pictures of a screen that another drive shows too."""
DRIVES: list[Drive] = [
    drive
    for drive in (
        *test_screens.DRIVES,
        *test_rarer_screens.DRIVES,
        *test_contact.DRIVES,
        *test_mykey_screens.DRIVES,
        *test_service_id_screens.DRIVES,
        *test_kiosk_screens.DRIVES,
    )
    if not VARIANTS.search(drive.__name__)
]
TABLE = Path(__file__).with_name("keys_on_every_screen.md")
BASES = {
    "AttemptScreen", "BaseStep", "CounterModal", "CounterScreen", "DismissedOnce", "DoneScreen",
    "ConfirmScreen", "FinishedIdStep", "FinishedStep", "FormStep", "HomeScreen", "LeftByOwnKey",
    "LeftWorkingScreen", "MykeyTasks", "Step", "UseInputScreen", "WaitingScreen",
}  # fmt: skip
"""What screens are made of, and what looks as WorkingScreen does."""
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


@dataclass(frozen=True, slots=True)
class Row:
    """What keys do on one screen."""

    screen: str
    scan: str
    enter: str
    enter_again: str
    """Enter, a second one at once, and that one held down."""


def table() -> dict[str, Row]:
    """Return the table's rows by the drive that shows the screen."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {drive: Row(screen, *keys) for screen, drive, *keys in cells[2:]}


ROWS = table()


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


def outcome(before: tuple[object, ...], after: tuple[object, ...]) -> str:
    """Say in words what a key did."""
    (was, *sent_before), (now, *sent_after) = before, after
    assert isinstance(was, list)
    assert isinstance(now, list)
    moved = "stays"
    if now != was:
        words = {1: "opens", 0: "goes to", -1: "goes back to"}
        moved = f"{words[max(-1, min(1, len(now) - len(was)))]} {now[-1]}"
    return moved if sent_after == sent_before else f"{moved}, sends"


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: drive.__name__)
async def test_scans_and_an_enter(
    drive: Drive, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no code is taken, scans leave the screen as it is and Enter does what it ever does."""
    first, second = (tmp_path_factory.mktemp(drive.__name__) for _ in range(2))
    counter = new_counter(drive, first, monkeypatch)
    async with at(counter, drive) as pilot:
        row = ROWS[drive.__name__]
        assert type(counter.app.screen).__name__ == row.screen
        takes = isinstance(counter.app.screen, BOXES_LEFT_BY_ANY_KEY) or takes_scans(counter.app)
        if takes:
            assert await scanned(counter, pilot) == row.scan
        else:
            assert row.scan == "says that no scanner is used here"
            await scan_in_vain(counter, pilot)
            assert await outcome_of(counter, pilot, press_once) == row.enter
    if takes:
        assert await outcome_anew(drive, second, monkeypatch, press_once) == row.enter


async def scan_in_vain(counter: Counter, pilot: Pilot[object]) -> None:
    """Scan where no code is taken: nothing changes, and that is said."""
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


async def scanned(counter: Counter, pilot: Pilot[object]) -> str:
    """Scan a code where codes are taken; return what came of it."""
    await rest(counter.app)
    before, held = state(counter), fields(counter.app)
    send(counter.app, *SCANS[0])
    await rest(counter.app)
    await settle(pilot)
    assert state(counter)[1:] == before[1:], "a scan has sent something"
    found = outcome(before, state(counter))
    return "changes the field" if found == "stays" and fields(counter.app) != held else found


def is_told_from_typing(app: CounterApp, text: str) -> bool:
    """Where programs type, what is no code of goods or vouchers is taken for typed."""
    is_by_program = isinstance(app.focused, PlainInput) and app.focused.typing is Typing.BY_PROGRAM
    return not is_by_program or text.startswith("4912345678904")


async def outcome_of(
    counter: Counter, pilot: Pilot[object], act: Callable[[CounterApp], None]
) -> str:
    await rest(counter.app)
    before = state(counter)
    act(counter.app)
    await rest(counter.app)
    await settle(pilot)
    return outcome(before, state(counter))


async def outcome_anew(
    drive: Drive, folder: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[CounterApp], None]
) -> str:
    counter = new_counter(drive, folder, monkeypatch)
    async with at(counter, drive) as pilot:
        return await outcome_of(counter, pilot, act)


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: drive.__name__)
async def test_a_doubled_and_held_enter_is_one(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ROWS[drive.__name__]
    assert row.enter_again == row.enter
    often = await outcome_anew(drive, tmp_path, monkeypatch, press_twice_and_hold)
    assert often == row.enter_again


def test_every_screen_is_in_the_table() -> None:
    for module in pkgutil.walk_packages(counter_tui.__path__, "counter_tui."):
        found = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        screens = {name for name, one in found if issubclass(one, CounterScreen | CounterModal)}
        assert screens - BASES <= {row.screen for row in ROWS.values()}, module.name
    assert {drive.__name__ for drive in DRIVES} == set(ROWS)


def press_once(app: CounterApp) -> None:
    press_hurriedly(app, "enter")


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
