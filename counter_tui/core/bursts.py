"""Tells the bursts of a keyboard-wedge scanner from typing, by their times and what they hold.

docs/scanners.md says what was measured and why the rule is as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from counter_tui.core.scan_text import folded, without_additions

GAP_SECONDS = 0.12
"""Between the characters of a burst at most: slow Bluetooth scanners leave 0.1."""
FAST_GAP_SECONDS = 0.06
ROLLED_GAP_SECONDS = 0.035
"""A hand rolls two keys over each other so closely, and not three."""
EVEN_SECONDS = 0.03
"""By so much the gaps of a scanner differ at most; those of a hand differ by more."""

ROLLED_LENGTH_MIN = 3
FAST_ENDED_LENGTH_MIN = 4
"""With its Enter."""
FAST_LENGTH_MIN = 6
EVEN_LENGTH_MIN = 8
"""Nobody types so many characters so fast, or so evenly."""
DIGITS_MIN = 12
"""A shorter number may be an amount or a terminal ID."""
VOUCHER_PREFIX = "JPV1."
KEYS_FAST_MIN, KEYS_SLOW_MIN = 3, 4
"""Where nothing is typed, so many keys in a row are a scan: within 0.06 s, within 0.12 s each."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that came closely behind each other, and the line end where there was one."""

    text: str
    times: Sequence[float]
    """Seconds, of each character and of the end."""
    ended: bool

    @property
    def gaps(self) -> list[float]:
        """Seconds between one key and the next."""
        return [later - earlier for earlier, later in pairwise(self.times)]


def is_code(text: str) -> bool:
    """Whether it is the code of a voucher or of goods, which nobody types in one go."""
    plain = without_additions(text).upper()
    return (plain.isdecimal() and len(plain) >= DIGITS_MIN) or plain.startswith(VOUCHER_PREFIX)


def is_burst_of_code(run: Run) -> bool:
    """Whether a scanner sent it, where programs type too: only what it is decides."""
    return is_code(run.text) and _all_within(run, GAP_SECONDS)


def is_burst_in_field(run: Run) -> bool:
    """Whether a scanner sent it, where people type texts and numbers."""
    length = len(run.text)
    if not folded(run.text).isascii():
        return False  # an input method gives a whole text at once
    if _holds_control(run) and _all_within(run, GAP_SECONDS):
        return True  # nobody types STX, ETX or GS
    if is_burst_of_code(run) or (run.ended and _is_fast_with_its_end(run)):
        return True
    return run.text.isascii() and (
        (length >= FAST_LENGTH_MIN and _all_within(run, FAST_GAP_SECONDS))
        or (length >= EVEN_LENGTH_MIN and _all_within(run, GAP_SECONDS) and _is_even(run))
    )


def _holds_control(run: Run) -> bool:
    return any(character < " " for character in run.text)


def _is_fast_with_its_end(run: Run) -> bool:
    length = len(run.text)
    return (length >= ROLLED_LENGTH_MIN and _all_within(run, ROLLED_GAP_SECONDS)) or (
        length >= FAST_ENDED_LENGTH_MIN and _all_within(run, FAST_GAP_SECONDS)
    )


def is_burst_of_keys(run: Run) -> bool:
    """Whether a scanner sent it, where single keys choose and nothing is typed."""
    count = len(run.times)
    return (count >= KEYS_FAST_MIN and _all_within(run, FAST_GAP_SECONDS)) or (
        count >= KEYS_SLOW_MIN and _all_within(run, GAP_SECONDS)
    )


def _all_within(run: Run, seconds: float) -> bool:
    return all(gap <= seconds for gap in run.gaps)


def _is_even(run: Run) -> bool:
    gaps = run.gaps
    return max(gaps) - min(gaps) <= EVEN_SECONDS
