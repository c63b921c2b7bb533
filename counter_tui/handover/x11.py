"""Types through the XTEST extension of an X server.

It works on any keyboard layout. What it cannot know: an input method that is switched on turns
what arrives into other characters, and under Wayland only programs of Xwayland are reached.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from Xlib import X
from Xlib.display import Display
from Xlib.error import BadWindow, CatchError, ConnectionClosedError, DisplayError, XError
from Xlib.ext.xtest import fake_input
from Xlib.xobject.drawable import Window

from counter_tui.handover.layout import Layout, Stroke
from counter_tui.handover.typist import HandoverError, HandoverTrouble, require_printable
from counter_tui.handover.xkb import KeyboardState

PAUSE_SECONDS = 0.01
"""Between two characters: programs are made for scanners, which type about so fast."""
SETTLE_SECONDS = 1.0
"""How long a borrowed key is kept: programs look a key up when they come to it."""


class X11Typist:
    """Types on the display that the environment names; it is connected to anew for each text."""

    def __init__(
        self, *, pause_seconds: float = PAUSE_SECONDS, settle_seconds: float = SETTLE_SECONDS
    ) -> None:
        self._pause_seconds = pause_seconds
        self._settle_seconds = settle_seconds

    def type_text(self, text: str) -> None:
        """Type printable ASCII. Raises HandoverError.

        Keys that the operator holds down are released, and stay so until pressed again; Caps
        Lock is off while this types.
        """
        require_printable(text)
        with _connected() as display:
            _refuse_own_window(display)
            state = KeyboardState(display)
            _release_keys(display)
            plan = _layout(display).plan(text, state.group)
            with self._borrowed(display, plan.borrowed), state.unlocked():
                for stroke in plan.strokes:
                    _strike(display, stroke)
                    time.sleep(self._pause_seconds)

    @contextmanager
    def _borrowed(self, display: Display, keysyms: Mapping[int, int]) -> Iterator[None]:
        """Have keys that are free make keysyms for a time, whatever is held down with them."""
        for keycode, keysym in keysyms.items():
            display.change_keyboard_mapping(keycode, [(keysym, keysym)])
        try:
            yield
        finally:
            if keysyms:
                display.sync()
                time.sleep(self._settle_seconds)
            for keycode in keysyms:
                display.change_keyboard_mapping(keycode, [(X.NoSymbol, X.NoSymbol)])


@contextmanager
def _connected() -> Iterator[Display]:
    """Connect; whatever fails raises HandoverError."""
    try:
        display = Display()
    except (DisplayError, ConnectionClosedError, OSError, OverflowError) as error:
        raise HandoverError(HandoverTrouble.NO_DISPLAY, str(error)) from error
    refused = CatchError()
    display.set_error_handler(refused)
    try:
        if not display.has_extension("XTEST"):
            raise HandoverError(HandoverTrouble.NO_EXTENSION, "XTEST")
        yield display
        display.sync()
    except ConnectionClosedError as error:
        raise HandoverError(HandoverTrouble.NO_DISPLAY, str(error)) from error
    except XError as error:
        raise HandoverError(HandoverTrouble.NO_EXTENSION, str(error)) from error
    finally:
        with suppress(ConnectionClosedError):
            display.close()
    if (refusal := refused.get_error()) is not None:
        raise HandoverError(HandoverTrouble.NO_EXTENSION, str(refusal))


def _refuse_own_window(display: Display) -> None:
    """Raise HandoverError where the focus is on the terminal that this program runs in.

    Terminals that do not tell their window (WINDOWID) are not known.
    """
    own = os.environ.get("WINDOWID", "")
    window: Window | int = display.get_input_focus().focus
    with suppress(BadWindow):
        while isinstance(window, Window):
            if str(window.id) == own:
                raise HandoverError(HandoverTrouble.OWN_WINDOW, own)
            window = window.query_tree().parent


def _release_keys(display: Display) -> None:
    """Release what the operator holds down, Shift for example.

    The first release is of no key. It makes the server's keyboard the one of XTEST, which can
    have another layout than the operator's.
    """
    fake_input(display, X.KeyRelease, display.display.info.min_keycode)
    for byte, bits in enumerate(display.query_keymap()):
        for bit in range(8):
            if bits >> bit & 1:
                fake_input(display, X.KeyRelease, 8 * byte + bit)
    display.sync()


def _layout(display: Display) -> Layout:
    info = display.display.info
    rows = display.get_keyboard_mapping(info.min_keycode, info.max_keycode - info.min_keycode + 1)
    modifiers = display.get_modifier_mapping()
    return Layout(
        dict(enumerate(rows, info.min_keycode)),
        [[keycode for keycode in keycodes if keycode] for keycodes in modifiers],
    )


def _strike(display: Display, stroke: Stroke) -> None:
    """Press and release, sent as one: no key stays down where the connection ends."""
    keycodes = (*stroke.under, stroke.keycode)
    for keycode in keycodes:
        fake_input(display, X.KeyPress, keycode)
    for keycode in reversed(keycodes):
        fake_input(display, X.KeyRelease, keycode)
    display.sync()
