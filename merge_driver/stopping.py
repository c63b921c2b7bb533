"""A stop that is asked for while something is waited for."""

import os
import select


class StopEvent:
    """A stop that a signal handler can give and that wakes a waiting `watch` at once."""

    def __init__(self) -> None:
        self._is_set = False
        self._read_end, self._write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def set(self) -> None:
        """Ask for the stop; more than once is no different."""
        if not self._is_set:
            self._is_set = True
            os.write(self._write_end, b"s")

    def is_set(self) -> bool:
        """Say whether the stop was asked for."""
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the stop is asked for; say whether it was."""
        select.select([self], [], [], seconds)
        return self._is_set

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with the stop."""
        return self._read_end

    def wake_fd(self) -> int:
        """Return the descriptor that wakes who waits when it is written to, for signals."""
        return self._write_end

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read_end)
        os.close(self._write_end)
