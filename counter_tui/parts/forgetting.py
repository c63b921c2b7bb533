"""Forgetting what a citizen left once nobody has done anything for a while (MYP-9)."""

import math
from typing import TYPE_CHECKING

from textual import events

from counter_tui import texts
from counter_tui.shell.boxes import IdleBox
from counter_tui.shell.home import HomeScreen
from counter_tui.shell.idle import Idle

if TYPE_CHECKING:
    from counter_tui.host import Host

LOOK_SECONDS = 0.2
"""Between two looks at how long nobody has done anything."""


class Forgetting:
    """Announces it, and does it; any key goes on, and does nothing else then."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._idle = Idle(host.monotonic)

    def touched(self) -> None:
        """Take note that somebody is there."""
        self._idle.touched()

    def takes(self, event: events.Event) -> bool:
        """Take note of what was pressed; whether it was the answer to the notice."""
        if not isinstance(event, events.Key | events.Paste | events.MouseDown):
            return False
        self.touched()
        screen = self._host.screen
        if not isinstance(screen, IdleBox):
            return False
        if isinstance(event, events.Key):
            self._host.key_watch.gate.noted(event)
        screen.dismiss(None)
        event.stop()
        return True

    def look(self) -> None:
        """Forget everything once nobody has done anything for a while, and announce it before."""
        if not self._host.session.is_open or not self._holds_something():
            return
        screen, left = self._host.screen, self._idle.seconds_left()
        if left <= 0:
            self._host.go_home()
        elif not self._idle.is_near():
            if isinstance(screen, IdleBox):
                screen.dismiss(None)
        elif isinstance(screen, IdleBox):
            screen.show_left(math.ceil(left))
        elif not isinstance(screen, HomeScreen):
            self._host.push_screen(IdleBox(math.ceil(left)))

    def _holds_something(self) -> bool:
        """Whether there is anything of a citizen: a screen above the home, or the language."""
        is_home = [isinstance(screen, HomeScreen) for screen in self._host.screen_stack]
        other_language = texts.language() != self._host.settings.language
        return any(is_home) and (not is_home[-1] or other_language)
