"""The server's time: this machine's clock, with what it is off by counted in (VCH-8)."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

SET_RIGHT = timedelta(minutes=1)
"""A clock that is no further off than this is as good as the server's."""


def awake_or_not() -> float:
    """Return seconds that pass whatever is done to the clock, and while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ServerClock:
    """Tells what time it is for the server, also where it is not reached.

    Before the server has told its time, and where this machine's clock agrees with it, it is
    this machine's time.
    """

    def __init__(
        self, clock: Callable[[], datetime], elapsed: Callable[[], float] = awake_or_not
    ) -> None:
        self._clock = clock
        self._elapsed = elapsed
        self._told: tuple[datetime, float] | None = None
        self.behind = timedelta()
        """By how much this machine was behind the server when it told its time."""

    def __call__(self) -> datetime:
        """Return the time."""
        here = self._clock()
        is_right = self._told is not None and abs(here - self._by_now(*self._told)) <= SET_RIGHT
        return here if is_right else here + self.behind

    def learn(self, there: datetime) -> None:
        """Take what the server's clock shows now."""
        self._told = (there, self._elapsed())
        self.behind = there - self._clock()

    def expect(self, behind: timedelta) -> None:
        """Count in what this machine was behind in an earlier run, until the server is asked."""
        if self._told is None:
            self.behind = behind

    def _by_now(self, told: datetime, at: float) -> datetime:
        """Return what the server's clock must show: somebody may have set this one right."""
        return told + timedelta(seconds=self._elapsed() - at)
