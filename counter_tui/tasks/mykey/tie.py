"""新しいカードの登録: a new card and its PIN, the MyKey ID and its password, done (CRD-4)."""

from collections.abc import Iterable
from functools import partial

from jichipoint.v1 import mykey_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM
from counter_tui.shell.widgets import PlainInput, SecretInput, Words
from counter_tui.tasks.mykey.attempt import AttemptScreen
from counter_tui.tasks.mykey.done import FinishedIdStep
from counter_tui.tasks.mykey.rules import parse_mykey_id, password_fault
from counter_tui.tasks.mykey.sending import GIVEN_UP, NotDone
from counter_tui.tasks.mykey.step import ATTEMPT_OVER, Attempt, Left, Step
from counter_tui.tasks.mykey.texts import id_fault_text, password_fault_text
from counter_tui.texts import _, later

_TRY_AGAIN = frozenset({"MYKEY_PASSWORD_WRONG", "TOO_MANY_WRONG_PASSWORDS"})


class TieStep(Step[mykey_pb2.TieCardResponse]):
    """MyKey ID and My Page's password: both together show whose card it is."""

    SYSTEM = PLATFORM
    HEADING = later("新しいカードの登録")
    HELP_TEXT = later(
        "これまでのマイキーIDと、利用者マイページのパスワードを入力します。\n"
        "3回間違えると、最初からやり直しになります。\n"
        "Tabで欄を移れます。Enterで登録します。Escでやめます。"
    )
    KEYS = ("register", "abort")
    BINDINGS = bindings("register")
    AUTO_FOCUS = "#mykey-id"

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt)
        self._is_sending = False

    def body(self) -> Iterable[Widget]:
        """Return the two fields."""
        yield Words(
            _(
                "これまでのマイキーIDと、利用者マイページログイン用パスワードを入力し、\n"
                "「登録」(Enter)を押してください。"
            )
        )
        with Horizontal(classes="field"):
            yield Words(_("マイキーID"), classes="label")
            yield PlainInput(id="mykey-id")
        yield Words("", classes="fault", id="mykey-id-fault")
        with Horizontal(classes="field"):
            yield Words(_("パスワード"), classes="label")
            yield SecretInput(id="password")
        yield Words("", classes="fault", id="password-fault")
        yield Words(_("登録すると、これまでのカードは使えなくなります。"), classes="warning")

    def _faults(self) -> dict[str, str]:
        mykey_id = self.query_one("#mykey-id", Input).value
        password = self.query_one("#password", Input).value
        return {
            "#mykey-id": id_fault_text(parse_mykey_id(mykey_id)),
            "#password": password_fault_text(password_fault(password)),
        }

    def on_input_changed(self) -> None:
        """Say at once what is wrong."""
        for name, fault in self._faults().items():
            field = self.query_one(name, Input)
            shown = fault if field.value else ""
            self.query_one(f"{name}-fault", Words).show(shown)
            field.set_class(bool(shown), "invalid")

    def on_input_submitted(self) -> None:
        """Enter goes to the next empty field, then registers."""
        if not self.is_active:
            return
        for field in self.query(Input):
            if not field.value:
                field.focus()
                return
        self.action_register()

    def action_register(self) -> None:
        """登録."""
        if self._is_sending:
            return
        for name, fault in self._faults().items():
            if fault:
                self.query_one(name).focus()
                self.tell(fault, trouble=True)
                return
        self._is_sending = True
        self.tell("")
        self._tie()

    @work(exclusive=True, group="tie", description="tie")
    async def _tie(self) -> None:
        field = self.query_one("#password", Input)
        request = mykey_pb2.TieCardRequest(
            request_id=self.new_request_id(),
            attempt_id=self.attempt.attempt_id,
            mykey_id=parse_mykey_id(self.query_one("#mykey-id", Input).value).mykey_id,
            password=field.value,
        )
        answer = await self.sent(partial(self.calls.mykey.tie_card, request))
        self._is_sending = False
        if not isinstance(answer, NotDone):
            self.dismiss(answer)
        elif answer.reason in (ATTEMPT_OVER, GIVEN_UP) or self.attempt.over is not None:
            self.dismiss(Left(answer.text))
        else:
            if answer.reason in _TRY_AGAIN:
                field.value = ""
                field.focus()
            self.tell(answer.text, trouble=True)


class TiedStep(FinishedIdStep):
    """The card is tied."""

    SYSTEM = PLATFORM
    HEADING = later("新しいカードの登録 完了")
    MESSAGE = later("新しいカードの登録が完了しました。")
    ADVICE = later(
        "これからは、このカードをお使いください。これまでのカードは使えません。\n"
        "ポイント残高、サービスID、履歴は、そのまま引き継がれます。\n"
        "マイナンバーカードを取り出してください。"
    )


class CardTieScreen(AttemptScreen):
    """新しいカードの登録."""

    SYSTEM = PLATFORM
    HEADING = later("新しいカードの登録 マイナンバーカードのセット")
    INSTRUCTION = later(
        "新しいマイナンバーカードを、これまでのマイキーIDで使えるようにします。\n"
        "マイキーIDと、利用者マイページのパスワードが必要です。"
    )
    CARD = later("新しいマイナンバーカードをICカードリーダーにセットしてください。")
    HELP_TEXT = later(
        "1. 新しいマイナンバーカードをICカードリーダーにセットします。\n"
        "2. Enterを押し、利用者証明用電子証明書のパスワード(4桁)を入力します。\n"
        "3. マイキーIDと、利用者マイページのパスワードを入力して、登録します。\n"
        "途中でカードを抜くと、最初からやり直しになります。"
    )
    PURPOSE = mykey_pb2.ATTEMPT_PURPOSE_TIE

    async def steps(self, attempt: Attempt) -> None:
        """Ask for both, then say that it is done."""
        done = await self.only_step(TieStep(attempt))
        await self.step(TiedStep(attempt, done.mykey_id))
