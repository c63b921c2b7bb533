"""Rows (i), (j), (k), (l): the counter in a pseudo-terminal beside an empty Textual application.

Both run in the same minutes with the same settings of Textual, each painting on its own
terminal. The counter has a server process and a virtual card.
"""

import itertools
import os
import re
import statistics
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.cards import REVOKED
from demo.processes import LISTENING, Places, command, make_town
from server.upkeep.demo_data import PIN_ABOVE_POINTS, Town
from tests.bench.empty_app import FIRST, SECOND
from tests.bench.measure import Row, at_most, interleaved, percentile, told
from tests.bench.terminal import (
    BACKSPACE,
    ENTER,
    ESCAPE,
    ESCAPE_AT_ONCE,
    F1,
    F2,
    F3,
    F8,
    F9,
    TAB,
    NotShownError,
    Terminal,
)

STARTS = 9
ROUNDS = 20
DIGITS = "1234567890"
SWITCHES = 5
"""There and back, in each round."""
ESCAPES = 10
P95 = 0.95
ENTER_SECONDS = 0.6
"""An Enter that comes sooner after the last one books nothing."""
WORK_SECONDS = 0.2
"""What is quiet for so long has done its work."""
BACK_TRIES = 5

TEXTUAL = {
    "TEXTUAL_DISABLE_KITTY_KEY": "1",
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_FPS": "1000",
}
"""What counter_tui/cli.py sets for Textual."""

FIRST_SCREEN = "端末ID"
MENU, POINTS_MENU, SPEND, MERGE = (
    "自治体ポイント管理クラウドへ",
    "ポイントメニュー",
    "ポイント利用",
    "商店街ポイント合算",
)
TYPING_SECONDS = 0.1
LAST_LINES = "終了"
"""At the bottom of every screen of the counter: with it all of the screen is written."""

_ENTRY = re.compile(r"^[ >]*([1-9])  (\S+)", re.MULTILINE)

Key = tuple[str, str]
"""What is sent, and the text that is painted then."""


@dataclass(frozen=True, slots=True)
class _Counter:
    """How the counter is started in a town."""

    town: Town
    places: Places
    address: str
    environment: dict[str, str]

    def start(self, state: Path) -> Terminal:
        line = command(
            "counter_tui.cli",
            *("run", "--server", self.address, "--state", state),
            *("--spool", self.places.spool, "--virtual-cards", self.places.cards),
            *("--printer", f"file:{self.places.receipts}"),
        )
        return Terminal(line, self.environment)

    @property
    def mykey_id(self) -> str:
        """Of the first card."""
        mykey_id = self.town.cards[0].mykey_id
        assert mykey_id is not None
        return mykey_id


def screen_rows(folder: Path) -> list[Row]:
    """Measure rows i to l."""
    folder.mkdir(parents=True, exist_ok=True)
    places = Places(folder)
    make_town(places)
    places.spool.mkdir(exist_ok=True)
    town = Town.load(places.town)
    environment = _environment(folder / "bytecode")
    with _serving(places, town) as address:
        counter = _Counter(town, places, address, environment)
        rows = _start_rows(counter)
        with counter.start(places.state) as ours, _empty(environment) as empty:
            _sign_in(ours, town)
            empty.wait_for(FIRST)
            rows += _switch_rows(ours, empty)
            _open_spending(ours, counter)
            rows += _key_rows(ours, empty)
            _book(ours, counter)
            _visit_all(ours)
            rows.append(_memory_row(ours, empty))
    return sorted(rows, key=lambda row: row.letter or "z")


def _environment(bytecode: Path) -> dict[str, str]:
    """The same for both; bytecode is kept, as it is where an application is installed."""
    unwanted = ("COLUMNS", "LINES", "ESCDELAY", "PYTHONDONTWRITEBYTECODE")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in unwanted and not name.startswith("TEXTUAL_")
    }
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    return {**kept, **terminal, **TEXTUAL, "PYTHONPYCACHEPREFIX": str(bytecode)}


@contextmanager
def _serving(places: Places, town: Town) -> Iterator[str]:
    """A server process of the town, and its address."""
    line = command(
        "server.cli",
        *("serve", "--database", town.database, "--listen", "127.0.0.1:0"),
        *("--master-key-file", town.master_key_file),
        *("--test-card-authority", places.cards / "users.pem"),
        *("--revocation-list", places.cards / REVOKED),
    )
    with places.log("server").open("ab") as errors:
        server = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip().removeprefix(LISTENING)
    finally:
        server.terminate()
        server.communicate()


def _empty(environment: dict[str, str]) -> Terminal:
    return Terminal(command("tests.bench.empty_app"), environment)


def _start_rows(counter: _Counter) -> list[Row]:
    """(i): from the start of the process to the first screen."""
    states = (counter.places.folder / f"state-{number}" for number in itertools.count())

    def ours() -> float:
        with counter.start(next(states)) as terminal:
            return _first_paint(terminal, FIRST_SCREEN)

    def empty() -> float:
        with _empty(counter.environment) as terminal:
            return _first_paint(terminal, FIRST)

    for write_bytecode in (ours, empty):
        write_bytecode()
    shown, compared = interleaved(ours, empty, times=STARTS)
    value = f"{shown * 1e3:.0f} of {compared * 1e3:.0f} ms"
    return [at_most("i", "start to first screen, of empty Textual", value, shown / compared, 1.5)]


def counter_start_seconds(folder: Path) -> float:
    """From the start of the counter's process to its first screen; no server is needed for it."""
    line = command(
        "counter_tui.cli",
        *("run", "--server", "127.0.0.1:9", "--state", folder / "state"),
        *("--spool", folder),
    )
    with Terminal(line, _environment(folder / "bytecode")) as terminal:
        return _first_paint(terminal, FIRST_SCREEN)


def _first_paint(terminal: Terminal, text: str) -> float:
    painted = terminal.wait_for(text)
    terminal.settle()
    return painted - terminal.began


def _sign_in(terminal: Terminal, town: Town) -> None:
    """From the first screen to the menu."""
    terminal.wait_for(FIRST_SCREEN)
    terminal.settle()
    for keys in (town.terminal_id, TAB, town.password):  # what follows a Tab at once is lost
        terminal.send(keys)
        terminal.settle()
    terminal.send(ENTER)
    terminal.wait_for(MENU, LAST_LINES)
    terminal.settle()


def _switch_rows(ours: Terminal, empty: Terminal) -> list[Row]:
    """(k): from a key to another screen, there and back. Begins and ends at the menu."""
    there, back = (_number_of(ours, MENU), POINTS_MENU), (ESCAPE_AT_ONCE, MENU)
    shown, compared = _in_turn(
        lambda: _seconds(ours, [there, back] * SWITCHES, LAST_LINES),
        lambda: _seconds(empty, [(F3, SECOND), (F2, FIRST)] * SWITCHES),
    )
    lone = _seconds(ours, [there, (ESCAPE, MENU)] * ESCAPES, LAST_LINES)[1::2]
    waited = f"{statistics.median(lone) * 1e3:.0f} ms"
    return [
        _p95_row("k", "key to another screen", shown, compared, 2),
        told("", "the counter: back by Esc by itself, with Textual's wait, p50", waited),
    ]


def _open_spending(terminal: Terminal, counter: _Counter) -> None:
    """From the menu to the amount of ポイント利用, with the first card's points chosen."""
    terminal.send(_number_of(terminal, MENU))
    terminal.wait_for(POINTS_MENU, LAST_LINES)
    terminal.settle()
    terminal.send(_number_of(terminal, SPEND))
    terminal.wait_for("pt", LAST_LINES)
    terminal.settle()
    terminal.send(F9)
    terminal.wait_for(counter.town.cards[0].label)
    terminal.settle()
    terminal.send("1")
    terminal.wait_for(counter.mykey_id)
    terminal.settle(WORK_SECONDS)
    terminal.send("1")
    terminal.wait_for("選択")
    terminal.settle()


def _key_rows(ours: Terminal, empty: Terminal) -> list[Row]:
    """(j): from a digit to the field that shows it. Leaves the fields empty."""
    typed = list(zip(DIGITS, itertools.accumulate(DIGITS), strict=True))

    def measured(terminal: Terminal) -> list[float]:
        seconds = _seconds(terminal, typed)
        terminal.send(BACKSPACE * len(DIGITS))
        terminal.settle()
        return seconds

    shown, compared = _in_turn(lambda: measured(ours), lambda: measured(empty))
    return [_p95_row("j", "key to its field", shown, compared, 1.5)]


def _book(terminal: Terminal, counter: _Counter) -> None:
    """Spend with the card's PIN, print, and merge: the screens behind the amounts."""
    _type(terminal, str(PIN_ABOVE_POINTS + 1))
    terminal.send(ENTER)
    terminal.wait_for("利用後残高")
    terminal.pause(ENTER_SECONDS)
    terminal.send(ENTER)
    terminal.wait_for("暗証番号")
    terminal.settle()
    _type(terminal, "1234")
    terminal.send(ENTER)
    _print_and_go_on(terminal, counter, ENTER)
    _back_to(terminal, POINTS_MENU)
    terminal.send(_number_of(terminal, MERGE))
    terminal.wait_for(counter.mykey_id)
    terminal.settle(WORK_SECONDS)
    terminal.pause(ENTER_SECONDS)
    _type(terminal, "1")
    terminal.send(ENTER)
    terminal.wait_for("利用後残高")
    terminal.pause(ENTER_SECONDS)
    terminal.send(ENTER)
    _print_and_go_on(terminal, counter, F2)
    _back_to(terminal, POINTS_MENU)


def _type(terminal: Terminal, text: str) -> None:
    """Type as a hand does: what comes faster is a scanner's (USE-8)."""
    for character in text:
        terminal.pause(TYPING_SECONDS)
        terminal.send(character)
    terminal.pause(TYPING_SECONDS)


def _print_and_go_on(terminal: Terminal, counter: _Counter, leave: str) -> None:
    terminal.wait_for("完了")
    terminal.pause(ENTER_SECONDS)
    terminal.send(F8)
    terminal.wait_for("印字しました")
    terminal.settle()
    terminal.send(leave)
    terminal.wait_for(counter.mykey_id)
    terminal.settle(WORK_SECONDS)


def _visit_all(terminal: Terminal) -> None:
    """Open whatever the two menus list, and each one's help. Begins at the points menu."""
    _visit_entries(terminal, POINTS_MENU)
    _back_to(terminal, MENU)
    _visit_entries(terminal, MENU)


def _visit_entries(terminal: Terminal, menu: str) -> None:
    for number in sorted({number for number, _label in _ENTRY.findall(terminal.text)}):
        terminal.send(number)
        terminal.pause(ENTER_SECONDS)  # a digit waits for what may follow it
        terminal.settle(WORK_SECONDS)
        terminal.send(F1)
        terminal.pause(ENTER_SECONDS)
        terminal.settle(WORK_SECONDS)
        _back_to(terminal, menu)


def _memory_row(ours: Terminal, empty: Terminal) -> Row:
    """(l): what both hold in the end, every screen visited."""
    value = f"{ours.memory_mib:.0f} of {empty.memory_mib:.0f} MiB"
    ratio = ours.memory_mib / empty.memory_mib
    return at_most("l", "memory with all screens visited, of empty Textual", value, ratio, 2)


def _number_of(terminal: Terminal, label: str) -> str:
    """The key of a menu's line; the menu was just shown."""
    for number, shown in _ENTRY.findall(terminal.text):
        if shown == label:
            return str(number)
    raise NotShownError(f"no line {label} in:\n{terminal.last_lines}")


def _back_to(terminal: Terminal, text: str) -> None:
    """Press Esc until a screen is there."""
    for _ in range(BACK_TRIES):
        terminal.pause(ENTER_SECONDS)  # the same key sooner is a held one, where keys act
        terminal.send(ESCAPE_AT_ONCE)
        terminal.pause(ENTER_SECONDS)  # it may wait for what shows that it is held
        terminal.settle(WORK_SECONDS)
        if text in terminal.text:
            return
    raise NotShownError(f"Esc did not lead to {text} but to:\n{terminal.last_lines}")


def _seconds(terminal: Terminal, keys: list[Key], *always: str) -> list[float]:
    """Send keys one at a time, and return how long each took to be painted."""
    found = []
    for key, painted in keys:
        sent = terminal.send(key)
        found.append(terminal.wait_for(painted, *always) - sent)
        terminal.settle()
    return found


def _in_turn(*measures: Callable[[], list[float]]) -> tuple[list[float], ...]:
    """Measure in turn, after a round that does not count."""
    found: tuple[list[float], ...] = tuple([] for _ in measures)
    for number in range(ROUNDS + 1):
        for measure, values in zip(measures, found, strict=True):
            measured = measure()
            if number:
                values.extend(measured)
    return found


def _p95_row(letter: str, name: str, shown: list[float], compared: list[float], most: float) -> Row:
    ours, empty = percentile(shown, P95), percentile(compared, P95)
    value = f"{ours * 1e3:.1f} of {empty * 1e3:.1f} ms"
    return at_most(letter, f"{name}, p95, of empty Textual", value, ours / empty, most)
