"""A real X server without a screen, and a real program in it that takes what is typed."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from Xlib import X
from Xlib.display import Display
from Xlib.protocol import rq
from Xlib.xobject.drawable import Window

PATIENCE = 30
"""Seconds after which a test gives up; none takes so long."""
WANTED = "apt-get install xvfb xterm x11-xkb-utils"

XTEST_KEYBOARD = 5
OPERATORS_KEYBOARD = 7
"""The keyboards of an Xvfb; the first is the one whose keys XTEST presses."""

RETURN, CAPS_LOCK, SHIFT, CONTROL, DIGIT_ONE = 36, 66, 50, 37, 10
"""Keycodes of a PC keyboard on Linux, the same on every layout."""

LOCK_MASK = X.LockMask


class _FakeDeviceKey(rq.Request):
    """XTestFakeInput with an event of the input extension, which names a device."""

    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(2),
        rq.RequestLength(),
        rq.Card8("event_type"),
        rq.Card8("keycode"),
        rq.Pad(29),
        rq.Card8("device"),
    )


def is_installed() -> bool:
    return all(map(shutil.which, ("Xvfb", "xterm", "setxkbmap")))


def wait_until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.005)


class XServer:
    """An Xvfb; keys that are held down are not repeated."""

    def __init__(self, *options: str) -> None:
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-noreset", "-ardelay", "1000000", *options],
            pass_fds=[writing],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading, encoding="ascii") as number:
            self.name = f":{number.readline().strip()}"
        assert self.name != ":", "Xvfb does not come up"

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)


@contextmanager
def x_server(*options: str) -> Iterator[XServer]:
    server = XServer(*options)
    try:
        yield server
    finally:
        server.end()


class Desktop:
    """The operator's part: layouts, and the keys that the operator presses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.display = Display(name)
        self._first_event = self._extension("XInputExtension").first_event
        self._opcode = self._extension("XTEST").major_opcode

    def _extension(self, name: str) -> rq.DictWrapper | rq.GetAttrData:
        found = self.display.query_extension(name)
        assert found is not None
        return found

    def use_layout(self, layout: str, *options: str) -> None:
        subprocess.run(
            ["setxkbmap", "-display", self.name, *options, "-layout", layout],
            check=True,
            capture_output=True,
        )

    @contextmanager
    def switched(self, layouts: str, number: int) -> Iterator[None]:
        """Have several layouts, and switch to one of them for a time; counted from 0."""
        self.use_layout(layouts, "-option", "grp:caps_toggle")
        for _ in range(number):
            self.tap(CAPS_LOCK)
        assert self.modifiers() == number << 13
        try:
            yield
        finally:
            for _ in range(len(layouts.split(",")) - number):
                self.tap(CAPS_LOCK)

    def press(self, *keycodes: int) -> None:
        for keycode in keycodes:
            self._key(1, keycode)

    def release(self, *keycodes: int) -> None:
        for keycode in reversed(keycodes):
            self._key(2, keycode)

    def tap(self, *keycodes: int) -> None:
        self.press(*keycodes)
        self.release(*keycodes)

    def _key(self, kind: int, keycode: int) -> None:
        _FakeDeviceKey(
            display=self.display.display,
            opcode=self._opcode,
            event_type=self._first_event + kind,
            keycode=keycode,
            device=OPERATORS_KEYBOARD,
        )
        self.display.sync()

    def keysyms(self) -> list[tuple[int, ...]]:
        return [tuple(row) for row in self.display.get_keyboard_mapping(8, 248)]

    def modifiers(self) -> int:
        """The modifiers that are held down or locked; bits 13 and 14 are the layout's number."""
        return int(self.display.screen().root.query_pointer().mask)


class Field:
    """An xterm whose program writes each line that it is given to a file."""

    def __init__(self, desktop: Desktop, folder: Path) -> None:
        self._desktop = desktop
        self._display = desktop.display
        self._file = folder / "typed"
        self._lines = 0
        window_file = folder / "window"
        command = f"stty -echo; echo $WINDOWID > {window_file}; exec cat > {self._file}"
        self._xterm = subprocess.Popen(
            ["xterm", "-display", desktop.name, "-e", "sh", "-c", command],
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._file.exists, "xterm")
        wait_until(lambda: self._shown() != [], "xterm's window")
        (self._window,) = self._shown()
        self.window_id = window_file.read_text().strip()
        """What xterm tells its programs."""

    def close(self) -> None:
        self._xterm.terminate()
        self._xterm.wait(PATIENCE)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let xterm look at no key for a time."""
        self._xterm.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._xterm.send_signal(signal.SIGCONT)

    def focus(self, *, inside: bool = False) -> None:
        """Give it the focus; or a window inside it, as programs made with GTK do."""
        window = self._window.query_tree().children[0] if inside else self._window
        self._display.set_input_focus(window.id, X.RevertToParent, X.CurrentTime)
        self._display.sync()

    def unfocus(self) -> None:
        """Let keys go nowhere."""
        self._display.set_input_focus(X.NONE, X.RevertToNone, X.CurrentTime)
        self._display.sync()

    def line(self) -> str:
        """End the line with Return, and give what came in it."""
        self._desktop.tap(RETURN)
        self._lines += 1
        wait_until(lambda: self._file.read_text().count("\n") == self._lines, "a line")
        return self._file.read_text().split("\n")[-2]

    def _shown(self) -> list[Window]:
        windows: list[Window] = self._display.screen().root.query_tree().children
        return [one for one in windows if one.get_attributes().map_state == X.IsViewable]
