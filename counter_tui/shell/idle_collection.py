"""Garbage is collected while nobody waits, and not between a key and its screen.

What the application has loaded by the time of its first screen is never garbage, and is left out
of every collection.
"""

import gc
from collections.abc import Callable

QUIET_SECONDS = 0.4
"""Nobody has pressed a key for so long: nobody waits."""
SECONDS_MAX = 30.0
"""After so long it is done although someone types, or although nobody did: what waits for the
network leaves garbage too."""
MANY_OBJECTS = 20_000
"""So many new ones are about ten screens. They do not wait for quiet: what a process once needed
it does not give back."""


class IdleCollection:
    """Collects after work, once it is quiet. Times are seconds of the clock that is handed in."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._worked_at: float | None = None
        self._collected_at = monotonic()

    def begin(self) -> None:
        """Leave out what is there, and collect from now on only when it is quiet."""
        gc.disable()
        gc.freeze()

    def worked(self) -> None:
        """Take note of a key: it may leave garbage."""
        self._worked_at = self._monotonic()

    def look(self) -> bool:
        """Collect after work once it is quiet, and every half minute; whether it was done."""
        now = self._monotonic()
        is_quiet = self._worked_at is not None and now - self._worked_at >= QUIET_SECONDS
        if not is_quiet and now - self._collected_at < SECONDS_MAX:
            return False
        gc.collect()
        self._worked_at = None
        self._collected_at = now
        return True

    def painted(self) -> None:
        """Collect where there are many new objects: a screen has come, and is read first."""
        if gc.get_count()[0] >= MANY_OBJECTS:
            gc.collect()
