"""A day of a library: every card that is put in brings its holder's number (SID-3, CRD-1)."""

import statistics
import time
from collections.abc import AsyncIterator

import pytest

from counter_tui.app import CounterApp
from counter_tui.card.pcsc_reader import PcscReader
from counter_tui.faces.shop.face import SHOP
from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.tasks.service_ids.found import FoundScreen
from counter_tui.tasks.service_ids.look_up import LookUpScreen
from counter_tui.virtual.card_file import load
from counter_tui.virtual.card_header import card_path
from counter_tui.virtual.vpcd import VpcdSlot
from server.serving.app import RunningServer
from server.upkeep.demo_data import LIBRARY, LIBRARY_TERMINAL
from tests.card.pcscd import READER, Pcscd
from tests.end_to_end.conftest import clock, place, town_of_july
from tests.end_to_end.support import (
    MORI,
    SAKURAI,
    SIZE,
    TAKAHASHI,
    Counter,
    Place,
    SettableClock,
    Ticks,
    start_server,
)
from tests.sizes import size

__all__ = ["clock", "place", "town_of_july"]

LOOK_UPS = size(20, 500)
NUMBERS = {SAKURAI: "180000000011", MORI: "180000000022", TAKAHASHI: "180000000033"}


@pytest.fixture
async def library(place: Place, clock: SettableClock) -> AsyncIterator[RunningServer]:
    """A server whose library knows three citizens."""
    for card, number in NUMBERS.items():
        place.change(
            """INSERT INTO service_id (issuer_id, customer_id, citizen_id)
            SELECT ?, ?, citizen_id FROM certificate WHERE serial_number = ?""",
            *(LIBRARY, number, place.serial_number(card)),
        )
    running = await start_server(place, clock)
    yield running
    await running.stop(grace_seconds=0)


@pytest.mark.timeout(60 + LOOK_UPS * 3)
async def test_no_look_up_of_a_day_is_lost(
    pcscd: Pcscd, place: Place, library: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = place.settings(f"127.0.0.1:{library.port}")
    ticks = Ticks()
    app = CounterApp(settings, SHOP, PcscReader(f"{READER} 00 00"), None, monotonic=ticks)
    seconds = []
    async with app.run_test(size=SIZE) as pilot:
        counter = Counter(place, app, pilot, ticks)
        await counter.register(LIBRARY_TERMINAL)
        await counter.reach(MenuScreen)
        await counter.press("2")
        await counter.reach(LookUpScreen)
        for number in range(LOOK_UPS):
            card = list(NUMBERS)[number % len(NUMBERS)]
            kept = load(card_path(place.folder / "cards", place.town.cards[card].serial_number))
            began = time.perf_counter()
            with VpcdSlot(kept, pcscd.port):
                await counter.reach(FoundScreen)
                await counter.read(NUMBERS[card])
                seconds.append(time.perf_counter() - began)
            await counter.until(lambda: not app.cards.reader.has_card, "that the card is out")
            await counter.press("escape")
            await counter.reach(LookUpScreen)
            assert not any(other in counter.text for other in NUMBERS.values())
    await app.session.calls.close()
    assert len(seconds) == LOOK_UPS
    with capsys.disabled():
        typical, longest = statistics.median(seconds), max(seconds)
        print(f"\n{LOOK_UPS} look-ups: {typical:.2f} s each (median), {longest:.2f} s the longest")
