"""The application with a real PC/SC daemon: the way from the card to the balance (CRD-1)."""

from collections.abc import AsyncIterator

import pytest

from counter_tui.app import CounterApp
from counter_tui.card.pcsc_reader import PcscReader
from counter_tui.faces.shop.face import SHOP
from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.tasks.points.spend import SpendDoneScreen
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.card_file import KeptCard, load
from counter_tui.virtual.card_header import card_path
from counter_tui.virtual.contactless import FELICA_ATR, ContactlessCard
from counter_tui.virtual.vpcd import VpcdSlot
from server.upkeep.demo_data import PIN_ABOVE_POINTS
from tests.card.pcscd import READER, Pcscd
from tests.end_to_end.conftest import clock, place, town_of_july
from tests.end_to_end.support import (
    SIZE,
    TO_THE_POINTS,
    Counter,
    Place,
    SettableClock,
    Ticks,
    serving,
)

__all__ = ["clock", "place", "town_of_july"]


@pytest.fixture
async def counter(pcscd: Pcscd, place: Place, clock: SettableClock) -> AsyncIterator[Counter]:
    """The counter at S29, with no card in its real reader."""
    async with serving(place, clock) as address:
        settings, ticks = place.settings(address), Ticks()
        app = CounterApp(settings, SHOP, PcscReader(f"{READER} 00 00"), None, monotonic=ticks)
        async with app.run_test(size=SIZE) as pilot:
            counter = Counter(place, app, pilot, ticks)
            await counter.register()
            await counter.reach(MenuScreen)
            await counter.press(*TO_THE_POINTS)
            await counter.open_spending(card=None)
            yield counter
        await app.session.calls.close()


def card(place: Place, number: int = 0) -> KeptCard:
    return load(card_path(place.folder / "cards", place.town.cards[number].serial_number))


async def test_from_the_card_to_the_done_screen(
    pcscd: Pcscd, place: Place, counter: Counter
) -> None:
    with VpcdSlot(card(place), pcscd.port):
        await counter.read("MY123456", "1,730pt")
        await counter.choose()
        await counter.check(PIN_ABOVE_POINTS + 1)
        await counter.confirm()
        await counter.reach(PinBox)
        await counter.type("1234")
        await counter.press("enter")
        await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", PIN_ABOVE_POINTS + 1)]


async def test_card_out_and_another_in(pcscd: Pcscd, place: Place, counter: Counter) -> None:
    with VpcdSlot(card(place), pcscd.port):
        await counter.read("MY123456")
    await counter.read("カードが抜かれました。")
    assert "MY123456" not in counter.text
    with VpcdSlot(card(place, 1), pcscd.port):
        await counter.read("KEY34567", "300pt")


async def test_the_daemon_is_killed_and_started_again(
    pcscd: Pcscd, place: Place, counter: Counter
) -> None:
    with VpcdSlot(card(place), pcscd.port):
        await counter.read("MY123456")
        pcscd.kill()
        await counter.read("カードリーダーが使えません。接続を確認してください。")
        assert "MY123456" not in counter.text
    pcscd.start()
    await counter.until(lambda: not counter.app.cards.reader_is_down, "the reader")
    assert "カードリーダーが使えません" not in counter.text
    with VpcdSlot(card(place), pcscd.port):
        await counter.read("MY123456")


@pytest.mark.parametrize(
    "foreign", [VirtualCard({}), ContactlessCard(bytes(8))], ids=["no application", "felica"]
)
async def test_a_foreign_card_is_named(
    pcscd: Pcscd, counter: Counter, foreign: VirtualCard
) -> None:
    with VpcdSlot(foreign, pcscd.port, FELICA_ATR):
        await counter.read("マイナンバーカードではありません。", "(FOREIGN)")
