"""マイキーIDの作成・登録: S14 card, S15 PIN, S16 in five steps, S17 done (I.6)."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from jichipoint.v1 import mykey_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PORTAL
from counter_tui.shell.widgets import Words
from counter_tui.tasks.mykey.attempt import AttemptScreen, LeftError
from counter_tui.tasks.mykey.base_municipality import BaseStep, base_name
from counter_tui.tasks.mykey.candidate import CandidateStep
from counter_tui.tasks.mykey.done import FinishedIdStep, Scroll
from counter_tui.tasks.mykey.form import Form
from counter_tui.tasks.mykey.form_steps import MailStep, PasswordStep
from counter_tui.tasks.mykey.sending import NotDone
from counter_tui.tasks.mykey.step import Attempt, Previous, Step
from counter_tui.tasks.mykey.texts import choice_text, lookalike_text
from counter_tui.texts import _, later

HIDDEN_PASSWORD = "********"  # noqa: S105
_STEP_OF_REFUSAL = {"CANDIDATE_NOT_RESERVED": 0, "BASE_MUNICIPALITY_UNFIT": 3}
"""Which step puts it right; the others end the attempt."""


class RegisterStep(Step[mykey_pb2.RegisterMykeyIdResponse | NotDone]):
    """S16, its last part: everything once more, then 登録."""

    SYSTEM = PORTAL
    HEADING = later("マイキーIDの作成・登録および利用者マイページのログイン用パスワード等設定")
    HELP_TEXT = later(
        "内容を確認し、Enterで登録します。F3で前に戻って直せます。\n"
        "表示されてから0.5秒間、および続けて押したEnterは無視されます。\n"
        "Escでやめると、何も登録されません。"
    )
    KEYS = ("register", "previous", "abort")
    BINDINGS = bindings("register", "previous")
    POSITION: ClassVar[str] = "5/5"

    def __init__(self, attempt: Attempt, form: Form) -> None:
        super().__init__(attempt)
        self.form = form
        self._is_sending = False

    def body(self) -> Iterable[Widget]:
        """Return what will be registered."""
        form = self.form
        rows = (
            (_("マイキーID"), form.candidate.reserved),
            (_("パスワード"), HIDDEN_PASSWORD),
            ("", _("※セキュリティ保護のため表示していません。")),
            (_("メールアドレス"), form.mail or _("登録しません")),
            (_("メール通知"), _wished_text(form)),
            (_("基本自治体ポイント口座"), base_name(form.base)),
        )
        yield Words(
            _(
                "マイキーID候補の作成および利用者マイページのログイン用パスワード等が\n"
                "入力できたら「登録」(Enter)を押してください。"
            )
        )
        with Scroll():
            for label, value in rows:
                with Horizontal(classes="tall-row"):
                    yield Words(label, classes="label")
                    yield Words(value, classes="value")
            yield Words(lookalike_text(form.candidate.reserved), classes="note")

    def action_register(self) -> None:
        """登録."""
        if not self._is_sending:
            self._is_sending = True
            self._register()

    @work(exclusive=True, group="register", description="register")
    async def _register(self) -> None:
        request = self.form.request(self.new_request_id(), self.attempt.attempt_id)
        answer = await self.sent(partial(self.calls.mykey.register_mykey_id, request))
        self.dismiss(answer)


def _wished_text(form: Form) -> str:
    if not form.mail:
        return "-"
    return "\n".join(map(choice_text, form.wished)) or _("希望しません")


class CreatedStep(FinishedIdStep):
    """S17."""

    SYSTEM = PORTAL
    HEADING = later("マイキーID等 登録完了")
    HELP_TEXT = later("マイキーIDを控えてください。")
    MESSAGE = later("マイキーIDの作成・登録が完了しました。")
    ADVICE = later(
        "利用者マイページのログインIDは、このマイキーIDです。\n"
        "パスワードとともに、忘れないようにしてください。\n"
        "マイナンバーカードを取り出してください。"
    )


class MykeyCreateScreen(AttemptScreen):
    """マイキーIDの作成・登録, from S14 on."""

    SYSTEM = PORTAL
    HEADING = later("マイキーIDの作成・登録 マイナンバーカードのセット")
    INSTRUCTION = later(
        "マイナンバーカードを使って、マイキーIDを作成し、登録します。\n"
        "マイキーIDは、8ケタの半角大文字英数字です。1人に1つだけ登録できます。"
    )
    HELP_TEXT = later(
        "1. マイナンバーカードをICカードリーダーにセットします。\n"
        "2. Enterを押し、利用者証明用電子証明書のパスワード(4桁)を入力します。\n"
        "3. マイキーID、パスワードなどを順に決めて、登録します。\n"
        "途中でカードを抜くと、最初からやり直しになります。"
    )
    PURPOSE = mykey_pb2.ATTEMPT_PURPOSE_CREATE

    async def steps(self, attempt: Attempt) -> None:
        """S16 step by step, then S17."""
        form = Form()
        screens: tuple[Callable[[], Step[Any]], ...] = (
            lambda: CandidateStep(attempt, form.candidate),
            lambda: PasswordStep(attempt, form),
            lambda: MailStep(attempt, form),
            lambda: BaseStep(attempt, form),
            lambda: RegisterStep(attempt, form),
        )
        position, message = 0, ""
        while True:
            screen = screens[position]()
            screen.opening_message, message = message, ""
            match await self.step(screen):
                case Previous():
                    position = max(position - 1, 0)
                case mykey_pb2.RegisterMykeyIdResponse() as done:
                    await self.step(CreatedStep(attempt, done.mykey_id))
                    return
                case NotDone() as refused if refused.reason in _STEP_OF_REFUSAL:
                    position, message = _STEP_OF_REFUSAL[refused.reason], refused.text
                    if position == 0:
                        form.candidate.reserved = ""
                case NotDone() as refused:
                    raise LeftError(refused.text)
                case _:
                    position += 1
