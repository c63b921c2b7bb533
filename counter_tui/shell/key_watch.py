"""Stands between the terminal and the screens: what the key gate decides is done here."""

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import events
from textual.timer import Timer
from textual.widgets import Input

from counter_tui.core.key_gate import Deliver, Frame, KeyGate, Scanned, Target, Typing
from counter_tui.core.scan_text import without_additions
from counter_tui.shell.base import CounterModal, CounterScreen
from counter_tui.shell.widgets import PlainInput

if TYPE_CHECKING:
    from counter_tui.host import Host

LATE_SECONDS = 0.03
"""A timer that is later than this was held up, and so may be the keys that came meanwhile."""
LATE_TIMES_MAX = 10


SETTLING_SECONDS = 0.05
"""Before a key that waited behind another is given: what the first opened has the focus then."""


@dataclass(slots=True)
class _Given:
    """What a field held before a run of characters, and those that it was given since."""

    field: Input
    value: str
    position: int
    text: str = ""

    def take_back(self) -> None:
        """Give the field back what it held; where it was emptied meanwhile, empty it again."""
        with_text = self.value[: self.position] + self.text + self.value[self.position :]
        if self.field.value == with_text:
            self.field.value = self.value
            self.field.cursor_position = self.position
        elif self.field.value and self.text.endswith(self.field.value):
            self.field.value = ""


class KeyWatch:
    """Gives keys to the application, and scans to the screen that takes them."""

    def __init__(self, app: "Host", frame: Frame | None = None) -> None:
        self._app = app
        self.gate: KeyGate[events.Key] = KeyGate(frame)
        self._timer: Timer | None = None
        self._waits = 0
        """How often keys were waited for: what an earlier timer still tells means nothing."""
        self._coming: deque[events.Key] = deque()
        self._going: deque[Deliver[events.Key] | Scanned] = deque()
        self._is_settling = False
        self._given: list[_Given] = []
        self._has_refused = False
        """Whether it was said that a scan went nowhere, and no key was pressed since."""

    def appeared(self) -> None:
        """Something new is shown: what was pressed for the thing before does nothing to it."""
        self.gate.appeared(self._app.monotonic())

    async def take(self, event: events.Key) -> None:
        """Take a key of the terminal."""
        self._coming.append(event)
        await self._go_on()

    async def quiet(self) -> None:
        """Take note that no key came for a while."""
        self._stop_timer()
        self._going.extend(self.gate.quiet())
        await self._go_on()

    async def _go_on(self) -> None:
        """Give what is certain, and look at what comes; one key after the other."""
        while not self._is_settling and (self._going or self._coming):
            if self._going:
                await self._give(self._going.popleft())
            elif self.gate.is_through(self._coming[0]):
                self._going.extend(self.gate.quiet())
            else:
                self._look_at(self._coming.popleft())

    def _look_at(self, event: events.Key) -> None:
        found = self.gate.take(event, self._target(), self._app.monotonic())
        if self.gate.is_beginning:
            self._given = []
        self._remember_field(event, found)
        self._going.extend(found)
        self._stop_timer()
        if self.gate.waits:
            self._wait(LATE_TIMES_MAX)

    async def _give(self, one: Deliver[events.Key] | Scanned) -> None:
        if isinstance(one, Scanned):
            self._hand_over(one)
            return
        target = self._target()
        if target.acts and self.gate.appeared_since(one.pressed_at):
            return  # it was pressed for what was shown before
        self._forget_refused_scan()
        await self._app.pass_on(one.press)
        if target.typing is Typing.NOTHING and (self._going or self._coming):
            self._is_settling = True
            self._app.set_timer(SETTLING_SECONDS, self._settled)

    async def _settled(self) -> None:
        self._is_settling = False
        await self._go_on()

    def _stop_timer(self) -> None:
        self._waits += 1
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _wait(self, times_left: int) -> None:
        seconds = self.gate.wait_seconds
        due = asyncio.get_running_loop().time() + seconds
        self._timer = self._app.set_timer(
            seconds, partial(self._waited, self._waits, due, times_left)
        )

    async def _waited(self, waiting: int, due: float, times_left: int) -> None:
        """Conclude that it is quiet, unless this process was held up: keys may be waiting."""
        if waiting != self._waits:
            return
        if asyncio.get_running_loop().time() - due > LATE_SECONDS and times_left:
            self._wait(times_left - 1)
        else:
            await self.quiet()

    def _target(self) -> Target:
        screen, field = self._app.screen, self._app.focused
        typing = Typing.NOTHING
        if isinstance(field, PlainInput):
            typing = field.typing
        if isinstance(screen, CounterScreen | CounterModal):
            return Target(typing, screen.TAKES_SCANS, screen.ACTS)
        return Target(typing, takes_scans=False, acts=False)

    def _remember_field(
        self, event: events.Key, found: list[Deliver[events.Key] | Scanned]
    ) -> None:
        """Remember each field that characters of this run are given to."""
        field = self._app.focused
        is_given = any(isinstance(one, Deliver) and one.press is event for one in found)
        if not (is_given and event.is_printable and isinstance(field, Input)):
            return
        if not self._given or self._given[-1].field is not field:
            self._given.append(_Given(field, field.value, field.cursor_position))
        self._given[-1].text += event.character or ""

    def _forget_refused_scan(self) -> None:
        if self._has_refused:
            self._has_refused = False
            screen = self._app.screen
            if isinstance(screen, CounterScreen | CounterModal):
                screen.forget_refused_scan()

    def _hand_over(self, scanned: Scanned) -> None:
        """Give the fields back what they held before the burst, and the code to the screen."""
        given, self._given = self._given, []
        if not (scanned.in_field and given):
            self._tell(scanned)
            return

        def take_back() -> None:
            for one in given:
                one.take_back()
            self._tell(scanned)

        given[-1].field.call_later(take_back)  # behind the characters that wait for the field

    def _tell(self, scanned: Scanned) -> None:
        screen = self._app.screen
        if not isinstance(screen, CounterScreen | CounterModal):
            return
        if not (scanned.is_wanted and screen.TAKES_SCANS):
            screen.refuse_scan()
            self._has_refused = True
        elif isinstance(screen, CounterScreen):
            screen.scanned(without_additions(scanned.text), repeated=scanned.repeated)
