"""Which keys make a text, on the keyboard layout that an X server has now.

Keysyms of printable ASCII are the characters' own numbers (X protocol, appendix A).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from counter_tui.handover.typist import HandoverError, HandoverTrouble

_NO_SYMBOL = 0
_SHIFT_KEYSYMS = frozenset((0xFFE1, 0xFFE2))
"""Shift_L and Shift_R."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A key, and the keys to hold down under it."""

    keycode: int
    under: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How to type a text."""

    strokes: tuple[Stroke, ...]
    borrowed: Mapping[int, int]
    """Keysyms that the layout does not have, by the keycode that makes them for the time."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the X server says of its keyboard."""

    keysyms: Mapping[int, Sequence[int]]
    """By keycode, in the order of the core protocol: group 1 plain and shifted, then group 2."""
    modifiers: Sequence[Collection[int]]
    """The keycodes of each modifier; Shift comes first."""

    def plan(self, text: str, group: int) -> Plan:
        """Return how to type a text in a group, counted from 0.

        Raises HandoverError (CANNOT_TYPE) where too few keys are free to be borrowed.
        """
        strokes = self._strokes(group)
        missing = sorted({ord(character) for character in text} - strokes.keys())
        free = self._free_keycodes()
        if len(missing) > len(free):
            detail = "".join(map(chr, missing))
            raise HandoverError(HandoverTrouble.CANNOT_TYPE, f"not on this keyboard: {detail}")
        borrowed = dict(zip(free, missing, strict=False))
        strokes |= {keysym: Stroke(keycode) for keycode, keysym in borrowed.items()}
        return Plan(tuple(strokes[ord(character)] for character in text), borrowed)

    def _strokes(self, group: int) -> dict[int, Stroke]:
        """Return how each keysym is made; the lowest keycodes are the main block's keys."""
        shift = self._shift_keycode()
        strokes: dict[int, Stroke] = {}
        for keycode, keysyms in sorted(self.keysyms.items()):
            plain, shifted = _levels(keysyms, group)
            strokes.setdefault(plain, Stroke(keycode))
            if shift is not None:
                strokes.setdefault(shifted, Stroke(keycode, (shift,)))
        return strokes

    def _shift_keycode(self) -> int | None:
        for keycode in self.modifiers[0]:
            if not _SHIFT_KEYSYMS.isdisjoint(self.keysyms.get(keycode, ())):
                return keycode
        return None

    def _free_keycodes(self) -> list[int]:
        taken = {keycode for keycodes in self.modifiers for keycode in keycodes}
        return [
            keycode
            for keycode, keysyms in sorted(self.keysyms.items(), reverse=True)
            if keycode not in taken and not any(keysyms)
        ]


def _levels(keysyms: Sequence[int], group: int) -> tuple[int, int]:
    """Return a key's plain and shifted keysym.

    The core protocol tells the places of two groups only.
    """
    if group > 1:
        return _NO_SYMBOL, _NO_SYMBOL
    own = (*keysyms[2 * group : 2 * group + 2], _NO_SYMBOL, _NO_SYMBOL)
    if not any(own):
        own = (*keysyms[:2], _NO_SYMBOL, _NO_SYMBOL)
    return own[0], own[1]
