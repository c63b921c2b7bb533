"""S9 端末IDと端末パスワードの登録 at first start, S2 ログイン later."""

import unicodedata
from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.bookings.outbox import OutboxError
from counter_tui.calls.answers import TroubleError
from counter_tui.core.key_gate import Typing
from counter_tui.core.machine import MachineError
from counter_tui.core.settings import StateError
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM, POINTS, CounterScreen
from counter_tui.shell.widgets import PasswordInput, PlainInput, Words
from counter_tui.texts import _, later


class TerminalIdInput(PlainInput):
    """A terminal's ID, which a program may type with the password."""

    typing = Typing.BY_PROGRAM


class RegisterScreen(CounterScreen[bool]):
    """S9: the terminal's ID and password bind this machine (TRM-5)."""

    KEYS: ClassVar[tuple[str, ...]] = ("register",)
    ACTS = False
    SYSTEM = PLATFORM
    HEADING = later("端末IDと端末パスワードの登録")
    INSTRUCTION = later("端末IDと端末パスワードを入力し、「登録」してください。")
    HELP_TEXT = later(
        "自治体から配布された端末ID(8桁)と端末パスワードを入力します。\n"
        "Tabで次の欄へ、Enterで登録します。\n"
        "登録すると、この端末IDはこの機械でだけ使えるようになります。"
    )
    BINDINGS = bindings("register")
    AUTO_FOCUS = "#terminal-id"

    def body(self) -> Iterable[Widget]:
        """Return the two fields, and the demo's hint."""
        yield Words(_(self.INSTRUCTION))
        with Horizontal(classes="field"):
            yield Words(_("端末ID"), classes="label")
            yield self._id_field()
        with Horizontal(classes="field"):
            yield Words(_("端末パスワード"), classes="label")
            yield PasswordInput(id="password", max_length=128)
        if self.host.settings.hint:
            yield Words(self.host.settings.hint, id="hint")

    def _id_field(self) -> Widget:
        return TerminalIdInput(id="terminal-id")

    def terminal_id(self) -> str:
        """Return the ID that is signed in with."""
        return unicodedata.normalize("NFKC", self.query_one("#terminal-id", Input).value).strip()

    def on_input_submitted(self) -> None:
        """Enter goes to the next empty field, then registers."""
        for field in self.query(Input):
            if not field.value:
                field.focus()
                return
        self._submit()

    def action_register(self) -> None:
        """Register, from wherever the focus is."""
        self.on_input_submitted()

    @work(exclusive=True)
    async def _submit(self, *, training: bool = False) -> None:
        password = self.query_one("#password", Input)
        self.tell(_("確認しています…"))
        try:
            await self.session.sign_in(self.terminal_id(), password.value, training=training)
        except TroubleError as trouble:
            password.value = ""
            password.focus()
            self.tell_trouble(trouble)
            return
        except (MachineError, StateError, OutboxError) as fault:
            text = _("この機械の記録を読み書きできません。自治体の担当者に連絡してください。")
            self.tell(f"{text}\n{fault}", trouble=True)
            return
        self.dismiss(True)


class SignInScreen(RegisterScreen):
    """S2: this machine's terminal signs in; one sign-in opens both parts."""

    KEYS = ("sign_in", "practise")
    SYSTEM = POINTS
    HEADING = later("ログイン")
    INSTRUCTION = later("端末パスワードを入力し、ログインしてください。")
    HELP_TEXT = later(
        "この機械に登録された端末IDでログインします。\n"
        "端末パスワードを入力し、Enterを押してください。\n"
        "F4では、本物のポイントを使わない練習モードでログインします。\n"
        "パスワードが分からないときは自治体の担当者にお問い合わせください。"
    )
    BINDINGS = bindings("sign_in", "practise")
    AUTO_FOCUS = "#password"

    def _id_field(self) -> Widget:
        return Words(self.terminal_id(), id="terminal-id")

    def terminal_id(self) -> str:
        """Return the ID that this machine was registered with."""
        return self.session.state.registered_terminal() or ""

    def action_sign_in(self) -> None:
        """Sign in, from wherever the focus is."""
        self.on_input_submitted()

    def shown_actions(self) -> list[str]:
        """Offer training only where nothing is open yet."""
        keys = super().shown_actions()
        return [key for key in keys if key != "practise" or not self.session.is_open]

    def action_practise(self) -> None:
        """練習モード (USE-7)."""
        if self.session.is_open:
            return
        if not self.query_one("#password", Input).value:
            self.tell(_("端末パスワードを入力してから F4 を押してください。"), trouble=True)
            return
        self._submit(training=True)
