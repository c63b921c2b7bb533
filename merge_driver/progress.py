"""How far long work has come, on a line of a terminal that is written over."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, TextIO, TypeVar

T = TypeVar("T")

_SHOWN_EVERY_SECONDS: Final = 0.1
_CLEAR_LINE: Final = "\r\x1b[K"


class Progress(Protocol):
    """Is told how far work has come."""

    def show(self, what: str, done: int, of: int) -> None:
        """Show that so much of something is done; `of` is 0 where nobody knows of how much."""
        ...


class NoProgress:
    """Shows nothing, as where nobody looks on."""

    def show(self, what: str, done: int, of: int) -> None:
        """Show nothing."""


SILENT: Final = NoProgress()


def showing(progress: Progress, what: str, found: Iterable[T], of: int) -> Iterator[T]:
    """Give what is found, and show how much of it was taken."""
    for done, one in enumerate(found, 1):
        progress.show(what, done, of)
        yield one


class StatusLine:
    """Shows how far work has come on a terminal, ten times a second at most.

    Nothing is shown of work that ends within `after_seconds`. `monotonic` gives seconds.
    """

    def __init__(
        self,
        terminal: TextIO,
        after_seconds: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._terminal = terminal
        self._monotonic = monotonic
        self._next_at = monotonic() + after_seconds
        self._is_shown = False

    def show(self, what: str, done: int, of: int) -> None:
        """Write over the line."""
        now = self._monotonic()
        if now < self._next_at:
            return
        self._next_at, self._is_shown = now + _SHOWN_EVERY_SECONDS, True
        whole = f" of {of:,}" if of else ""
        self._terminal.write(f"{_CLEAR_LINE}{what}: {done:,}{whole}")
        self._terminal.flush()

    def clear(self) -> None:
        """Take the line away, before another is printed."""
        if self._is_shown:
            self._is_shown = False
            self._terminal.write(_CLEAR_LINE)
            self._terminal.flush()
