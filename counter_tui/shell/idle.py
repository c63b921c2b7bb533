"""How long nobody has done anything at a kiosk, and when that is announced (MYP-9)."""

from collections.abc import Callable

QUIET_SECONDS = 60.0
"""After so long without a key everything is forgotten."""
NOTICE_SECONDS = 10.0
"""For so long before it is announced."""


class Idle:
    """Seconds of the clock that is handed in."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._touched_at = monotonic()

    def touched(self) -> None:
        """Somebody is there."""
        self._touched_at = self._monotonic()

    def seconds_left(self) -> float:
        """Return how long until everything is forgotten; 0 or less when it is time."""
        return QUIET_SECONDS - (self._monotonic() - self._touched_at)

    def is_near(self) -> bool:
        """Whether it is to be announced."""
        return self.seconds_left() <= NOTICE_SECONDS
