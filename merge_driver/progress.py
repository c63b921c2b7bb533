"""How far long work has come, on a line of a terminal that is written over."""

import time
from typing import Final, Protocol, TextIO

_SHOWN_EVERY_SECONDS: Final = 0.1
_CLEAR_LINE: Final = "\r\x1b[K"


class Progress(Protocol):
    """Is told how far work has come."""

    def show(self, what: str, done: int, of: int) -> None:
        """Show that so much of something is done."""
        ...


class NoProgress:
    """Shows nothing, as where nobody looks on."""

    def show(self, what: str, done: int, of: int) -> None:
        """Show nothing."""


class StatusLine:
    """Shows how far work has come on a terminal, ten times a second at most."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._shown_at = 0.0
        self._is_shown = False

    def show(self, what: str, done: int, of: int) -> None:
        """Write over the line."""
        now = time.monotonic()
        if now - self._shown_at < _SHOWN_EVERY_SECONDS:
            return
        self._shown_at, self._is_shown = now, True
        self._terminal.write(f"{_CLEAR_LINE}{what}: {done:,} of {of:,}")
        self._terminal.flush()

    def clear(self) -> None:
        """Take the line away, before another is printed."""
        if self._is_shown:
            self._is_shown = False
            self._terminal.write(_CLEAR_LINE)
            self._terminal.flush()
