"""A town on disk, its server, and the counter in the hands of someone at the keyboard."""

import asyncio
import errno
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from counter_tui.app import CounterApp
from counter_tui.compose import build
from counter_tui.core import files
from counter_tui.core.settings import Settings
from counter_tui.faces.shop.menus import MenuScreen, PointMenuScreen
from counter_tui.shell.widgets import NumberedList, Words
from counter_tui.tasks.points.merge import MergeConfirmScreen, MergeInputScreen
from counter_tui.tasks.points.spend import SpendConfirmScreen, SpendInputScreen
from counter_tui.tasks.terminal.sign_in import RegisterScreen, SignInScreen
from counter_tui.virtual.reader import VirtualReader
from demo.cards import REVOKED, make_cards
from demo.screen_text import screen_text
from server.chance import SystemChance
from server.citizens.settings import CardSettings, card_checks
from server.clock import TOKYO, Clock
from server.secrets import read_master_key
from server.serial_numbers import serial_number
from server.serving.app import RunningServer, start
from server.serving.opening import open_ledger
from server.upkeep.demo_data import (
    MUNICIPAL_PROGRAM,
    TERMINAL,
    VOUCHER_TERMINAL,
    Town,
    make_town,
)
from tests.patient_hand import rest
from tests.server.support import cheap_hash
from tests.stillness import DRAWN

SIZE = (80, 24)
SECONDS_MAX = 30.0
PAUSE = 0.002
TYPING_SECONDS, SCANNING_SECONDS = 0.15, 0.002
"""Between two keys of a hand, and of a scanner."""

SAKURAI, MORI, TAKAHASHI, EXPIRED, WITHOUT_MYKEY = range(5)
"""The town's cards as they stand in the virtual reader."""
BALANCE = 1730
"""What 桜井さん has of the municipality's points, and 980 of the event's."""


class SettableClock:
    """A clock that stands until a test moves it."""

    def __init__(self, time: datetime = datetime(2026, 7, 1, 9, tzinfo=TOKYO)) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time.astimezone(UTC)

    def advance(self, **parts: float) -> None:
        self.time += timedelta(**parts)


@dataclass(frozen=True)
class Place:
    """A town's folder, with the counter's state, the spool and the printer in it."""

    folder: Path
    town: Town

    @classmethod
    def make(cls, folder: Path, clock: Clock) -> "Place":
        town = make_town(folder, clock, SystemChance())
        make_cards(folder / "town.json", folder / "cards", clock.now())
        place = cls(folder, town)
        place.change("UPDATE terminal SET password_hash = ?", cheap_hash(town.password))
        return place

    def copy(self, folder: Path) -> "Place":
        """This town as it is, in another folder."""
        shutil.copytree(self.folder, folder)
        path = folder / "town.json"
        path.write_text(path.read_text("utf-8").replace(str(self.folder), str(folder)), "utf-8")
        (folder / "spool").mkdir()
        return Place(folder, Town.load(path))

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def state(self) -> Path:
        return self.folder / "counter"

    @property
    def outbox(self) -> Path:
        return self.state / "outbox" / TERMINAL

    @property
    def receipts(self) -> Path:
        return self.folder / "receipts.escpos"

    def settings(
        self,
        server: str,
        language: str = "ja",
        state: Path | None = None,
        printer: str | None = None,
    ) -> Settings:
        return Settings(
            server=server,
            state_folder=state or self.state,
            spool_folder=self.spool,
            language=language,
            reader="",
            virtual_cards=self.folder / "cards",
            hint=None,
            printer=f"file:{self.receipts}" if printer is None else printer,
        )

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the ledger's file says."""
        connection = sqlite3.connect(self.folder / "ledger.db", timeout=10)
        try:
            return connection.execute(query, parameters).fetchall()
        finally:
            connection.close()

    def change(self, statement: str, *parameters: object) -> None:
        """Change the ledger's file before a server is started on it."""
        connection = sqlite3.connect(self.folder / "ledger.db", timeout=10)
        try:
            with connection:
                connection.execute(statement, parameters)
        finally:
            connection.close()

    def booked(self) -> list[tuple[str, int]]:
        """Every use of points in the ledger: kind and points, in the order of booking."""
        return self.rows(
            """SELECT t.kind, e.points FROM ledger_transaction t JOIN entry e USING (transaction_id)
            WHERE t.kind IN ('SPEND', 'MERGE') AND e.lot_id IS NULL ORDER BY t.transaction_id"""
        )

    def outcomes(self) -> list[str]:
        """What was decided on the terminal's requests."""
        query = "SELECT outcome FROM operation WHERE caller = ? ORDER BY decided_at"
        return [row[0] for row in self.rows(query, f"terminal:{TERMINAL}")]

    def balance(self, card: int = SAKURAI, program_id: str = MUNICIPAL_PROGRAM) -> int:
        ((points,),) = self.rows(
            """SELECT coalesce(sum(l.remaining), 0) FROM lot l JOIN account a USING (account_id)
            JOIN certificate c ON a.owner = CAST(c.citizen_id AS TEXT)
            WHERE a.kind = 'HELD' AND a.program_id = ? AND c.serial_number = ?""",
            program_id,
            self.serial_number(card),
        )
        return int(points)

    def serial_number(self, card: int) -> str:
        """As the ledger keeps it."""
        return serial_number(self.town.cards[card].serial_number)

    def kinds(self) -> list[str]:
        """The kinds of what was booked since the town was made, in order."""
        query = "SELECT kind FROM ledger_transaction WHERE kind <> 'GRANT' ORDER BY transaction_id"
        return [row[0] for row in self.rows(query)]

    def codes(self) -> list[str]:
        """The signed codes of the vouchers, in the order of issue."""
        return [row[0] for row in self.rows("SELECT qr_text FROM voucher ORDER BY transaction_id")]

    def waiting(self) -> list[Path]:
        """What lies in the outbox."""
        return sorted(self.outbox.glob("*.json"))

    def merge_files(self) -> list[Path]:
        """What the street would take."""
        return sorted(self.spool.glob("*.mrg"))


@asynccontextmanager
async def serving(place: Place, clock: Clock) -> AsyncIterator[str]:
    """The town's server in this process; yields its address."""
    running = await start_server(place, clock)
    try:
        yield f"127.0.0.1:{running.port}"
    finally:
        await running.stop(grace_seconds=0)


async def start_server(place: Place, clock: Clock, port: int = 0) -> RunningServer:
    key = read_master_key(Path(place.town.master_key_file))
    ledger = open_ledger(place.town.database, key, clock, SystemChance())
    cards = place.folder / "cards"
    settings = CardSettings((), (cards / "users.pem",), (cards / REVOKED,), None)
    checks = card_checks(settings, clock, SystemChance())
    assert checks is not None
    return await start(
        ledger,
        f"127.0.0.1:{port}",
        clock,
        SystemChance(),
        verify_card=checks.verify,
        revoked_cards=checks.revoked,
    )


class ServerProcess:
    """The town's server as a process, which can be killed and started again on its port."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        line = [
            *(sys.executable, "-m", "server.cli", "serve"),
            *("--database", self._place.town.database),
            *("--listen", self.address),
            *("--master-key-file", self._place.town.master_key_file),
        ]
        with (self._place.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], SECONDS_MAX)
        said = self._process.stdout.readline() if ready else ""
        assert said.startswith("listening on "), (self._place.folder / "server.log").read_text()
        self.port = int(said.rpartition(":")[2])

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def hang(self) -> None:
        """Keep its connections and answer nothing, until it goes on."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(SECONDS_MAX)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None


class Wire:
    """The cable between counter and server; it can lose what the server answers."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self.loses_answers = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def plug_in(self) -> None:
        self._listening = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    async def unplug(self) -> None:
        self._listening.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            far, to_far = await asyncio.open_connection("127.0.0.1", self._server_port)
            pumps = [
                asyncio.ensure_future(self._pump(near, to_far, answers=False)),
                asyncio.ensure_future(self._pump(far, to_near, answers=True)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            to_far.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            to_near.close()
            self._tasks.discard(task)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await source.read(65536):
            if not (answers and self.loses_answers):
                sink.write(data)
                await sink.drain()


class Ticks:
    """The clock of what appears on the screen: it stands until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


TO_THE_POINTS = ("up", "enter")
"""自治体ポイント管理クラウドへ is the last line of S22, however many there are."""


class Counter:
    """The counter as whoever stands at it uses it."""

    def __init__(self, place: Place, app: CounterApp, pilot: Pilot[None], ticks: Ticks) -> None:
        self.place = place
        self.app = app
        self.pilot = pilot
        self.ticks = ticks
        self._key_time = time.monotonic()

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def reader(self) -> VirtualReader:
        assert isinstance(self.app.cards.box, VirtualReader)
        return self.app.cards.box

    async def until(self, there: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + SECONDS_MAX
        while not there():
            # A fault in the application ends it; run_test raises it then.
            assert self.app._exception is None, self.app._exception
            assert time.monotonic() < end, f"no {what} on the screen:\n{self.text}"
            await asyncio.sleep(PAUSE)

    async def reach(self, screen: type[Screen[Any]]) -> None:
        """Wait for a screen that has begun: what it sets up when it is mounted is there."""

        def begun() -> bool:
            return type(self.app.screen) is screen and self.app.screen.is_mounted

        await self.until(begun, screen.__name__)

    async def read(self, *texts: str) -> None:
        """Wait until the screen shows all the texts."""
        looked_at = -1

        def are_there() -> bool:
            nonlocal looked_at
            has_changed, looked_at = DRAWN.times != looked_at, DRAWN.times
            return has_changed and all(text in self.text for text in texts)

        await self.until(are_there, repr(texts))

    async def press(self, *keys: str) -> None:
        """Press keys by their names, each once the application is through with the last."""
        for key in keys:
            character = key if len(key) == 1 else {"enter": "\r", "tab": "\t"}.get(key)
            await rest(self.app)
            self._send(key, character, TYPING_SECONDS)
            await rest(self.app)
            await self.settle()

    async def settle(self) -> None:
        """Wait until the application is through with what it was given."""
        for _ in range(3):
            await self.pilot.pause(PAUSE)

    async def type(self, text: str) -> None:
        """Press the keys of a text; the pilot's own press loses characters such as U+3000."""
        for character in text:
            self._send(f"key_{ord(character):x}", character, TYPING_SECONDS)
        await self.settle()

    def _send(self, key: str, character: str | None, seconds_later: float) -> None:
        """Press a key so long after the one before, by the time that is told with it."""
        self._key_time += seconds_later
        event = events.Key(key, character)
        event.time = self._key_time
        self.app.post_message(event)

    async def paste(self, text: str) -> None:
        self.app.post_message(events.Paste(text))
        await self.settle()

    @property
    def field(self) -> Input:
        return self.app.screen.query_one("#points", Input)

    async def scan(self, text: str) -> None:
        """Let a scanner send a code and its Enter, two seconds after what was before."""
        self._key_time += 2
        for character in text:
            self._send(f"key_{ord(character):x}", character, SCANNING_SECONDS)
        self._send("enter", "\r", SCANNING_SECONDS)
        await self.settle()

    async def scan_again(self, text: str) -> None:
        """Let the scanner send the same once more at once, as where its trigger is held."""
        self._key_time -= 1.5
        await self.scan(text)

    async def register(self, terminal_id: str = TERMINAL) -> None:
        """S9 up to the menu."""
        await self.reach(RegisterScreen)
        await self.type(terminal_id)
        await self.press("tab")
        await self.type(self.place.town.password)
        await self.press("enter")

    async def sign_in(self) -> None:
        """S2 up to what comes after."""
        await self.reach(SignInScreen)
        await self.type(self.place.town.password)
        await self.press("enter")

    async def insert(self, card: int) -> None:
        """Put a card in, in the place of one that is in, until the application knows it."""
        before = self.app.cards.session
        self.reader.insert(card)
        await self.until(lambda: self.app.cards.session not in (None, before), "card")

    async def open_spending(self, card: int | None = SAKURAI, program: str = "1") -> None:
        """From S28 to S29 with a card in and its points chosen."""
        await self.reach(PointMenuScreen)
        await self.press("1")
        await self.reach(SpendInputScreen)
        if card is not None:
            await self.insert(card)
            await self.choose(program)

    async def choose(self, program: str = "1") -> None:
        """Choose points once the card is read."""
        await self.until(self._has_points, "points")
        if len(self.app.screen.query_one("#programs", NumberedList).lines) > 1:
            await self.press(program)
        await self.read("選択:" if self.app.settings.language == "ja" else "Chosen:")

    async def open_merging(self, card: int | None = SAKURAI) -> None:
        """From S28 to S37 with a card in."""
        await self.reach(PointMenuScreen)
        await self.press("3")
        await self.reach(MergeInputScreen)
        if card is not None:
            await self.insert(card)
            await self.until(
                lambda: bool(str(self.app.screen.query_one("#chosen", Words).render())), "balance"
            )

    async def check(self, points: int | str) -> None:
        """Type an amount and go on to the confirm screen."""
        merging = isinstance(self.app.screen, MergeInputScreen)
        await self.type(str(points))
        await self.press("enter")
        await self.reach(MergeConfirmScreen if merging else SpendConfirmScreen)

    async def confirm(self) -> None:
        """Enter, once what is asked was read."""
        await self.press("enter")

    def _has_points(self) -> bool:
        lists = self.app.screen.query("#programs").results(NumberedList)
        return any(one.lines for one in lists)


@asynccontextmanager
async def counter_at(
    place: Place,
    server: str,
    language: str = "ja",
    state: Path | None = None,
    printer: str | None = None,
) -> AsyncIterator[Counter]:
    """The counter, started; it prints into a file unless another printer is named."""
    ticks = Ticks()
    app = build(place.settings(server, language, state, printer), ticks)
    async with app.run_test(size=SIZE) as pilot:
        counter = Counter(place, app, pilot, ticks)
        yield counter
        await counter.settle()
    await app.session.calls.close()


@asynccontextmanager
async def counter_in_use(place: Place, server: str, language: str = "ja") -> AsyncIterator[Counter]:
    """The counter at the points menu (S28), signed in."""
    async with counter_at(place, server, language) as counter:
        if place.state.joinpath("terminal.json").exists():
            await counter.sign_in()
        else:
            await counter.register()
        await counter.reach(MenuScreen)
        await counter.press(*TO_THE_POINTS)
        await counter.reach(PointMenuScreen)
        yield counter


@asynccontextmanager
async def chamber_in_use(
    place: Place, server: str, printer: str | None = None
) -> AsyncIterator[Counter]:
    """The chamber of commerce's counter at its points menu, signed in: it issues vouchers."""
    state = place.folder / "chamber"
    async with counter_at(place, server, state=state, printer=printer) as counter:
        if state.joinpath("terminal.json").exists():
            await counter.sign_in()
        else:
            await counter.register(VOUCHER_TERMINAL)
        await counter.reach(MenuScreen)
        await counter.press(*TO_THE_POINTS)
        await counter.reach(PointMenuScreen)
        yield counter


@contextmanager
def refusing(folder: Path, error: int) -> Iterator[None]:
    """A folder that takes no file, being read-only (EROFS) or full (ENOSPC).

    A small file system of its own where this user can mount one; else the fault is played.
    """
    options = {errno.EROFS: "ro,size=16k", errno.ENOSPC: "size=4k"}[error]
    line = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    real = files.write_new

    def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
        if path.parent == folder:
            raise OSError(error, os.strerror(error))
        real(path, content, mode)

    is_mounted = os.geteuid() == 0 and subprocess.call(line, stderr=subprocess.DEVNULL) == 0
    with pytest.MonkeyPatch.context() as patch:
        try:
            if not is_mounted:
                patch.setattr(files, "write_new", write_new)
            elif error == errno.ENOSPC:
                (folder / "filler").write_bytes(bytes(4096))
            yield
        finally:
            if is_mounted:
                subprocess.run(["umount", "-l", str(folder)], check=True)
