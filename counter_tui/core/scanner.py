"""Tells the bursts of a keyboard-wedge scanner from typing.

Content decides, timing only helps: a fast typist is not a scanner, and what a scanner sends
is judged by what it is. A burst is characters that follow each other closely and end with
Enter; CR LF is one end.
"""

import unicodedata
from dataclasses import dataclass

GAP_SECONDS = 0.06
"""Between the characters of a burst at most: measured up to 0.02, and some room beside it."""
LENGTH_MIN = 6
"""Nobody types so many characters so fast."""
DIGITS_MIN = 12
"""Shorter numbers may be amounts."""
PREFIX = "JPV1."
REPEATED_SECONDS = 1.5
"""The same code so soon again is the scanner's trigger held a little long."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A burst, without its end."""

    text: str
    repeated: bool
    """The same was scanned a moment ago."""

    @property
    def is_code(self) -> bool:
        """Whether it is the code of a voucher or of goods, and nothing that a hand types.

        A password that a program types, fast as it is, is none.
        """
        plain = unicodedata.normalize("NFKC", self.text).upper()
        is_number = plain.isdecimal() and len(plain) >= DIGITS_MIN
        return is_number or plain.startswith(PREFIX)


@dataclass(frozen=True, slots=True)
class Swallowed:
    """The second half of a line end, which means nothing."""


class WedgeDetector:
    """Watches keys as they come. Times are seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self._characters: list[str] = []
        self._last = float("-inf")
        self._ended = float("-inf")
        self._previous = ("", float("-inf"))

    @property
    def is_beginning(self) -> bool:
        """Whether the last character may be the first of a burst."""
        return len(self._characters) == 1

    def character(self, character: str, at: float) -> None:
        """Take a character that was typed or scanned."""
        if at - self._last > GAP_SECONDS:
            self._characters.clear()
        self._characters.append(character)
        self._last = at

    def enter(self, at: float) -> Scanned | Swallowed | None:
        """Take a line end: CR, LF or Enter. None: it is just an Enter."""
        burst = "".join(self._characters)
        close = at - self._last <= GAP_SECONDS
        self._characters.clear()
        if close and len(burst) >= LENGTH_MIN:
            text, when = self._previous
            repeated = text == burst and at - when <= REPEATED_SECONDS
            self._previous = (burst, at)
            scanned = Scanned(burst, repeated)
            if scanned.is_code:
                self._ended = at
            return scanned
        if at - self._ended <= GAP_SECONDS:
            self._ended = float("-inf")
            return Swallowed()
        return None

    def other(self) -> None:
        """Take a key that is neither: a scanner sends none."""
        self._characters.clear()
