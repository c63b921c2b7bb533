"""A second Enter within half a second of the first does nothing (USE-8)."""

QUIET_SECONDS = 0.5


class EnterGuard:
    """Lets an Enter through only after a pause, so that a held or doubled key books nothing."""

    def __init__(self, now: float) -> None:
        self._last = now

    def accepts(self, now: float) -> bool:
        """Take an Enter at a time in seconds; whether it counts."""
        quiet = now - self._last >= QUIET_SECONDS
        self._last = now
        return quiet
