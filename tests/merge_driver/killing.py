"""Runs a command under strace: notes its system calls, or kills it at one of them."""

import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.merge_driver.place import PROJECT

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")

CHANGING = (
    "write,pwrite64,writev,pwritev,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,"
    "unlink,unlinkat,rmdir,truncate,ftruncate,fallocate,mkdir,mkdirat,link,linkat,symlink,symlinkat"
)
"""What changes a file or a folder, or makes it last."""

_NOTED = re.compile(r"(\w+)\(")


class Call(NamedTuple):
    """The n-th call of a kind, from 1 on."""

    kind: str
    n: int


def calls_of(command: Sequence[str], calls: str, log: Path, exit_codes: set[int]) -> list[Call]:
    """Run a command to its end, and return its calls in their order; not those of its children."""
    done = _traced(command, calls, "-o", str(log))
    assert done.returncode in exit_codes, done.stderr
    counted: Counter[str] = Counter()
    found: list[Call] = []
    for line in log.read_text("utf-8", "replace").splitlines():
        if match := _NOTED.match(line):
            counted[match[1]] += 1
            found.append(Call(match[1], counted[match[1]]))
    return found


def kill_at(command: Sequence[str], call: Call) -> None:
    """Run a command that is killed with SIGKILL just before a call."""
    assert is_killed_at(command, call), f"not killed at {call}"


def is_killed_at(command: Sequence[str], call: Call) -> bool:
    """Run a command that is killed just before a call; False if it came to its end before."""
    inject = f"inject={call.kind}:signal=KILL:when={call.n}"
    done = _traced(command, call.kind, "-e", inject, "-o", "/dev/null")
    return done.returncode == -signal.SIGKILL


def some_of(calls: Sequence[Call], *, every: bool) -> list[Call]:
    """Return all calls, or every tenth and the first of each kind."""
    if every:
        return list(calls)
    return [call for place, call in enumerate(calls) if place % 10 == 0 or call.n == 1]


def _traced(command: Sequence[str], calls: str, *options: str) -> subprocess.CompletedProcess[str]:
    trace = ",".join(f"?{name}" for name in calls.split(","))
    return subprocess.run(
        ["strace", "-qq", "-e", f"trace={trace}", *options, *command],
        check=False,
        capture_output=True,
        encoding="utf-8",
        cwd=PROJECT,
        timeout=120,
    )
