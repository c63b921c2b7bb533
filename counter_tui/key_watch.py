"""Stands between the terminal and the screens: what the key gate decides is done here."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from textual import events
from textual.app import App
from textual.timer import Timer
from textual.widgets import Input

from counter_tui.core.bursts import GAP_SECONDS
from counter_tui.core.key_gate import Deliver, Frame, KeyGate, Scanned, Target, Typing
from counter_tui.core.scan_text import without_additions
from counter_tui.screens.base import CounterModal, CounterScreen
from counter_tui.widgets import PlainInput

if TYPE_CHECKING:
    from counter_tui.app import CounterApp

LATE_SECONDS = 0.03
"""A timer that is later than this was held up, and so may be the keys that came meanwhile."""
LATE_TIMES_MAX = 10


class KeyWatch:
    """Gives keys to the application, and scans to the screen that takes them."""

    def __init__(self, app: "CounterApp", frame: Frame | None = None) -> None:
        self._app = app
        self.gate: KeyGate[events.Key] = KeyGate(frame)
        self._timer: Timer | None = None
        self._waits = 0
        """How often keys were waited for: what an earlier timer still tells means nothing."""
        self._before_burst: tuple[Input, str, int] | None = None
        self._has_refused = False
        """Whether it was said that a scan went nowhere, and no key was pressed since."""

    def appeared(self) -> None:
        """Something new is shown: what was pressed for the thing before does nothing to it."""
        self.gate.appeared(self._app.monotonic())

    async def take(self, event: events.Key) -> None:
        """Take a key of the terminal."""
        found = self.gate.take(event, self._target(), self._app.monotonic())
        if self.gate.is_beginning:
            self._remember_field()
        self._look_again()
        await self._do(found)

    async def quiet(self) -> None:
        """Take note that no key came for a while."""
        self._stop_timer()
        await self._do(self.gate.quiet())

    def _look_again(self) -> None:
        self._stop_timer()
        if self.gate.waits:
            self._wait(LATE_TIMES_MAX)

    def _stop_timer(self) -> None:
        self._waits += 1
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _wait(self, times_left: int) -> None:
        due = asyncio.get_running_loop().time() + GAP_SECONDS
        self._timer = self._app.set_timer(
            GAP_SECONDS, partial(self._waited, self._waits, due, times_left)
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

    def _remember_field(self) -> None:
        field = self._app.focused
        self._before_burst = None
        if isinstance(field, Input):
            self._before_burst = field, field.value, field.cursor_position

    async def _do(self, found: list[Deliver[events.Key] | Scanned]) -> None:
        for one in found:
            if isinstance(one, Scanned):
                self._hand_over(one)
            else:
                self._forget_refused_scan()
                await App.on_event(self._app, one.press)

    def _forget_refused_scan(self) -> None:
        if self._has_refused:
            self._has_refused = False
            screen = self._app.screen
            if isinstance(screen, CounterScreen | CounterModal):
                screen.forget_refused_scan()

    def _hand_over(self, scanned: Scanned) -> None:
        """Give the field back what it held before the burst, and the code to the screen."""
        before = self._before_burst if scanned.in_field else None
        if before is None:
            self._tell(scanned)
            return
        field, value, position = before

        def take_back() -> None:
            field.value = value
            field.cursor_position = position
            self._tell(scanned)

        field.call_later(take_back)  # behind the burst's characters, which wait for the field

    def _tell(self, scanned: Scanned) -> None:
        screen = self._app.screen
        if not isinstance(screen, CounterScreen | CounterModal):
            return
        if not (scanned.is_wanted and screen.TAKES_SCANS):
            screen.refuse_scan()
            self._has_refused = True
        elif isinstance(screen, CounterScreen):
            screen.scanned(without_additions(scanned.text), repeated=scanned.repeated)
