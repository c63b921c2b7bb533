"""The kiosk: the citizen's work with a MyKey ID, and nothing else (CRD-4, MYP-9)."""

import math

from textual import events, work

from counter_tui import texts
from counter_tui.app import CounterApp
from counter_tui.kiosk_idle import Idle
from counter_tui.screens.kiosk_boxes import IdleBox, LeaveBox
from counter_tui.screens.kiosk_menu import KioskMenuScreen
from counter_tui.screens.kiosk_sign_in import KioskSignInScreen
from counter_tui.screens.sign_in import RegisterScreen

LOOK_SECONDS = 0.2
"""Between two looks at how long nobody has done anything."""


class KioskApp(CounterApp):
    """The staff sign it in; then it serves one citizen after the other and forgets each."""

    def on_mount(self) -> None:
        """Begin to look whether anybody is there."""
        self.idle = Idle(self.monotonic)
        self.set_interval(LOOK_SECONDS, self.look)

    def first_screen(self) -> RegisterScreen:
        """Return the screen that signs in; a kiosk has no training."""
        if self.state.registered_terminal() is None:
            return RegisterScreen()
        return KioskSignInScreen()

    def _signed_in(self, _signed_in: bool | None) -> None:
        self.idle.touched()
        self.push_screen(KioskMenuScreen())

    async def on_event(self, event: events.Event) -> None:
        """Take note that somebody is there; a key that answers the notice does nothing else."""
        if isinstance(event, events.Key | events.Paste | events.MouseDown):
            self.idle.touched()
            if isinstance(self.screen, IdleBox):
                if isinstance(event, events.Key):
                    self.key_watch.gate.noted(event)
                self.screen.dismiss(None)
                event.stop()
                return
        await super().on_event(event)

    def look(self) -> None:
        """Forget everything once nobody has done anything for a while, and announce it before."""
        if not self.is_signed_in or not self._holds_something():
            return
        left = self.idle.seconds_left()
        if left <= 0:
            self.forget()
        elif not self.idle.is_near():
            if isinstance(self.screen, IdleBox):
                self.screen.dismiss(None)
        elif isinstance(self.screen, IdleBox):
            self.screen.show_left(math.ceil(left))
        elif not isinstance(self.screen, KioskMenuScreen):
            self.push_screen(IdleBox(math.ceil(left)))

    def _holds_something(self) -> bool:
        """Whether there is anything of a citizen: a screen above the menu, or the language."""
        menus = [screen for screen in self.screen_stack if isinstance(screen, KioskMenuScreen)]
        is_on_menu = isinstance(self.screen, KioskMenuScreen)
        return bool(menus) and (not is_on_menu or texts.language() != self.settings.language)

    def forget(self) -> None:
        """Show the menu as if nobody had been there."""
        if self._signing_in is not None:
            self._signing_in.cancel()
            self._signing_in = None
        while not isinstance(self.screen, KioskMenuScreen):
            self.pop_screen()
        if texts.language() != self.settings.language:
            self.use_language(self.settings.language)
        else:
            self.screen.begin_anew()
        self.on_resize(events.Resize(self.size, self.size))  # a window may be too small still

    def use_language(self, language: str) -> None:
        """Show everything in another language from now on, beginning with the menu."""
        texts.use(language)
        self.switch_screen(KioskMenuScreen())

    def leave(self) -> None:
        """Before the staff have signed in there is nothing to guard; then it takes the password."""
        if not self.is_signed_in:
            self.exit()
        elif not any(isinstance(screen, LeaveBox) for screen in self.screen_stack):
            self.push_screen(LeaveBox(), self._may_leave)

    def _may_leave(self, may: bool | None) -> None:
        if may:
            self.exit()

    async def action_quit(self) -> None:
        """Ctrl+Q is no way around."""
        self.leave()

    def copy_to_clipboard(self, text: str) -> None:
        """Keep nothing that the next citizen could paste."""

    @work(exclusive=True, group="waiting redemptions")
    async def send_waiting(self) -> None:
        """Leave the counter's own work, such as redemptions that wait, to the counter."""
