"""How wide the terminal draws characters whose width is ambiguous: ● × │ ▀ █.

Japanese terminals can be set to give them two cells. Then large digits and codes on the screen
are out of joint, and so are the frames of fields.
"""

import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER_SECONDS = 1.0
_ASK = "\r█\x1b[6n".encode()
"""Draw one at the beginning of the line, and ask where the cursor is (CPR)."""
_WIPE = b"\r\x1b[K"
_ANSWER = re.compile(rb"\x1b\[[0-9]+;([0-9]+)R")


def measured_cells() -> int | None:
    """Return how many cells one takes; None where there is no terminal that tells."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    there, back = sys.stdout.fileno(), sys.stdin.fileno()
    sys.stdout.flush()
    with _unseen(back):
        os.write(there, _ASK)
        found = _answer(back)
        os.write(there, _WIPE)
    return int(found[1]) - 1 if found else None


def _answer(descriptor: int) -> "re.Match[bytes] | None":
    said = b""
    deadline = time.monotonic() + ANSWER_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            return None
        said += os.read(descriptor, 64)
        if found := _ANSWER.search(said):
            return found
    return None


@contextmanager
def _unseen(descriptor: int) -> Iterator[None]:
    """Let the terminal's answer come at once, and not be shown."""
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
