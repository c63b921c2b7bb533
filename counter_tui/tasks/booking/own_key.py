"""What is done and cannot be undone is left by a key of its own, not by the one that did it."""

from typing import ClassVar, Generic, TypeVar

from counter_tui.bookings.begun import Resumed
from counter_tui.shell.actions import ACTIONS, bindings, shown_key
from counter_tui.shell.base import CounterScreen
from counter_tui.texts import _, later

R = TypeVar("R")

_LEAVE = frozenset({"next", "finish"})
_LEADS = {
    "next": later("{key}で次の利用者に進みます。"),
    "finish": later("{key}でメニューに戻ります。"),
    "close": later("{key}で閉じます。"),
    "carry_on": later("内容を確認し、{key}で次へ進みます。"),
}
"""Where the keys lead that leave a done screen."""


class LeftByOwnKey(CounterScreen[R], Generic[R]):
    """A done screen: where what was done is final, Enter and Esc do not pass it (USE-8)."""

    IS_FINAL: ClassVar[bool] = False
    _resumed: Resumed | None = None
    """What became of it, where an earlier run had begun it: the menu is below then."""
    BINDINGS = bindings("carry_on", "finish")

    @property
    def is_final(self) -> bool:
        """Whether what was done cannot be undone."""
        return self.IS_FINAL

    def shown_actions(self) -> list[str]:
        """Show the key of its own in place of Enter, and where Enter leads after a restart."""
        keys = super().shown_actions()
        if self.is_final:
            return ["carry_on" if key in _LEAVE else key for key in keys]
        return ["finish" if key == "next" and self._resumed else key for key in keys]

    @property
    def help_before(self) -> str:
        """What help says of the screen itself."""
        return self.HELP_TEXT

    def help_text(self) -> str:
        """Say of the key that leaves what the bar says of it; HELP_TEXT says nothing of it."""
        keymap = self.host.shown_keymap
        leads = [
            _(_LEADS[key]).format(key=shown_key(ACTIONS[key], keymap))
            for key in self.shown_actions()
            if key in _LEADS
        ]
        before = [_(self.help_before)] if self.help_before else []
        return "\n".join((*before, *leads))

    def go_on(self) -> None:
        """Leave the screen."""
        self.dismiss(None)

    def go_on_if_undoable(self) -> None:
        """Enter and Esc: leave, or say which key does."""
        if not self.is_final:
            self.go_on()
            return
        key = shown_key(ACTIONS["carry_on"], self.host.shown_keymap)
        self.tell(_("内容を確認し、{key} で次へ進んでください。").format(key=key))

    def action_finish(self) -> None:
        """メニューへ."""
        self.go_on_if_undoable()

    def action_carry_on(self) -> None:
        """確認して次へ."""
        if self.is_final:
            self.go_on()
