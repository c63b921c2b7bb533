"""Programs that a test started, and what they started: found, frozen and killed together."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SECONDS_MAX = 30


def started(command: Sequence[str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a program as the leader of a group of processes."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "HOME": str(folder)},
        )


@contextmanager
def running(command: Sequence[str], folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for as long as this lasts; its group is killed then."""
    program = started(command, folder, log)
    try:
        yield program
    finally:
        kill_group(program)


def kill_group(program: subprocess.Popen[bytes]) -> None:
    signal_group(program, signal.SIGKILL)
    program.wait(SECONDS_MAX)


def signal_group(program: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if program.poll() is None:
        os.killpg(program.pid, number)


def in_folder(folder: Path) -> set[int]:
    """The processes that work in a folder: of PostgreSQL's it is the postmaster with all others."""
    return {int(found.name) for found in Path("/proc").iterdir() if _works_in(found, folder)}


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return process.name.isdecimal() and (process / "cwd").readlink() == folder
    except OSError:
        return False


def signal_all_in(folder: Path, number: signal.Signals) -> None:
    """Send a signal to all that work in a folder, and to those that were started meanwhile."""
    reached: set[int] = set()
    while more := in_folder(folder) - reached:
        for pid in more:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        reached |= more


def kill_all_in(folder: Path) -> None:
    """Kill all that work in a folder; none starts another meanwhile."""
    signal_all_in(folder, signal.SIGSTOP)
    signal_all_in(folder, signal.SIGKILL)
    until = time.monotonic() + SECONDS_MAX
    while in_folder(folder):
        assert time.monotonic() < until, "a process outlived SIGKILL"
        time.sleep(0.01)
