"""The demo's day, played by itself: the real application, driven by its pilot."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing

os.environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"
os.environ["TEXTUAL_ANIMATIONS"] = "none"

import asyncio
from dataclasses import dataclass

from textual.pilot import Pilot
from textual.widgets import Input

from counter_tui.app import CounterApp
from counter_tui.compose import build
from counter_tui.core.settings import Settings
from counter_tui.faces.shop.menus import MenuScreen, PointMenuScreen
from counter_tui.shell.widgets import NumberedList, Words
from counter_tui.tasks.points.merge import MergeConfirmScreen, MergeDoneScreen, MergeInputScreen
from counter_tui.tasks.points.spend import SpendConfirmScreen, SpendDoneScreen, SpendInputScreen
from counter_tui.tasks.terminal.sign_in import RegisterScreen
from counter_tui.texts import _
from demo.processes import DemoError, Places, start
from demo.screen_text import screen_text

SIZE = (80, 24)
WAIT_SECONDS = 120.0
TYPING_SECONDS, READING_SECONDS = 0.15, 0.6
SPENT, MERGED = 500, 200


@dataclass(slots=True)
class _Town:
    terminal_id: str
    password: str
    serial_number: str


def say(text: str) -> None:
    """Print, at once."""
    print(text, flush=True)


async def play(places: Places, language: str, hint: str) -> None:
    """Play the day and print it. Raises DemoError where it does not go as it should."""
    content = json.loads(places.town.read_text("utf-8"))
    town = _Town(content["terminal_id"], content["password"], content["cards"][0]["serial_number"])
    running = await start(places)
    try:
        settings = Settings(
            server=running.address,
            state_folder=places.state,
            spool_folder=places.spool,
            language=language,
            reader="",
            virtual_cards=places.cards,
            printer=f"file:{places.receipts}",
            hint=hint,
        )
        app = build(settings)
        trouble: list[Exception] = []

        async def pilot_day(pilot: Pilot[object]) -> None:
            try:
                await _day(app, pilot, town)
            except DemoError as error:
                trouble.append(error)
                say(screen_text(app))
                app.exit()

        await app.run_async(headless=True, size=SIZE, auto_pilot=pilot_day)
        if trouble:
            raise trouble[0]
        await running.street.line_with("added")
        _print_street(places)
    finally:
        await running.stop()


async def _day(app: CounterApp, pilot: Pilot[object], town: _Town) -> None:
    await _reach(app, pilot, RegisterScreen)
    await _show(app, pilot, "S9")
    await _press(pilot, *town.terminal_id, "tab", *town.password, "enter")
    await _reach(app, pilot, MenuScreen)
    await _show(app, pilot, "S22")
    await _press(pilot, "up", "enter")
    await _reach(app, pilot, PointMenuScreen)
    await _show(app, pilot, "S28")
    before = await _balance(app, town)
    await _spend(app, pilot)
    await _merge(app, pilot)
    after = await _balance(app, town)
    say(f"\n=== balance before {before:,}pt, after {after:,}pt ===")
    if before - after != SPENT + MERGED:
        raise DemoError(f"the balance went from {before} to {after}")
    await _press(pilot, "f10")


async def _spend(app: CounterApp, pilot: Pilot[object]) -> None:
    await _press(pilot, "1")
    await _reach(app, pilot, SpendInputScreen)
    await _press(pilot, "f9")
    await _show(app, pilot, "F9")
    await _press(pilot, "1")
    await _until(pilot, lambda: _has_lines(app), "the balances")
    await asyncio.sleep(READING_SECONDS)  # the same key at once does nothing
    await _press(pilot, "1")
    await _until(pilot, lambda: isinstance(app.focused, Input), "the field for the points")
    await _press(pilot, *str(SPENT))
    await _show(app, pilot, "S29")
    await _press(pilot, "enter")
    await _reach(app, pilot, SpendConfirmScreen)
    await _show(app, pilot, "S30")
    await _press(pilot, "enter")
    await _reach(app, pilot, SpendDoneScreen)
    await _press(pilot, "f8")
    await _show(app, pilot, "S31")
    await _press(pilot, "enter")
    await _until(pilot, lambda: _has_lines(app), "the balances")
    await _press(pilot, "escape")
    await _reach(app, pilot, PointMenuScreen)


async def _merge(app: CounterApp, pilot: Pilot[object]) -> None:
    await _press(pilot, "3")
    await _reach(app, pilot, MergeInputScreen)
    await _until(pilot, lambda: _shown(app, "#chosen"), "the balance")
    await _press(pilot, *str(MERGED))
    await _show(app, pilot, "S37")
    await _press(pilot, "enter")
    await _reach(app, pilot, MergeConfirmScreen)
    await _show(app, pilot, "S38")
    await _press(pilot, "enter")
    await _reach(app, pilot, MergeDoneScreen)
    taken = _("商店街の受け取り: 受け取り済み")
    await _until(pilot, lambda: taken in screen_text(app), "that the street has taken the merge")
    await _press(pilot, "f8")
    await _show(app, pilot, "S39")
    await _press(pilot, "f2")
    await _until(pilot, lambda: _shown(app, "#chosen"), "the balance")


async def _press(pilot: Pilot[object], *keys: str) -> None:
    """Press keys as a person does: not as fast as a scanner, and Enter once the screen was read."""
    for key in keys:
        await asyncio.sleep(READING_SECONDS if key == "enter" else TYPING_SECONDS)
        await pilot.press(key)


def _has_lines(app: CounterApp) -> bool:
    found = app.screen.query("#programs")
    return any(isinstance(widget, NumberedList) and bool(widget.lines) for widget in found)


def _shown(app: CounterApp, selector: str) -> bool:
    return any(str(widget.render()) for widget in app.screen.query(selector).results(Words))


async def _reach(app: CounterApp, pilot: Pilot[object], screen: type) -> None:
    await _until(pilot, lambda: type(app.screen) is screen, screen.__name__)


async def _until(pilot: Pilot[object], there: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not there():
                await pilot.pause(0.02)
    except TimeoutError:
        raise DemoError(f"the application did not show {what}") from None


async def _show(app: CounterApp, pilot: Pilot[object], name: str) -> None:
    await pilot.pause(0.1)
    say(f"\n=== {name} ===\n{screen_text(app)}")


async def _balance(app: CounterApp, town: _Town) -> int:
    found = await app.session.calls.points.usable_points(town.serial_number)
    return found.usable_points[0].balance


def _print_street(places: Places) -> None:
    say(f"\n=== receipts: {places.receipts.stat().st_size} bytes of ESC/POS ===")
    say("\n=== customers of the street's own point system ===")
    with closing(sqlite3.connect(places.street_points)) as street:
        customers: list[tuple[str, int]] = list(street.execute("SELECT id, points FROM customer"))
    for customer_id, points in customers:
        say(f"{customer_id}  {points}")
    if [points for _, points in customers] != [MERGED]:
        raise DemoError("the street's point system did not add the one merge")
