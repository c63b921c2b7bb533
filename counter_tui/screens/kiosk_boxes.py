"""Boxes of the kiosk: nobody has pressed a key for a while, and leaving it by password."""

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.actions import bindings
from counter_tui.core.bookings import TroubleError
from counter_tui.core.machine import MachineError
from counter_tui.core.outbox import OutboxError
from counter_tui.core.redemptions import RedemptionError
from counter_tui.core.settings import StateError
from counter_tui.screens.base import CounterModal
from counter_tui.texts import _
from counter_tui.widgets import PasswordInput, Words


class IdleBox(CounterModal[None]):
    """Nobody has pressed a key for a while: any key goes on (KioskApp takes it)."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self._seconds = seconds

    def shown_actions(self) -> list[str]:
        """Return none: every key does the same."""
        return []

    def box(self) -> Iterable[Widget]:
        """Return how long there still is."""
        yield Words(_("操作がありません"), classes="box-heading")
        yield Words(_left_text(self._seconds), id="left")
        yield Words(_("続けるには、どれかキーを押してください。"))

    def show_left(self, seconds: int) -> None:
        """Show how long there still is."""
        for words in self.query("#left").results(Words):
            words.show(_left_text(seconds))


def _left_text(seconds: int) -> str:
    return _("あと{count}秒で、入力した内容を消してメニューに戻ります。").format(count=seconds)


class LeaveBox(CounterModal[bool]):
    """終了: only with the terminal's password, checked by signing in again."""

    KEYS = ("check", "back")
    BINDINGS: ClassVar = bindings("back")
    AUTO_FOCUS = "#leave-password"

    def box(self) -> Iterable[Widget]:
        """Return the field."""
        yield Words(_("終了の確認"), classes="box-heading")
        yield Words(_("職員用です。終了するには端末パスワードを入力してください。"))
        with Horizontal(classes="field"):
            yield Words(_("端末パスワード"), classes="label")
            yield PasswordInput(id="leave-password")
        yield Words("", id="leave-message")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Check the password."""
        if event.value:
            self._tell(_("確認しています…"))
            self._check()

    @work(exclusive=True, description="leave")
    async def _check(self) -> None:
        field = self.query_one("#leave-password", Input)
        password, field.value = field.value, ""
        terminal = self.counter.terminal
        terminal_id = terminal.terminal_id if terminal else ""
        try:
            await self.counter.sign_in(terminal_id, password)
        except TroubleError as trouble:
            self._tell(f"{trouble.message}\n({trouble.reason})")
        except (MachineError, StateError, OutboxError, RedemptionError) as fault:
            self._tell(str(fault))
        else:
            self.dismiss(True)

    def _tell(self, text: str) -> None:
        self.query_one("#leave-message", Words).show(text)

    def action_back(self) -> None:
        """Go on serving citizens."""
        self.workers.cancel_node(self)
        self.dismiss(False)
