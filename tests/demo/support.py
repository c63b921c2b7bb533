"""The demo as a process, in a terminal or without one."""

import fcntl
import os
import pty
import re
import select
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 300.0
"""Where it is reached, something hangs."""
F10 = b"\x1b[21~"
ESCAPE = re.compile(
    rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[PX^_].*?\x1b\\|[@-Z=>])"
)


def line(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "demo.cli", "--folder", str(folder), *options]


def play(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line(folder, *options),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS_MAX,
        cwd=ROOT,
    )


def screens(output: str) -> list[str]:
    return re.findall(r"^=== (S\d+|F9) ===$", output, re.MULTILINE)


class Terminal:
    """A terminal of 80×24 with the demo in it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, line(folder, *options))  # noqa: S606
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.set_blocking(self.fd, False)

    @property
    def text(self) -> str:
        return ESCAPE.sub(b"", self.seen).decode("utf-8", "replace")

    def read(self, text: str) -> None:
        """Wait until a text was shown."""
        end = time.monotonic() + SECONDS_MAX
        while text not in self.text:
            assert time.monotonic() < end, f"no {text!r} in:\n{self.text}"
            assert self._take(), f"ended without {text!r}:\n{self.text}"

    def press(self, keys: bytes) -> None:
        self.seen = b""
        os.write(self.fd, keys)

    def end(self) -> int:
        """Wait until it has ended, and return its exit code."""
        end = time.monotonic() + SECONDS_MAX
        while self._take():
            assert time.monotonic() < end, self.text
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _take(self) -> bool:
        ready, _, _ = select.select([self.fd], [], [], 1.0)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # Linux: nobody holds the other side any more.
            return False
        self.seen += data
        return bool(data)


@contextmanager
def terminal(folder: Path, *options: str) -> Iterator[Terminal]:
    shown = Terminal(folder, *options)
    try:
        yield shown
    finally:
        os.close(shown.fd)  # SIGHUP, where it runs still.


def ledger_of(folder: Path) -> list[tuple[str, int]]:
    connection = sqlite3.connect(folder / "ledger.db")
    try:
        return connection.execute(
            "SELECT kind, count(*) FROM ledger_transaction GROUP BY kind ORDER BY kind"
        ).fetchall()
    finally:
        connection.close()


def processes(folder: Path) -> dict[int, str]:
    """The command line of every process that was started for a folder."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode("utf-8", "replace").replace("\0", " ")
        except OSError:  # It has just ended.
            continue
        if f"{folder}" in line:
            found[int(path.parent.name)] = line
    return found
