"""Garbage is collected while nobody waits, and not between a key and its screen.

What the application has loaded by the time of its first screen is never garbage, and is left out
of every collection.
"""

import gc
from collections.abc import Callable

QUIET_SECONDS = 0.4
"""Nobody has pressed a key for so long: nobody waits."""
BUSY_SECONDS_MAX = 30.0
"""After so long it is done although someone types."""


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
        """Collect if there is something to collect and nobody waits; whether it was done."""
        now = self._monotonic()
        if self._worked_at is None:
            return False
        is_quiet = now - self._worked_at >= QUIET_SECONDS
        if not is_quiet and now - self._collected_at < BUSY_SECONDS_MAX:
            return False
        gc.collect()
        self._worked_at = None
        self._collected_at = now
        return True
