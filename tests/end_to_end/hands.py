"""A terminal of 80×24 (tmux), and hands that know nothing but its keys."""

import os
import shlex
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

COLUMNS, ROWS = 80, 24
SECONDS_MAX = 30.0
LOOK_SECONDS = 0.05
PAUSE_SECONDS = 0.6
"""What has just appeared takes no Enter in its first half second, nor any key twice (USE-8)."""
TYPING_SECONDS = 0.08
"""Between two keys of a fast typist: what comes faster is a scanner's."""
KEYPAD_ENTER, KEYPAD_DIGITS = "M", "pqrstuvwxy"
ROOT = Path(__file__).parents[2]


class Hands:
    """Press keys, look at the screen, and count the keys."""

    def __init__(self, line: list[str]) -> None:
        self._name = f"jichipoint-{uuid.uuid4().hex}"
        self.keys = 0
        self._last = ""
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        self._environment = environment
        self._tmux("-f", os.devnull, "new-session", "-d", *size, shlex.join(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tmux("kill-server", check=False)

    @property
    def screen(self) -> str:
        """What stands on the screen."""
        return self._tmux("capture-pane", "-p")

    def read(self, *texts: str) -> str:
        """Wait until all the texts stand on the screen; return it."""
        end = time.monotonic() + SECONDS_MAX
        while not all(text in (shown := self.screen) for text in texts):
            assert time.monotonic() < end, f"no {texts} on the screen:\n{shown}"
            time.sleep(LOOK_SECONDS)
        return shown

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names; an Enter, or a key again, once what is shown was read."""
        self.keys += len(keys)
        for key in keys:
            if key in ("Enter", self._last):
                time.sleep(PAUSE_SECONDS)
            self._last = key
            self._tmux("send-keys", key)

    def type(self, text: str) -> None:
        """Type a text on the keys."""
        self.keys += len(text)
        for character in text:
            time.sleep(TYPING_SECONDS)
            self._tmux("send-keys", "-l", character)
        self._last = text[-1:]
        time.sleep(TYPING_SECONDS)

    def keypad(self, *keys: str) -> None:
        """Press Enter or digits of the numeric keypad in application mode: ESC O and a letter."""
        self.keys += len(keys)
        for key in keys:
            time.sleep(PAUSE_SECONDS)
            letter = KEYPAD_ENTER if key == "Enter" else KEYPAD_DIGITS[int(key)]
            self._tmux("send-keys", "-H", *(f"{byte:x}" for byte in b"\x1bO" + letter.encode()))
        self._last = ""

    def confirm(self) -> None:
        """Enter, by which something is booked."""
        self.press("Enter")

    def scan(self, text: str) -> None:
        """Let a scanner type a code and its Enter, all at once."""
        self._tmux("send-keys", "-l", text, ";", "send-keys", "Enter")

    def ended(self) -> None:
        """Wait until the application has ended."""
        end = time.monotonic() + SECONDS_MAX
        while self._run("has-session").returncode == 0:
            assert time.monotonic() < end, f"it does not end:\n{self.screen}"
            time.sleep(LOOK_SECONDS)

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        done = self._run(*arguments)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["tmux", "-u", "-L", self._name, *arguments],
            env=self._environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )


def counter_line(*options: str | Path) -> list[str]:
    """The counter application's command line."""
    return [sys.executable, "-m", "counter_tui.cli", *map(str, options)]
