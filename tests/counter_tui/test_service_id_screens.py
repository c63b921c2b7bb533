"""S23 to S26 and the lists: pictures in both languages (SID-1 to SID-4)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from jichipoint.v1 import issuers_pb2
from textual.pilot import Pilot

from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.shell.widgets import Words
from counter_tui.tasks.service_ids import found as service_id_found
from counter_tui.virtual.contactless import ContactlessCard
from counter_tui.virtual.reader import BoxedCard
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter
from tests.counter_tui.canned_service_ids import NUMBER, TAKEN, UNKNOWN, handover
from tests.counter_tui.citizens import LAST_GOOD_DAY, issuing
from tests.counter_tui.looks import check_contrast, check_keys
from tests.counter_tui.test_screens import pictures_of, s22
from tests.stillness import settle

SIZE = (80, 24)
SAKURAI, FOREIGN, LIBRARY_CARD, RANDOM_CARD, CHILD = range(5)
NEW = "180000000012"
SIGNATURE = "130D45"
"""Of 桜井さん's signature certificate."""
Pilots = Pilot[object]
Drive = Callable[[Counter, Pilots], Awaitable[None]]


def cards() -> tuple[BoxedCard, ...]:
    return (
        BoxedCard("IDm", lambda: ContactlessCard(bytes.fromhex("0112030405060708"))),
        BoxedCard("UID", lambda: ContactlessCard(bytes.fromhex("08AABBCC"))),
        BoxedCard("子", lambda: issuing().card(0x030D50, LAST_GOOD_DAY, of_child=True)),
    )


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch, printer=True, cards=cards())


@asynccontextmanager
async def running(counter: Counter, size: tuple[int, int] = SIZE) -> AsyncIterator[Pilots]:
    async with counter.app.run_test(size=size) as pilot:
        yield cast(Pilots, pilot)


async def shown(pilot: Pilots, text: str) -> None:
    """Wait until the screen shows a text."""
    async with asyncio.timeout(30):
        while text not in screen_text(pilot.app):
            await pilot.pause(0.02)


async def open_menu(counter: Counter, pilot: Pilots) -> None:
    await s22(counter, pilot)
    assert isinstance(counter.app.screen, MenuScreen)


async def s23(counter: Counter, pilot: Pilots) -> None:
    await open_menu(counter, pilot)
    await pilot.press("1")
    await settle(pilot)


async def s23_filled(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.number = ""
    await s23(counter, pilot)
    counter.reader.insert(SAKURAI)
    await pilot.press(*NEW, "enter", "2")
    await settle(pilot)


async def s23_space(counter: Counter, pilot: Pilots) -> None:
    await s23(counter, pilot)
    await pilot.press(*"1800", "space", *"0011")
    await settle(pilot)


async def s23_taken(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.refusal = TAKEN
    await s23_filled(counter, pilot)
    await pilot.press("enter")
    await settle(pilot)


async def signature(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.number = ""
    await s23(counter, pilot)
    counter.reader.insert(SAKURAI)
    await pilot.press(*NEW, "enter", "1")
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)


async def signature_of_a_child(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.number = ""
    await s23(counter, pilot)
    counter.reader.insert(CHILD)
    await pilot.press(*NEW, "enter", "1")
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)


async def replace(counter: Counter, pilot: Pilots) -> None:
    await s23(counter, pilot)
    counter.reader.insert(SAKURAI)
    await pilot.press(*NEW, "enter", "2")
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)


async def s24(counter: Counter, pilot: Pilots) -> None:
    await s23_filled(counter, pilot)
    await pilot.press("enter")
    await settle(pilot)


async def s24_replaced(counter: Counter, pilot: Pilots) -> None:
    await replace(counter, pilot)
    await pilot.press("enter")
    await settle(pilot)


async def s25(counter: Counter, pilot: Pilots) -> None:
    await open_menu(counter, pilot)
    await pilot.press("2")
    await settle(pilot)


async def s25_none(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.trouble = UNKNOWN
    await s25(counter, pilot)
    counter.reader.insert(SAKURAI)
    await settle(pilot)


async def s25_number(counter: Counter, pilot: Pilots) -> None:
    await s25(counter, pilot)
    await pilot.press(*NUMBER, "enter")
    await settle(pilot)


async def found(counter: Counter, pilot: Pilots, method: str, symbology: str = "NW7") -> None:
    counter.gateway.issuer_book.handover = handover(
        issuers_pb2.HandoverMethod.Value(f"HANDOVER_METHOD_{method}"),
        issuers_pb2.Symbology.Value(f"SYMBOLOGY_{symbology}"),
    )
    await s25(counter, pilot)
    counter.reader.insert(SAKURAI)
    await settle(pilot)


async def s26(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "SCREEN")


async def s26_letters(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.number = "LIB-0042"
    await found(counter, pilot, "SCREEN", "CODE39")


async def s26_barcode(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "BARCODE")


async def s26_qr(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "BARCODE", "QR")


async def s26_typed(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "TYPED")


async def s26_label(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "LABEL")


async def numbers(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.pages = 2
    await open_menu(counter, pilot)
    await pilot.press("3")
    await settle(pilot)


async def notices(counter: Counter, pilot: Pilots) -> None:
    await open_menu(counter, pilot)
    await pilot.press("4")
    await settle(pilot)


async def mykey_menu(counter: Counter, pilot: Pilots) -> None:
    await open_menu(counter, pilot)
    await pilot.press("5")
    await settle(pilot)


async def issuer_choice(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_id = ""
    await open_menu(counter, pilot)
    await pilot.press("2")
    await settle(pilot)


async def issuer_box(counter: Counter, pilot: Pilots) -> None:
    await issuer_choice(counter, pilot)
    await pilot.press("1")
    await settle(pilot)


async def issuer_chosen(counter: Counter, pilot: Pilots) -> None:
    await issuer_box(counter, pilot)
    counter.watch.seconds += 1
    await pilot.press("enter")
    await settle(pilot)


DRIVES: list[Drive] = [
    issuer_choice,
    issuer_box,
    issuer_chosen,
    s23,
    s23_filled,
    s23_space,
    s23_taken,
    signature,
    signature_of_a_child,
    replace,
    s24,
    s24_replaced,
    s25,
    s25_none,
    s25_number,
    s26,
    s26_letters,
    s26_barcode,
    s26_qr,
    s26_typed,
    s26_label,
    numbers,
    notices,
    mykey_menu,
]


@pytest.fixture(autouse=True)
def standing_countdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures show its first second."""
    monkeypatch.setattr(service_id_found, "TICK_SECONDS", 3600.0)


test_screen = pictures_of(
    DRIVES,
    lambda folder, language, patch: Counter(folder, language, patch, printer=True, cards=cards()),
)


@pytest.mark.parametrize("size", [(100, 30), (132, 43)])
@pytest.mark.parametrize("drive", [s23_filled, s26_barcode, numbers], ids=lambda d: d.__name__)
async def test_larger_terminals(counter: Counter, drive: Drive, size: tuple[int, int]) -> None:
    async with running(counter, size) as pilot:
        await drive(counter, pilot)
        check_contrast(counter.app)
        check_keys(counter.app)
        assert all(words.region.right <= size[0] for words in counter.app.screen.query(Words))
