"""The width of what is ambiguous, asked of a terminal that this test plays."""

import os
import pty
import sys
from contextlib import suppress

import pytest

ASKS = b"\x1b[6n"
SCRIPT = """
from counter_tui.doctor import character_width
character_width.ANSWER_SECONDS = {seconds}
print("cells:", character_width.measured_cells())
"""
LONG, SHORT = 30.0, 0.05


def measured(answer: bytes, seconds: float) -> str:
    """Return what is measured in a terminal that answers so."""
    pid, terminal = pty.fork()
    if pid == 0:
        script = SCRIPT.format(seconds=seconds)
        os.execv(sys.executable, [sys.executable, "-c", script])  # noqa: S606
    seen = b""
    with suppress(OSError):  # the terminal's other end is closed
        while data := os.read(terminal, 4096):
            asked_before = ASKS in seen
            seen += data
            if ASKS in seen and not asked_before:
                os.write(terminal, answer)
    os.close(terminal)
    os.waitpid(pid, 0)
    return seen.decode().rpartition("cells:")[2].strip()


@pytest.mark.parametrize(
    ("answer", "cells"),
    [(b"\x1b[24;2R", "1"), (b"\x1b[1;3R", "2"), (b"q\x1b[7;3R", "2")],
    ids=["narrow", "wide", "behind a key"],
)  # fmt: skip
def test_the_terminal_tells(answer: bytes, cells: str) -> None:
    assert measured(answer, LONG) == cells


def test_a_terminal_that_does_not_tell() -> None:
    assert measured(b"", SHORT) == "None"


def test_no_terminal() -> None:
    from counter_tui.doctor.character_width import measured_cells  # noqa: PLC0415

    assert measured_cells() is None
