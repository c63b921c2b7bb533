"""Real `jichipoint-server serve` processes for tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.server.support import MASTER_KEY

SECONDS_MAX = 30


def write_key(folder: Path) -> Path:
    path = folder / "master.key"
    path.write_text(MASTER_KEY.hex())
    path.chmod(0o600)
    return path


def command(url: str, key_file: Path, listen: str = "127.0.0.1:0", processes: int = 1) -> list[str]:
    program = [sys.executable, "-m", "server.cli", "serve", "--processes", str(processes)]
    return [*program, "--database", url, "--listen", listen, "--master-key-file", str(key_file)]


@dataclass
class Process:
    """A server's process, and the port it said it listens on."""

    process: subprocess.Popen[str]
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def children(self) -> list[int]:
        """The processes that it started."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS_MAX)


@contextmanager
def serving(
    url: str,
    key_file: Path,
    port: int = 0,
    processes: int = 1,
    more: Sequence[str] = (),
    *,
    by: Sequence[str] = (),
    log: Path = Path(os.devnull),
) -> Iterator[Process]:
    """Start one, with `more` options and `by` another program, and end it afterwards."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*by, *command(url, key_file, f"127.0.0.1:{port}", processes), *more],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on 127.0.0.1:"), line
        yield Process(process, int(line.rpartition(":")[2]))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(SECONDS_MAX)
        assert process.stdout is not None
        process.stdout.close()


def wait_until_gone(pids: list[int]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while any(_is_alive(pid) for pid in pids):
        assert time.monotonic() < until, "a process outlived its parent"
        time.sleep(0.01)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
