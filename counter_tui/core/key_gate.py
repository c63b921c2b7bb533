"""Every key passes here before a screen gets it (USE-8): one press is one step, and what a
scanner sends reaches nothing but a screen that takes codes.

Keys that choose or act are held for a moment where only what follows tells what they are: a
character that may be a burst's first, an Enter that may be a held key's first repetition.
Characters that are typed into a field are never held; a burst is taken out of it again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, Protocol, TypeVar

from counter_tui.core.bursts import (
    FAST_GAP_SECONDS,
    FAST_LENGTH_MIN,
    GAP_SECONDS,
    KEYS_FAST_MIN,
    Run,
    is_burst_in_field,
    is_burst_of_code,
    is_burst_of_keys,
)
from counter_tui.core.scan_text import folded

QUIET_SECONDS = 0.5
"""A second press of a key within it does nothing, nor does a key on what has just appeared."""
REPEAT_DELAY_SECONDS_MAX = 1.1
"""Keyboards begin to repeat a held key after 0.25 to 1 s."""
REPEAT_GAP_SECONDS = GAP_SECONDS
"""Then they repeat it every 0.033 to 0.04 s."""
HELD_SECONDS = 0.25
"""So long a key waits that may be a held one's first repetition: its second may be late."""
SAME_SCAN_SECONDS = 1.5
"""The same code so soon again is the scanner's trigger held a little long."""
FRAMED_SECONDS_MAX = 2.0
FRAMED_LENGTH_MAX = 1000
"""What a scanner's own prefix begins ends so long after its last key, whether its suffix came
or not, and takes no more than so many characters."""

LINE_ENDS = frozenset({"enter", "ctrl+m", "ctrl+j"})
_ENDS = LINE_ENDS | {"tab"}
_ARROWS = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown")
_EDITING = ("escape", "tab", "shift+tab", "backspace", "delete", "insert")
MOVES = frozenset(
    [*_EDITING, *(f"{shift}{arrow}" for shift in ("", "shift+", "ctrl+") for arrow in _ARROWS)]
)
"""Keys that book nothing, and may be held or pressed quickly."""


class KeyPress(Protocol):
    """A key as the terminal told it."""

    @property
    def key(self) -> str:
        """Its name."""
        ...

    @property
    def character(self) -> str | None:
        """What it writes, where it writes one character."""
        ...

    @property
    def time(self) -> float:
        """Seconds of a clock that does not go back."""
        ...

    @property
    def is_printable(self) -> bool:
        """Whether it is a character to be written."""
        ...


K = TypeVar("K", bound=KeyPress)


class Typing(Enum):
    """What is typed where the focus is."""

    NOTHING = auto()
    """Keys choose or act."""
    BY_HAND = auto()
    BY_PROGRAM = auto()
    """By hand, or at once by a program that keeps passwords."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a key would go."""

    typing: Typing
    takes_scans: bool
    """Whether the screen takes codes, wherever on it the focus is."""
    acts: bool
    """Whether keys here book, replace, delete or register, or leave what was done."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The keys that a scanner is set to send around a code. With them no time decides.

    Each is a key's name, such as f11 or enter, or a character.
    """

    prefix: str
    suffix: str

    def begins(self, press: KeyPress) -> bool:
        """Whether a code follows this key."""
        return _is_key(self.prefix, press)

    def ends(self, press: KeyPress) -> bool:
        """Whether this key ends the code."""
        return _is_key(self.suffix, press)


@dataclass(frozen=True, slots=True)
class Deliver(Generic[K]):
    """A key to be given to whatever has the focus."""

    press: K
    pressed_at: float
    """The application's seconds when it was pressed: what appeared since was not meant by it."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scanner's burst, as it came, without its end."""

    text: str
    repeated: bool
    """The same was scanned a moment ago."""
    in_field: bool
    """Whether its characters were given to a field, and are to be taken back."""
    is_wanted: bool
    """Whether the screen takes codes."""


class KeyGate(Generic[K]):
    """Watches keys as they come."""

    def __init__(self, frame: Frame | None = None) -> None:
        self._frame = frame
        self._run: list[K] = []
        self._held: list[Deliver[K]] = []
        self._held_is_again = False
        """Whether what is held may be the first repetition of a held key."""
        self._target = Target(Typing.NOTHING, takes_scans=False, acts=True)
        """Where the run began."""
        self._in_burst = False
        self._is_told = False
        """Whether the burst was told; what follows it closely belongs to it."""
        self._is_framed = False
        self._framed_end_at = float("-inf")
        self._last = float("-inf")
        self._previous: tuple[str, float] = ("", float("-inf"))
        self._character_at = float("-inf")
        self._appeared_at = float("-inf")
        self._scan_before = ("", float("-inf"))

    def appeared(self, now: float) -> None:
        """Take note that something new is shown: keys that were meant for what was do nothing."""
        self._appeared_at = now

    def appeared_since(self, now: float) -> bool:
        """Whether something new is shown that was not there then."""
        return self._appeared_at > now

    def noted(self, press: K) -> None:
        """Take note of a key that somebody else has taken, so that its repetitions are known."""
        self._forget()
        self._last = press.time
        self._previous = (press.key, press.time)

    @property
    def is_beginning(self) -> bool:
        """Whether the last character may be the first of a burst."""
        return len(self._run) == 1

    def is_through(self, press: K) -> bool:
        """Whether what is held turns out to be keys, by the key that comes."""
        return bool(self._held) and self._is_apart(press, self._last)

    @property
    def wait_seconds(self) -> float:
        """How long no key must come for `quiet` to be called."""
        return HELD_SECONDS if self._held and self._held_is_again else GAP_SECONDS

    def _is_apart(self, press: K, last: float) -> bool:
        """Whether a key does not belong to those before it."""
        repeats = bool(self._held) and self._held_is_again and press.key == self._held[-1].press.key
        return press.time - last > (HELD_SECONDS if repeats else GAP_SECONDS)

    @property
    def waits(self) -> bool:
        """Whether `quiet` is to be called once no key has come for `wait_seconds`."""
        types = self._target.typing is not Typing.NOTHING
        may_be_burst = types and len(self._run) >= FAST_LENGTH_MIN
        return bool(self._held) or may_be_burst or (self._in_burst and not self._is_framed)

    def take(self, press: K, target: Target, now: float) -> list[Deliver[K] | Scanned]:
        """Take a key; return what it and those before it turn out to be."""
        last, self._last = self._last, press.time
        gap = press.time - last
        if self._frame is not None:
            return self._take_framed(press, target, now, self._frame, last)
        if self._is_apart(press, last):
            found = self.quiet()
        elif self._in_burst and (_may_be_scanned(press) or gap <= FAST_GAP_SECONDS):
            return self._more(press)
        else:
            found = []
        if press.is_printable or self._is_inside_scan(press):
            return [*found, *self._character(press, target, now)]
        if press.key in _ENDS:
            return [*found, *self._end(press, target, now)]
        return [*found, *self._other(press, target, now)]

    def quiet(self) -> list[Deliver[K] | Scanned]:
        """Return what is certain now that no key came for a while."""
        found: list[Deliver[K] | Scanned] = []
        if self._is_framed:
            return found
        if self._in_burst:
            found = [] if self._is_told else self._tell(self._run_of())
        elif self._held:
            found = list(self._held)
        elif self._target.typing is not Typing.NOTHING and self._is_burst(self._run_of()):
            found = self._tell(self._run_of())
        self._forget()
        return found

    def _forget(self) -> None:
        self._run, self._held = [], []
        self._in_burst = self._is_told = self._is_framed = False

    def _run_of(self, end: K | None = None) -> Run:
        times = [press.time for press in self._run]
        if end is not None:
            times.append(end.time)
        text = "".join(press.character or "" for press in self._run)
        return Run(text, times, ended=end is not None)

    def _is_burst(self, run: Run) -> bool:
        rules: dict[Typing, Callable[[Run], bool]] = {
            Typing.NOTHING: is_burst_of_keys,
            Typing.BY_HAND: is_burst_in_field,
            Typing.BY_PROGRAM: is_burst_of_code,
        }
        return bool(run.text) and rules[self._target.typing](run)

    def _character(self, press: K, target: Target, now: float) -> list[Deliver[K] | Scanned]:
        found: list[Deliver[K] | Scanned] = []
        if not self._run:
            found, self._held = list(self._held), []
            self._target = target
        self._run.append(press)
        self._character_at = press.time
        since = self._since_the_same(press)
        if self._target.typing is not Typing.NOTHING:
            return [*found, Deliver(press, now)] if press.is_printable else found
        if self._is_burst(self._run_of()):
            self._in_burst, self._held = True, []
        elif since >= QUIET_SECONDS:
            self._held.append(Deliver(press, now))
            self._held_is_again = since <= REPEAT_DELAY_SECONDS_MAX
        elif self._held_is_again:
            self._held = []  # the key is held down: what was held was its first repetition
        return found

    def _is_inside_scan(self, press: K) -> bool:
        """Whether it is no character, and among characters that come too fast for a hand.

        Control characters such as GS are typed by nobody; function keys stand for them.
        """
        if press.is_printable or press.key in _ENDS:
            return False
        run = self._run_of(press)
        if len(run.times) < KEYS_FAST_MIN:
            return False
        return max(run.gaps) <= (GAP_SECONDS if _is_control(press) else FAST_GAP_SECONDS)

    def _since_the_same(self, press: K) -> float:
        """Return how long ago the same key was pressed, with no other since; note this press."""
        key, at = self._previous
        self._previous = (press.key, press.time)
        return press.time - at if key == press.key else float("inf")

    def _end(self, press: K, target: Target, now: float) -> list[Deliver[K] | Scanned]:
        run = self._run_of(press)
        if self._is_burst(run):
            self._in_burst, self._held = True, []
            self._previous = (press.key, press.time)
            return self._tell(run)
        return self._other(press, target, now)

    def _more(self, press: K) -> list[Deliver[K] | Scanned]:
        """Take more of a burst; what comes behind its first line end means nothing."""
        self._previous = (press.key, press.time)
        if self._is_told:
            return []
        if press.key in _ENDS:
            return self._tell(self._run_of(press))
        self._run.append(press)
        self._character_at = press.time
        return []

    def _tell(self, run: Run) -> list[Deliver[K] | Scanned]:
        self._is_told = True
        before, at = self._scan_before
        repeated = before == run.text and self._last - at <= SAME_SCAN_SECONDS
        if len(set(run.text)) == 1 and not run.ended:
            return []  # one key, held down
        if self._target.takes_scans:
            self._scan_before = (run.text, self._last)
        in_field = self._target.typing is not Typing.NOTHING and not self._is_framed
        return [Scanned(run.text, repeated, in_field, self._target.takes_scans)]

    def _other(self, press: K, target: Target, now: float) -> list[Deliver[K] | Scanned]:
        """Take a key that is no part of a scan: it moves, or it acts."""
        held = [one for one in self._held if one.press.key != press.key]
        self._run, self._held, self._in_burst, self._is_told = [], [], False, False
        since = self._since_the_same(press)
        if press.key in MOVES and not (press.key == "escape" and target.acts):
            return [*held, Deliver(press, now)]
        if since < QUIET_SECONDS or self._is_too_soon(press, target, now):
            return [*held]
        if since <= REPEAT_DELAY_SECONDS_MAX:
            self._held, self._held_is_again = [Deliver(press, now)], True
            return [*held]
        return [*held, Deliver(press, now)]

    def _is_too_soon(self, press: K, target: Target, now: float) -> bool:
        """Whether an Enter comes before anybody can have read what it would do."""
        if press.key not in LINE_ENDS or not target.acts:
            return False
        is_behind_character = (
            target.typing is Typing.NOTHING and press.time - self._character_at < QUIET_SECONDS
        )
        return is_behind_character or now - self._appeared_at < QUIET_SECONDS

    def _take_framed(
        self, press: K, target: Target, now: float, frame: Frame, last: float
    ) -> list[Deliver[K] | Scanned]:
        """Take a key where the scanner tells itself what is its own."""
        if self._is_framed and press.time - last <= FRAMED_SECONDS_MAX:
            return self._more_framed(press, frame)
        self._is_framed = False
        if frame.begins(press):
            self._run, self._is_framed = [], True
            self._target = target
            return []
        if press.key in LINE_ENDS and press.time - self._framed_end_at <= GAP_SECONDS:
            return []  # the line feed behind a carriage return
        held: list[Deliver[K] | Scanned] = []
        if self._is_apart(press, last):
            held, self._held = list(self._held), []
        if press.is_printable:
            self._character_at = press.time
        if press.is_printable and target.typing is not Typing.NOTHING:
            self._previous = (press.key, press.time)
            held, self._held = [*held, *self._held], []
            return [*held, Deliver(press, now)]
        return [*held, *self._other(press, target, now)]

    def _more_framed(self, press: K, frame: Frame) -> list[Deliver[K] | Scanned]:
        if not frame.ends(press):
            if len(self._run) < FRAMED_LENGTH_MAX:
                self._run.append(press)
            return []
        self._framed_end_at = press.time
        found = self._tell(self._run_of(press))
        self._forget()
        return found


def _is_key(key: str, press: KeyPress) -> bool:
    """Whether it is the key of a name or a character, whatever an input method made of it."""
    return key in (press.key, press.character, folded(press.character or ""))


def _is_control(press: KeyPress) -> bool:
    """Whether it is a control character such as GS, which has no place among typed keys."""
    is_ascii_control = press.character is not None and press.character < " "
    return is_ascii_control and press.key not in _ENDS | MOVES


def _may_be_scanned(press: KeyPress) -> bool:
    return press.is_printable or press.key in _ENDS or _is_control(press)
