"""Types as a keyboard of its own, through Linux uinput; it reaches Wayland and the console too.

It knows nothing of the layout: key codes are those of a US keyboard. On a Japanese one digits,
letters and the hyphen lie on the same keys. Caps Lock, and keys that the operator holds down,
change what arrives; digits are safe from Caps Lock.

No device was there to try it on: only what needs none was tested.
"""

import time
from collections.abc import Iterator
from itertools import chain
from typing import Final

from evdev import UInput, UInputError, ecodes

from counter_tui.handover.typist import HandoverError, HandoverTrouble, require_printable

READY_SECONDS = 1.0
"""What a desktop may take to notice a keyboard; it misses keys that are pressed before."""
PAUSE_SECONDS = 0.01
"""Between two characters: programs are made for scanners, which type about so fast."""

LEFT_SHIFT: Final = 42

_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", ""),
)
"""The first key's code (linux/input-event-codes.h), the keys plain, and with Shift."""

_CODES: Final = {
    character: (*shift, first + place)
    for first, plain, shifted in _ROWS
    for shift, characters in (((), plain), ((LEFT_SHIFT,), shifted))
    for place, character in enumerate(characters)
}


class UinputTypist:
    """A keyboard that is plugged in for each text, and unplugged after it."""

    def __init__(self, device: str = "/dev/uinput") -> None:
        self._device = device

    def type_text(self, text: str) -> None:
        """Type printable ASCII. Raises HandoverError."""
        strokes = key_events(text)
        try:
            with self._keyboard() as keyboard:
                time.sleep(READY_SECONDS)
                for stroke in strokes:
                    for code, value in stroke:
                        keyboard.write(ecodes.EV_KEY, code, value)
                        keyboard.syn()
                    time.sleep(PAUSE_SECONDS)
        except (UInputError, OSError) as error:
            raise HandoverError(HandoverTrouble.NO_DEVICE, str(error)) from error

    def _keyboard(self) -> UInput:
        codes = sorted(set(chain.from_iterable(_CODES.values())))
        return UInput({ecodes.EV_KEY: codes}, name="jichipoint", devnode=self._device)


def key_events(text: str) -> list[tuple[tuple[int, int], ...]]:
    """Return each character's key codes, with 1 for pressed and 0 for released.

    Raises HandoverError (CANNOT_TYPE).
    """
    require_printable(text)
    return [tuple(_press_and_release(_CODES[character])) for character in text]


def _press_and_release(codes: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    yield from ((code, 1) for code in codes)
    yield from ((code, 0) for code in reversed(codes))
