"""The box of the kiosk: leaving it by password."""

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.bookings.outbox import OutboxError
from counter_tui.bookings.redemptions import RedemptionError
from counter_tui.calls.answers import TroubleError
from counter_tui.core.machine import MachineError
from counter_tui.core.settings import StateError
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.widgets import PasswordInput, Words
from counter_tui.texts import _


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
        terminal = self.session.terminal
        terminal_id = terminal.terminal_id if terminal else ""
        try:
            await self.session.sign_in(terminal_id, password)
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
