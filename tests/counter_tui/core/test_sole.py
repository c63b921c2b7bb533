"""One process with a state folder at a time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from counter_tui.core.settings import StateError
from counter_tui.core.sole import AlreadyRunningError, sole

HOLDS = """
import sys
from pathlib import Path
from counter_tui.core.sole import sole
with sole(Path(sys.argv[1])):
    print("has it", flush=True)
    sys.stdin.read()
"""


def test_a_second_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    with sole(folder), pytest.raises(AlreadyRunningError), sole(folder):
        pass
    with sole(folder):
        pass


def test_one_that_was_killed_keeps_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"has it\n"
        with pytest.raises(AlreadyRunningError), sole(tmp_path):
            pass
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        with sole(tmp_path):
            pass


def test_terminals_of_their_own_do_not_meet(tmp_path: Path) -> None:
    with sole(tmp_path / "one"), sole(tmp_path / "two"):
        pass


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be used"), sole(tmp_path / "file" / "state"):
        pass
