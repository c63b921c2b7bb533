"""Starting the project's commands as processes, and ending them."""

import asyncio
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demo.cards import REVOKED, make_cards

LISTENING = "listening on "
ANY_PORT = "127.0.0.1:0"
START_SECONDS = 60.0
STOP_SECONDS = 20.0

_STREET_POINTS = Path(__file__).parents[1] / "examples" / "street_points" / "street_points.py"
_MERGE_DRIVER = """spool = "spool"
keys = "keys"
journal = "journal.db"
acknowledge = true
server = "{server}"

[output]
kind = "python"
"""


_SETPRIV = shutil.which("setpriv")


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything of one demo lies."""

    folder: Path
    counter: str = "shop"
    """Whose counter it is: each has a registration of its own."""

    @property
    def town(self) -> Path:
        """What whoever tries the town needs to know."""
        return self.folder / "town.json"

    @property
    def cards(self) -> Path:
        """The citizens' virtual cards, and the test authority that issued them."""
        return self.folder / "cards"

    @property
    def ledger(self) -> Path:
        """The ledger's SQLite file."""
        return self.folder / "ledger.db"

    @property
    def spool(self) -> Path:
        """The street's folder for merge files."""
        return self.folder / "spool"

    @property
    def street_points(self) -> Path:
        """The customers of the street's own point system (SQLite)."""
        return self.folder / "street.db"

    @property
    def receipts(self) -> Path:
        """What a printer would be sent."""
        return self.folder / "receipts.escpos"

    @property
    def state(self) -> Path:
        """The counter's registration and outbox."""
        return self.folder / f"counter-{self.counter}"

    @property
    def merge_driver(self) -> Path:
        """The merge driver's configuration."""
        return self.folder / "merge-driver.toml"

    @property
    def hint(self) -> Path:
        """The line for the sign-in screen, with the terminal's password: for its owner alone."""
        return self.folder / f"counter-{self.counter}.hint"

    def log(self, name: str) -> Path:
        """What a process said."""
        return self.folder / f"{name}.log"


def command(module: str, *arguments: str | Path) -> list[str]:
    """Return the command line of one of the project's commands, in this environment."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def with_parent(line: list[str], signal_name: str) -> list[str]:
    """Return a command line whose process gets a signal when whoever started it has ended."""
    return [_SETPRIV, "--pdeathsig", signal_name, "--", *line] if _SETPRIV else line


def make_town(places: Places) -> None:
    """Run jichipoint-server demo-data. Raises DemoError with what it said."""
    line = command("server.cli", "demo-data", "--folder", places.folder)
    made = subprocess.run(line, capture_output=True, text=True, check=False)
    if made.returncode:
        raise DemoError(made.stderr.strip().splitlines()[-1].removeprefix("Error: "))
    make_cards(places.town, places.cards, datetime.now(UTC))


class Process:
    """A command that runs in the background; its standard error goes into a log.

    It is killed when whoever started it is: nothing stays behind that nobody ends.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, name: str, line: list[str], log: Path) -> "Process":
        """Start a command."""
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *with_parent(line, "KILL"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        return cls(name, process, log)

    async def line_with(self, text: str, seconds: float = START_SECONDS) -> str:
        """Return the next line of its output that has a text. Raises DemoError."""
        output = self._process.stdout
        try:
            async with asyncio.timeout(seconds):
                while output is not None and (line := await output.readline()):
                    if text in line.decode():
                        return line.decode().strip()
        except TimeoutError:
            raise DemoError(f"the {self.name} did not say {text!r} in {seconds:.0f} s") from None
        await self._process.wait()
        raise DemoError(self.end_in_words())

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.returncode is not None

    def end_in_words(self) -> str:
        """Say that it ended, and by which signal or with which last line."""
        code = self._process.returncode or 0
        how = f"signal {-code}" if code < 0 else last_line(self._log)
        return f"the {self.name} ended: {how}"

    async def stop(self) -> None:
        """End it with SIGTERM, so that it finishes what it took."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.communicate(), STOP_SECONDS)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


def last_line(log: Path) -> str:
    """Return the last line of a log."""
    said = log.read_text("utf-8", "replace").strip().splitlines()
    return said[-1] if said else "it said nothing"


@dataclass(slots=True)
class Running:
    """The server and the street's point system of a demo."""

    address: str
    server: Process
    street: Process

    def trouble(self) -> str | None:
        """Return in words that one of them has ended, or None."""
        for process in (self.server, self.street):
            if process.has_ended:
                return process.end_in_words()
        return None

    async def stop(self) -> None:
        """End both."""
        await self.street.stop()
        await self.server.stop()


async def start(places: Places, listen: str = ANY_PORT) -> Running:
    """Start the server at HOST:PORT, and the street's point system. Raises DemoError."""
    if not _STREET_POINTS.exists():
        raise DemoError("the demo needs the folder examples: start it in a checkout")
    places.spool.mkdir(exist_ok=True)
    server = await Process.start(
        "server",
        command(
            "server.cli",
            "serve",
            "--database",
            f"sqlite:///{places.ledger}",
            "--listen",
            listen,
            "--master-key-file",
            places.folder / "master.key",
            "--test-card-authority",
            places.cards / "users.pem",
            "--revocation-list",
            places.cards / REVOKED,
        ),
        places.log("server"),
    )
    try:
        address = (await server.line_with(LISTENING)).removeprefix(LISTENING)
        street = await _start_street(places, address)
    except DemoError:
        await server.stop()
        raise
    return Running(address, server, street)


async def _start_street(places: Places, server: str) -> Process:
    """Start the street's own point system, which takes the merge files."""
    places.merge_driver.write_text(_MERGE_DRIVER.format(server=server), "utf-8")
    line = [sys.executable, str(_STREET_POINTS)]
    line += [str(places.merge_driver), str(places.street_points), "--watch"]
    street = await Process.start("street's point system", line, places.log("street-points"))
    try:
        await street.line_with("open")
    except DemoError:
        await street.stop()
        raise
    return street
