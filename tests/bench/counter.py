"""From a card's insertion to the balance on the screen, through a real pcscd (row h)."""

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

os.environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TEXTUAL_FPS"] = "1000"

from counter_tui.card.pcsc_reader import PcscReader
from counter_tui.card.reader import CardInserted, CardRemoved
from counter_tui.compose import build
from counter_tui.core.settings import Settings
from counter_tui.faces.shop.menus import MenuScreen, PointMenuScreen
from counter_tui.tasks.points.spend import SpendInputScreen
from counter_tui.tasks.terminal.sign_in import RegisterScreen
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.card_file import load
from counter_tui.virtual.card_header import card_path
from counter_tui.virtual.vpcd import VpcdSlot
from demo.processes import Places, command, make_town
from server.upkeep.demo_data import Town
from tests.bench.measure import Row, at_most, told
from tests.card.pcscd import READER, Pcscd, is_installed

INSERTIONS = 15


class Stopwatch:
    """Notes when a card is told of, and when its balance has been drawn."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.drawn = asyncio.Event()
        self._began = 0.0
        inserted, loading = SpendInputScreen.card_inserted, SpendInputScreen.load

        def card_inserted(screen: SpendInputScreen) -> None:
            self._began = time.perf_counter()
            inserted(screen)

        async def loaded(screen: SpendInputScreen, serial_number: str) -> None:
            await loading(screen, serial_number)
            screen.call_after_refresh(self._end)

        changed: Any = SpendInputScreen
        changed.card_inserted, changed.load = card_inserted, loaded

    def _end(self) -> None:
        self.seconds.append(time.perf_counter() - self._began)
        self.drawn.set()


def counter_rows(folder: Path) -> list[Row]:
    """Measure row h; where there is no pcscd, say so."""
    if not is_installed():
        return [told("h", "insertion to balance", "not measured: no pcscd with vpcd here")]
    folder.mkdir()
    places = Places(folder)
    make_town(places)
    town = Town.load(places.town)
    line = command(
        "server.cli",
        *("serve", "--database", town.database, "--listen", "127.0.0.1:0"),
        *("--master-key-file", town.master_key_file),
    )
    server = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    pcscd_folder = folder / "pcscd"
    pcscd_folder.mkdir()
    daemon = Pcscd(pcscd_folder)
    daemon.start()
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip().removeprefix("listening on ")
        return asyncio.run(_measured(places, town, address, daemon.port))
    finally:
        daemon.close()
        server.terminate()
        server.wait()


async def _measured(places: Places, town: Town, address: str, port: int) -> list[Row]:
    places.spool.mkdir()
    stopwatch = Stopwatch()
    app = build(
        Settings(
            server=address,
            state_folder=places.state,
            spool_folder=places.spool,
            language="ja",
            reader=f"{READER} 00 00",
            virtual_cards=None,
            hint=None,
        )
    )
    card = load(card_path(places.cards, town.cards[0].serial_number))
    async with app.run_test(size=(80, 24)) as pilot:
        for screen, keys in (
            (RegisterScreen, [*town.terminal_id, "tab", *town.password, "enter"]),
            (MenuScreen, ["1"]),
            (PointMenuScreen, ["1"]),
            (SpendInputScreen, []),
        ):
            while not isinstance(app.screen, screen):
                await pilot.pause(0.01)
            await pilot.press(*keys)
        for _ in range(INSERTIONS):
            stopwatch.drawn.clear()
            with VpcdSlot(card, port):
                await stopwatch.drawn.wait()
            while app.cards.reader.has_card:
                await pilot.pause(0.01)
        serial_number = town.cards[0].serial_number
        call = await _median(lambda: app.session.calls.points.usable_points(serial_number))
    read = await _bare_reading(card, port)
    shown = statistics.median(stopwatch.seconds)
    value = (
        f"{shown * 1000:.1f} ms; reading the certificate {read * 1000:.1f} ms, "
        f"one call {call * 1000:.1f} ms"
    )
    what = "card inserted to balance drawn, of reading and one call"
    return [at_most("h", what, value, shown / (read + call), 3)]


async def _bare_reading(card: VirtualCard, port: int) -> float:
    """Return the time that a card's first reading takes, with nothing else going on."""
    reader = PcscReader(f"{READER} 00 00")
    events, seconds = reader.events(), []
    for _ in range(INSERTIONS):
        with VpcdSlot(card, port):
            while not isinstance(await anext(events), CardInserted):
                pass
            began = time.perf_counter()
            await reader.read_user_certificate()
            seconds.append(time.perf_counter() - began)
        while not isinstance(await anext(events), CardRemoved):
            pass
    await reader.stop()
    return statistics.median(seconds)


async def _median(work: Callable[[], Awaitable[object]]) -> float:
    seconds = []
    for _ in range(INSERTIONS):
        began = time.perf_counter()
        await work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)
