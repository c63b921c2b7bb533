"""マイキーIDの変更: card and PIN, S61, done (MKY-6)."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from jichipoint.v1 import mykey_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import MY_PAGE
from counter_tui.shell.widgets import Words
from counter_tui.tasks.mykey.attempt import AttemptScreen, LeftError
from counter_tui.tasks.mykey.candidate import Candidate, CandidateStep
from counter_tui.tasks.mykey.done import FinishedIdStep, mykey_id_rows
from counter_tui.tasks.mykey.sending import NotDone
from counter_tui.tasks.mykey.step import Attempt, Previous, Step
from counter_tui.texts import _, later


class ChangeCandidateStep(CandidateStep):
    """S61, the two ways to a candidate."""

    SYSTEM = MY_PAGE
    HEADING = later("マイキーIDの変更")
    INSTRUCTION = later("マイキーID候補を(1)または(2)の方法で作成し、変更してください。")
    PROPOSE_HEAD = later("(1)マイキーIDを自動で生成し、変更する場合")
    CHOOSE_HEAD = later("(2)任意にマイキーIDを作成し、変更する場合")
    POSITION: ClassVar[str] = "1/2"


class ChangeStep(Step[mykey_pb2.ChangeMykeyIdResponse | NotDone]):
    """S61, 変更: the present and the new one."""

    SYSTEM = MY_PAGE
    HEADING = later("マイキーIDの変更")
    HELP_TEXT = later(
        "Enterで変更します。F3で前に戻って選び直せます。\n"
        "表示されてから0.5秒間、および続けて押したEnterは無視されます。\n"
        "Escでやめると、何も変わりません。"
    )
    KEYS = ("change", "previous", "abort")
    BINDINGS = bindings("change", "previous")
    POSITION: ClassVar[str] = "2/2"

    def __init__(self, attempt: Attempt, candidate: Candidate) -> None:
        super().__init__(attempt)
        self._candidate = candidate
        self._is_sending = False

    def body(self) -> Iterable[Widget]:
        """Return both."""
        yield Words(_("マイキーID候補が決まったら、「変更」(Enter)を押してください。"))
        with Horizontal(classes="row"):
            yield Words(_("現在のマイキーID"), classes="label")
            yield Words(self.attempt.mykey_id, classes="value")
        yield Words(_("新しいマイキーID"), classes="part")
        yield from mykey_id_rows(self._candidate.reserved)
        yield Words(_("変更すると、現在のマイキーIDはすぐに使えなくなります。"), classes="warning")

    def action_change(self) -> None:
        """変更."""
        if not self._is_sending:
            self._is_sending = True
            self._change()

    @work(exclusive=True, group="change")
    async def _change(self) -> None:
        request = mykey_pb2.ChangeMykeyIdRequest(
            request_id=self.new_request_id(),
            attempt_id=self.attempt.attempt_id,
            mykey_id=self._candidate.reserved,
        )
        answer = await self.sent(partial(self.calls.mykey.change_mykey_id, request))
        self.dismiss(answer)


class ChangedStep(FinishedIdStep):
    """What holds from now on."""

    IS_FINAL = True
    SYSTEM = MY_PAGE
    HEADING = later("マイキーIDの変更 完了")
    HELP_TEXT = later("マイキーIDを控えてください。")
    MESSAGE = later("マイキーIDの変更が完了しました。")


class MykeyChangeScreen(AttemptScreen):
    """マイキーIDの変更."""

    SYSTEM = MY_PAGE
    HEADING = later("マイキーIDの変更 マイナンバーカードのセット")
    INSTRUCTION = later(
        "マイキーIDを新しいものに変更します。\n"
        "ポイント残高、サービスID、履歴は、新しいマイキーIDに引き継がれます。"
    )
    HELP_TEXT = later(
        "1. マイナンバーカードをICカードリーダーにセットします。\n"
        "2. Enterを押し、利用者証明用電子証明書のパスワード(4桁)を入力します。\n"
        "3. 新しいマイキーIDを決めて、変更します。\n"
        "途中でカードを抜くと、最初からやり直しになります。"
    )
    PURPOSE = mykey_pb2.ATTEMPT_PURPOSE_CHANGE

    async def steps(self, attempt: Attempt) -> None:
        """S61, then that it is done."""
        candidate, message = Candidate(), ""
        while True:
            chosen = ChangeCandidateStep(attempt, candidate)
            chosen.opening_message, message = message, ""
            await self.only_step(chosen)
            match await self.step(ChangeStep(attempt, candidate)):
                case Previous():
                    continue
                case NotDone(reason="CANDIDATE_NOT_RESERVED") as refused:
                    candidate.reserved, message = "", refused.text
                case NotDone() as refused:
                    raise LeftError(refused.text)
                case done:
                    advice = _(
                        "これまでのマイキーID {replaced} は、使えなくなりました。\n"
                        "ポイント残高、サービスID、履歴は、新しいマイキーIDに引き継がれました。\n"
                        "利用者マイページのログインIDも、新しいマイキーIDです。\n"
                        "マイナンバーカードを取り出してください。"
                    ).format(replaced=done.replaced)
                    await self.step(ChangedStep(attempt, done.mykey_id, advice))
                    return
