"""A pseudo-terminal of 80x24 with a program in it: keys go in, and what comes out is timed."""

import codecs
import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.bench.measure import resident_mib

COLUMNS, ROWS = 80, 24
SECONDS_MAX = 30.0
QUIET_SECONDS = 0.03

ENTER, TAB, BACKSPACE, CONTROL_Q = "\r", "\t", "\x7f", "\x11"
F1, F2, F3, F8, F9 = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1b[19~", "\x1b[20~"
ESCAPE = "\x1b"
ESCAPE_AT_ONCE = ESCAPE + "\x1b[?0;0$y"
"""Escape with a terminal's report behind it, which means nothing: after an Escape by itself
Textual waits a tenth of a second for what may follow."""

_STYLE = re.compile(r"\x1b\[[0-9;:]*m")
_OTHER = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\[\]])")


class NotShownError(Exception):
    """What should have been written was not, within the time limit."""


class Terminal:
    """Written text is looked at since the last key, without styles, moves as line ends.

    It is not put on a screen: what is waited for has to be written anew.
    """

    def __init__(self, line: list[str], environment: Mapping[str, str]) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._written = ""
        self.began = time.perf_counter()
        """When the program was started, in seconds."""
        try:
            self._process = subprocess.Popen(
                line,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=environment,
                start_new_session=True,
            )
        except OSError:
            os.close(self._master)
            raise
        finally:
            os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def text(self) -> str:
        """What was written since the last key."""
        return _OTHER.sub("\n", _STYLE.sub("", self._written))

    @property
    def last_lines(self) -> str:
        """What was written last, for a message."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        return "\n".join(lines[-2 * ROWS :])

    @property
    def memory_mib(self) -> float:
        """The memory that the program holds."""
        return resident_mib(self._process.pid)

    def send(self, keys: str) -> float:
        """Send keys, and return when: seconds on perf_counter."""
        self._written = ""
        sent = time.perf_counter()
        left = keys.encode()
        while left:
            left = left[os.write(self._master, left) :]
        return sent

    def wait_for(self, *texts: str, seconds_max: float = SECONDS_MAX) -> float:
        """Return when the last of these texts was written. Raises NotShownError."""
        end = time.perf_counter() + seconds_max
        arrived = time.perf_counter()
        while not all(text in self.text for text in texts):
            left = end - time.perf_counter()
            if left <= 0 or not self._read(left):
                raise NotShownError(f"no {' and '.join(texts)} but:\n{self.last_lines}")
            arrived = time.perf_counter()
        return arrived

    def settle(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        """Read until nothing is written for so long. Raises NotShownError.

        A field's cursor blinks twice a second.
        """
        end = time.perf_counter() + SECONDS_MAX
        while self._read(quiet_seconds):
            if time.perf_counter() > end:
                raise NotShownError(f"it is never quiet:\n{self.last_lines}")

    def pause(self, seconds: float) -> None:
        """Read for so long, whatever is written: for what counts time and shows nothing."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def close(self) -> None:
        """End the program by its key, or by force if it does not end."""
        try:
            if self._process.poll() is None:
                self.send(CONTROL_Q)
                end = time.perf_counter() + SECONDS_MAX
                while self._read(1.0) or self._process.poll() is None:
                    if time.perf_counter() > end:
                        break
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._master)

    def _read(self, seconds: float) -> bool:
        """Take what is written within some seconds; whether there was anything."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            chunk = os.read(self._master, 65_536)
        except OSError:  # EIO: nobody has the other end open any more.
            return False
        self._written += self._decoder.decode(chunk)
        return bool(chunk)
