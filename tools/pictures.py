#!/usr/bin/env python3
"""Draws the screens for README and docs: the real application on a real server.

    python tools/pictures.py [FOLDER]

The town, its clock and its chance are always the same, so that a picture changes only where
the application does.
"""

import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

os.environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.pop("NO_COLOR", None)

from outlines import Faces, WrongFontError, cells_of, picture
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, OptionList

from counter_tui.app import CounterApp
from counter_tui.compose import build
from counter_tui.core.key_gate import KeyGate
from counter_tui.core.settings import Settings
from counter_tui.faces.face import Face
from counter_tui.faces.kiosk.face import KIOSK
from counter_tui.faces.kiosk.menu import KioskMenuScreen
from counter_tui.faces.shop.face import SHOP
from counter_tui.faces.shop.menus import MenuScreen, PointMenuScreen
from counter_tui.shell.boxes import CardsBox
from counter_tui.shell.widgets import NumberedList, Words
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.tasks.day.day import DayScreen
from counter_tui.tasks.mykey.candidate import CandidateStep
from counter_tui.tasks.mykey.create import MykeyCreateScreen
from counter_tui.tasks.points.cancel import CancelConfirmScreen, ReasonBox
from counter_tui.tasks.points.merge import MergeConfirmScreen, MergeDoneScreen, MergeInputScreen
from counter_tui.tasks.points.spend import SpendConfirmScreen, SpendDoneScreen, SpendInputScreen
from counter_tui.tasks.service_ids.found import FoundScreen
from counter_tui.tasks.service_ids.register import RegisteredScreen, RegisterServiceIdScreen
from counter_tui.tasks.terminal.contact import ContactChangeScreen
from counter_tui.tasks.terminal.sign_in import RegisterScreen
from counter_tui.tasks.vouchers.issue import IssueConfirmScreen, IssueDoneScreen, IssueInputScreen
from counter_tui.tasks.vouchers.redeem import RedeemScreen
from counter_tui.tasks.vouchers.redeem_boxes import PlaceBox
from demo.cards import REVOKED, make_cards
from demo.screen_text import screen_strips, screen_text
from server.citizens.settings import CardSettings, card_checks
from server.clock import TOKYO
from server.secrets import read_master_key
from server.serving.app import start
from server.serving.opening import open_ledger
from server.upkeep.demo_data import Town, make_town

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SIZE = (80, 24)
WAIT_SECONDS = 30.0
OPENED_AT = datetime(2026, 4, 1, 10, 30, tzinfo=TOKYO)
HINTS = {
    "ja": "デモ用: 端末ID {terminal_id}  端末パスワード {password}",
    "en": "Demo: terminal ID {terminal_id}  password {password}",
}


class FixedClock:
    """The same moment for ever."""

    def now(self) -> datetime:
        """Return the moment at which the town opened."""
        return OPENED_AT


class SeededChance:
    """The same bytes in each run. For pictures only: no secret may come from it."""

    def __init__(self) -> None:
        self._random = Random(20171231)  # noqa: S311

    def bytes(self, count: int) -> bytes:
        """Return that many bytes of the sequence."""
        return self._random.randbytes(count)


@dataclass(slots=True)
class Studio:
    """An application that runs, and what it takes to drive and draw it."""

    app: CounterApp
    pilot: Pilot[None]
    town: Town
    faces: Faces
    drawn: dict[str, str] = field(default_factory=dict)

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other, as if the screen was looked at between them."""
        for key in keys:
            await self._rest()
            await self.pilot.press(key)
            await self._rest()

    async def insert(self, number: str) -> None:
        """Put a card into the virtual reader."""
        screen = type(self.app.screen)
        await self.press("f9")
        await self.reach(CardsBox)
        await self.press(number)
        await self.reach(screen)

    async def _rest(self) -> None:
        """Let the key gate have nothing left to wait for."""
        rested = asyncio.Event()

        async def pass_time() -> None:
            await self.app.key_watch.quiet()
            self.app.key_watch.gate = KeyGate()
            rested.set()

        self.app.call_later(pass_time)
        await asyncio.wait_for(rested.wait(), WAIT_SECONDS)

    async def reach(self, screen: type[Screen[Any]]) -> None:
        """Wait for a screen."""
        await self.until(lambda: type(self.app.screen) is screen, screen.__name__)

    async def until(self, there: Callable[[], bool], what: str) -> None:
        """Wait until something is shown. Raises TimeoutError."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not there():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise TimeoutError(f"the application did not show {what}") from None

    async def draw(self, name: str) -> None:
        """Draw the screen as it is, once the server is reached and nothing moves."""
        await self.until(lambda: self.app.connected is True, "the connection")
        for cursor in self.app.screen.query(Input):
            cursor.cursor_blink = False
        await self.pilot.pause(0.2)
        self.drawn[name] = picture("jichipoint", cells_of(screen_strips(self.app)), self.faces)


async def sign_in(studio: Studio) -> None:
    """Draw the registration, then sign in and go to the points menu."""
    await studio.reach(RegisterScreen)
    await studio.press(*studio.town.terminal_id, "tab")
    await studio.draw("sign-in")
    await studio.press(*studio.town.password, "enter")
    await studio.reach(MenuScreen)
    await studio.press("up", "enter")
    await studio.reach(PointMenuScreen)
    await studio.draw("menu")


async def spend_to_confirm(studio: Studio) -> None:
    """Put the first card in and go on to the confirm screen of a spend."""
    await studio.press("1")
    await studio.reach(SpendInputScreen)
    await studio.insert("1")
    programs = studio.app.screen.query_one("#programs", NumberedList)
    await studio.until(lambda: bool(programs.lines), "the balances")
    await studio.press("1", *"500")
    await studio.draw("spend-input")
    await studio.press("enter")
    await studio.reach(SpendConfirmScreen)


async def spend(studio: Studio) -> None:
    """Spend points, and go back to the points menu."""
    await spend_to_confirm(studio)
    await studio.draw("spend-confirm")
    await studio.press("enter")
    await studio.reach(SpendDoneScreen)
    await studio.draw("spend-done")
    await studio.press("enter", "escape")
    await studio.reach(PointMenuScreen)


async def pin(studio: Studio) -> None:
    """Go as far as the PIN with the card that is still in, and back to the points menu."""
    await studio.press("1")
    await studio.reach(SpendInputScreen)
    programs = studio.app.screen.query_one("#programs", NumberedList)
    await studio.until(lambda: bool(programs.lines), "the balances")
    await studio.press("1", *"1200", "enter")
    await studio.reach(SpendConfirmScreen)
    await studio.press("enter")
    await studio.reach(PinBox)
    message = studio.app.screen.query_one("#pin-message", Words)
    await studio.until(lambda: bool(str(message.render())), "the tries left")
    await studio.draw("pin")
    await studio.press("escape", "escape", "escape")
    await studio.reach(PointMenuScreen)


async def merge(studio: Studio) -> None:
    """Merge points with the card that is still in."""
    await studio.press("3")
    await studio.reach(MergeInputScreen)
    balance = studio.app.screen.query_one("#chosen", Words)
    await studio.until(lambda: bool(str(balance.render())), "the balance")
    await studio.press(*"200")
    await studio.draw("merge-input")
    await studio.press("enter")
    await studio.reach(MergeConfirmScreen)
    await studio.draw("merge-confirm")
    await studio.press("enter")
    await studio.reach(MergeDoneScreen)
    await studio.draw("merge-done")


async def japanese(studio: Studio) -> None:
    """Go through everything at the shop's counter."""
    await sign_in(studio)
    await spend(studio)
    await pin(studio)
    await merge(studio)
    await studio.press("f2", "escape")
    await studio.reach(PointMenuScreen)
    await day(studio)


async def day(studio: Studio) -> None:
    """Look at the day, and take the first use back as far as the confirm screen."""
    await studio.press("4")
    await studio.reach(DayScreen)
    chooser = studio.app.screen.query_one("#transactions", OptionList)
    await studio.until(lambda: chooser.option_count > 0, "the day")
    await studio.press("down")
    await studio.draw("day")
    await studio.press("f4")
    await studio.reach(ReasonBox)
    await studio.press("1")
    await studio.reach(CancelConfirmScreen)
    await studio.draw("cancel-confirm")


async def chamber(studio: Studio) -> None:
    """Issue a voucher at the chamber of commerce, and redeem it for one of its shops."""
    await studio.reach(RegisterScreen)
    await studio.press(*studio.town.voucher_terminal_id, "tab", *studio.town.password, "enter")
    await studio.reach(MenuScreen)
    await studio.press("up", "enter")
    await studio.reach(PointMenuScreen)
    await studio.press("1")
    await studio.reach(IssueInputScreen)
    await studio.insert("1")
    field = studio.app.screen.query_one("#points", Input)
    await studio.until(lambda: field.has_focus, "the balance")
    await studio.press(*"500")
    await studio.draw("voucher-input")
    await studio.press("enter")
    await studio.reach(IssueConfirmScreen)
    await studio.press("enter")
    await studio.reach(IssueDoneScreen)
    message = studio.app.screen.query_one("#message", Words)
    await studio.until(lambda: bool(str(message.render())), "that it is printed")
    await studio.draw("voucher-done")
    number = str(studio.app.screen.query_one("#receipt Words", Words).render())
    await studio.press("enter", "escape")
    await studio.reach(PointMenuScreen)
    await studio.press("2")
    await studio.reach(PlaceBox)
    await studio.press("down", "enter")
    await studio.reach(RedeemScreen)
    await studio.press(*number.partition("発券番号 ")[2][:14].replace(" ", ""), "enter")
    voucher = studio.app.screen.query_one("#voucher", Words)
    await studio.until(lambda: bool(str(voucher.render())), "the voucher")
    await studio.draw("redeem")
    await studio.press("enter")
    await studio.until(lambda: "取引済番号" in str(voucher.render()), "that it is redeemed")
    await studio.draw("redeem-done")


async def library(studio: Studio) -> None:
    """Look at the library counter's contact, register a number, and look it up by the card."""
    await studio.reach(RegisterScreen)
    await studio.press(*studio.town.library_terminal_id, "tab", *studio.town.password, "enter")
    await studio.reach(MenuScreen)
    await studio.draw("library-menu")
    await studio.press("6")
    await studio.reach(ContactChangeScreen)
    name = studio.app.screen.query_one("#contact-name", Input)
    await studio.until(lambda: name.has_focus, "the contact")
    await studio.draw("contact")
    await studio.press("escape")
    await studio.reach(MenuScreen)
    await studio.press("1")
    await studio.reach(RegisterServiceIdScreen)
    issuer = studio.app.screen.query_one("#issuer", Words)
    await studio.until(lambda: bool(str(issuer.render())), "the issuer")
    await studio.insert("1")
    card = studio.app.screen.query_one("#card", Words)
    await studio.until(lambda: "Enter" in str(card.render()), "the card")
    await studio.press(*"180000000011", "enter", "2")
    await studio.draw("service-id-register")
    await studio.press("enter")
    await studio.reach(RegisteredScreen)
    await studio.draw("service-id-registered")
    await studio.press("enter")
    await studio.reach(RegisterServiceIdScreen)
    await studio.press("escape")
    await studio.reach(MenuScreen)
    await studio.press("2")  # the card is in: it is looked up at once
    await studio.reach(FoundScreen)
    await studio.draw("service-id-found")


async def kiosk(studio: Studio) -> None:
    """Make a MyKey ID at the kiosk, as far as the choice of one."""
    await studio.reach(RegisterScreen)
    await studio.press(*studio.town.kiosk_terminal_id, "tab", *studio.town.password, "enter")
    await studio.reach(KioskMenuScreen)
    await studio.draw("kiosk-menu")
    await studio.press("1")
    await studio.reach(MykeyCreateScreen)
    await studio.insert("5")
    card = studio.app.screen.query_one("#card-next", Words)
    await studio.until(lambda: bool(str(card.render())), "the card")
    await studio.press("enter")
    await studio.reach(PinBox)
    message = studio.app.screen.query_one("#pin-message", Words)
    await studio.until(lambda: bool(str(message.render())), "the tries left")
    await studio.press(*"1234", "enter")
    await studio.reach(CandidateStep)
    await studio.press(*"HANAKO10", "enter")
    await studio.until(lambda: "次へ" in screen_text(studio.app), "that it is free")
    await studio.draw("mykey-candidate")


async def english(studio: Studio) -> None:
    """Go as far as the confirm screen, which is the one picture kept."""
    await sign_in(studio)
    await spend_to_confirm(studio)
    studio.drawn.clear()
    await studio.draw("spend-confirm-en")


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Town, str]]:
    """Make a town in a folder and serve it; yield the town and the server's address."""
    clock, chance = FixedClock(), SeededChance()
    town = make_town(folder, clock, chance)
    make_cards(folder / "town.json", folder / "cards", clock.now())
    key = read_master_key(Path(town.master_key_file))
    cards = folder / "cards"
    trusted = CardSettings((), (cards / "users.pem",), (cards / REVOKED,), None)
    ledger = open_ledger(town.database, key, clock, chance)
    checks = card_checks(trusted, clock, chance)
    verify = checks.verify if checks else None
    running = await start(ledger, "127.0.0.1:0", clock, chance, verify_card=verify)
    try:
        yield town, f"127.0.0.1:{running.port}"
    finally:
        await running.stop()


def application(folder: Path, town: Town, address: str, language: str, face: Face) -> CounterApp:
    """Return the application at the town's terminal; between two Enters a second passes.

    At a kiosk, which forgets after a minute, time passes as it does.
    """
    spool = folder / "spool"
    spool.mkdir()
    settings = Settings(
        server=address,
        state_folder=folder / "counter",
        spool_folder=spool,
        language=language,
        reader="",
        virtual_cards=folder / "cards",
        printer=f"file:{folder / 'receipts.escpos'}",
        hint=HINTS[language].format(terminal_id=town.terminal_id, password=town.password),
    )
    counted = map(float, itertools.count()).__next__
    seconds = time.monotonic if face is KIOSK else counted
    return build(settings, monotonic=seconds, clock=FixedClock().now, face=face)


async def drawn_by(
    scene: Callable[[Studio], Awaitable[None]],
    folder: Path,
    language: str,
    faces: Faces,
    face: Face = SHOP,
) -> dict[str, str]:
    """Return the pictures of a scene in a new town, by name."""
    async with serving(folder) as (town, address):
        app = application(folder, town, address, language, face)
        async with app.run_test(size=SIZE) as pilot:
            studio = Studio(app, pilot, town, faces)
            await scene(studio)
            return studio.drawn


def all_pictures() -> dict[str, str]:
    """Return every picture, by its name. Raises WrongFontError."""
    faces = Faces()
    with tempfile.TemporaryDirectory() as folder:
        pictures = asyncio.run(drawn_by(japanese, Path(folder) / "ja", "ja", faces))
        pictures |= asyncio.run(drawn_by(chamber, Path(folder) / "chamber", "ja", faces))
        pictures |= asyncio.run(drawn_by(library, Path(folder) / "library", "ja", faces))
        pictures |= asyncio.run(drawn_by(kiosk, Path(folder) / "kiosk", "ja", faces, KIOSK))
        pictures |= asyncio.run(drawn_by(english, Path(folder) / "en", "en", faces))
    return pictures


def main() -> None:
    """Write the pictures that are not as they were, to the folder that is named or to docs."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    try:
        pictures = all_pictures()
    except WrongFontError as error:
        sys.exit(f"pictures: {error}")
    target.mkdir(parents=True, exist_ok=True)
    for name, svg in pictures.items():
        path = target / f"{name}.svg"
        changed = not path.exists() or path.read_text("utf-8") != svg
        if changed:
            path.write_text(svg, "utf-8")
        print(f"{path.name}: {'drawn anew' if changed else 'as before'}")


if __name__ == "__main__":
    main()
