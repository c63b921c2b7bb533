"""S16 and S61, the candidate: 自動生成 or 重複チェック, counted by the server (MKY-2, MKY-3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from jichipoint.v1 import mykey_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.shell.actions import ACTIONS, bindings, shown_key
from counter_tui.shell.base import PORTAL
from counter_tui.shell.large_id import large_mykey_id
from counter_tui.shell.widgets import PlainInput, Words
from counter_tui.tasks.mykey.rules import parse_mykey_id
from counter_tui.tasks.mykey.step import Attempt, Step
from counter_tui.tasks.mykey.texts import id_fault_text, lookalike_text
from counter_tui.texts import _, later

PROPOSALS, REFUSALS_MAX = 3, 3
"""MKY-2, MKY-3: what is left before the server has said anything."""


@dataclass(slots=True)
class Candidate:
    """How far a holder is with the candidates, as the server told it last."""

    reserved: str = ""
    proposals_left: int = PROPOSALS
    refusals_left: int = REFUSALS_MAX
    was_proposed: bool = False
    """Whether the reserved one was generated."""

    @property
    def is_final(self) -> bool:
        """Whether the reserved one is registered as it is: it was the third."""
        return self.was_proposed and self.proposals_left == 0

    @property
    def may_be_typed(self) -> bool:
        """Whether the holder may still choose."""
        return self.refusals_left > 0 and not self.is_final

    def proposed(self, answer: mykey_pb2.ProposeMykeyIdResponse) -> None:
        """Take an automatic candidate."""
        self.reserved, self.proposals_left = answer.mykey_id, answer.proposals_left
        self.was_proposed = True

    def checked(self, mykey_id: str, answer: mykey_pb2.CheckMykeyIdResponse) -> None:
        """Take the answer of 重複チェック."""
        self.refusals_left = answer.refusals_left
        if answer.is_free:
            self.reserved, self.was_proposed = mykey_id, False
        elif answer.HasField("proposal"):
            self.proposed(answer.proposal)
        else:
            self.reserved = ""


_CHOOSE_TEXT = later(
    "マイキーID候補欄に、8ケタ（半角大文字英数字）を入力し、「重複チェック」\n"
    "(Enter)を押してください。入力したマイキーID候補の重複チェックを行います。\n"
    "マイキーID候補が、既に他の人に使用されている場合は、エラーとなり、\n"
    "メッセージが表示されます。3回エラーとなった場合、マイキーID候補が\n"
    "自動生成され、マイキーID候補欄に表示されます。"
)


class CandidateStep(Step[None]):
    """S16, its first part."""

    SYSTEM = PORTAL
    HEADING = later("マイキーIDの作成・登録および利用者マイページのログイン用パスワード等設定")
    HELP_TEXT = later(
        "自動生成: 候補が表示されます。3回までで、3回目の候補がそのまま登録されます。\n"
        "任意の作成: 8ケタを入力してEnterで重複チェックをします。\n"
        "全角や小文字で入力しても、半角大文字として扱います。\n"
        "候補が決まったら、もう一度Enterで次へ進みます。Escでやめます。"
    )
    INSTRUCTION: ClassVar[str] = later("マイキーID候補を(1)または(2)の方法で作成してください。")
    PROPOSE_HEAD: ClassVar[str] = later("(1)マイキーIDを自動で生成し、登録する場合")
    CHOOSE_HEAD: ClassVar[str] = later("(2)任意にマイキーIDを作成し、登録する場合")
    POSITION: ClassVar[str] = "1/5"
    BINDINGS = bindings("propose", "check_id", "forward")
    AUTO_FOCUS = "#candidate"

    def __init__(self, attempt: Attempt, candidate: Candidate) -> None:
        super().__init__(attempt)
        self.candidate = candidate
        self._is_asking = False

    def body(self) -> Iterable[Widget]:
        """Return the candidate and the two ways to one."""
        yield Words(_(self.INSTRUCTION))
        if self.attempt.mykey_id:
            with Horizontal(classes="row"):
                yield Words(_("現在のマイキーID"), classes="label")
                yield Words(self.attempt.mykey_id, classes="value")
        with Horizontal(classes="field", id="typed"):
            yield Words(_("マイキーID候補"), classes="label")
            yield PlainInput(self.candidate.reserved, id="candidate")
        with Horizontal(id="fixed"):
            yield Words(_("マイキーID候補"), classes="label")
            yield Words("", id="fixed-id")
        yield Words("", id="note")
        yield Words("", classes="part", id="proposals")
        yield Words(self._propose_text(), id="how-to-propose")
        yield Words("", classes="part", id="refusals")
        yield Words(_(_CHOOSE_TEXT), id="how-to-choose")

    def _propose_text(self) -> str:
        key = shown_key(ACTIONS["propose"], self.host.shown_keymap)
        return _(
            "「自動生成」({key})を押すと、「マイキーID候補」欄にマイキーID候補が\n"
            "表示されます。ただし、マイキーID候補の自動生成は3回までとします。\n"
            "3回目に自動生成された値はマイキーIDとして登録されます。"
        ).format(key=key)

    def on_mount(self) -> None:
        """Show how far it is."""
        self._show_candidate()

    def shown_actions(self) -> list[str]:
        """Offer what can be done now."""
        keys = super().shown_actions()
        enter = "forward" if self._is_reserved() else "check_id"
        propose = ["propose"] if self.candidate.proposals_left else []
        return [enter, *propose, "abort", *keys]

    def _typed_text(self) -> str:
        for field in self.query("#candidate").results(Input):
            return field.value
        return self.candidate.reserved

    def _is_reserved(self) -> bool:
        reserved = self.candidate.reserved
        return bool(reserved) and parse_mykey_id(self._typed_text()).mykey_id == reserved

    def _show_candidate(self) -> None:
        candidate = self.candidate
        self.query_one("#typed").display = candidate.may_be_typed
        self.query_one("#fixed").display = not candidate.may_be_typed
        self.query_one("#fixed-id", Words).show(large_mykey_id(candidate.reserved))
        self.query_one("#how-to-propose").display = candidate.proposals_left > 0
        self.query_one("#how-to-choose").display = candidate.may_be_typed
        proposals = _("自動生成: あと{count}回").format(count=candidate.proposals_left)
        refusals = _("重複チェックのエラー: あと{count}回").format(count=candidate.refusals_left)
        if not candidate.may_be_typed:
            refusals = _("使えません")
        heads = (
            ("#proposals", self.PROPOSE_HEAD, proposals),
            ("#refusals", self.CHOOSE_HEAD, refusals),
        )
        for id_, head, left in heads:
            self.query_one(id_, Words).show(f"{_(head)}  [{left}]")
        self._show_note()

    def _show_note(self) -> None:
        """Say what is wrong with the text, or which of its characters are 0, O, 1 and I."""
        text = self._typed_text()
        typed = parse_mykey_id(text)
        fault = id_fault_text(typed) if text else ""
        for field in self.query("#candidate").results(Input):
            field.set_class(bool(fault), "invalid")
        note = self.query_one("#note", Words)
        note.show(fault or lookalike_text(typed.mykey_id))
        note.set_class(bool(fault), "fault")
        self.show_keys()

    def on_input_changed(self) -> None:
        """Say at once when it is no MyKey ID (USE-8)."""
        self._show_note()

    def on_input_submitted(self) -> None:
        """Enter in the field."""
        if self.is_active:  # else Enter was held down
            self.action_forward()

    def action_check_id(self) -> None:
        """重複チェック."""
        self.action_forward()

    def action_forward(self) -> None:
        """次へ with the reserved candidate, 重複チェック with another one."""
        if self._is_asking:
            return
        if self._is_reserved():
            self.dismiss(None)
            return
        typed = parse_mykey_id(self._typed_text())
        if typed.fault is not None:
            self.tell(id_fault_text(typed), trouble=True)
            return
        self._is_asking = True
        self._check(typed.mykey_id)

    def action_propose(self) -> None:
        """自動生成."""
        if not self._is_asking and self.candidate.proposals_left:
            self._is_asking = True
            self._propose()

    @work(group="candidate")
    async def _propose(self) -> None:
        propose = partial(self.calls.mykey.propose_mykey_id, self.attempt.attempt_id)
        answer = await self.asked(propose)
        self._is_asking = False
        if answer is None or self.attempt.over is not None:
            return
        self.candidate.proposed(answer)
        self._take_over()
        self.tell(self._proposed_message())

    def _proposed_message(self) -> str:
        if self.candidate.is_final:
            return _(
                "3回目の候補です。この値がマイキーIDとして登録されます。\n"
                "ほかの候補は選べません。Enterで次へ進みます。"
            )
        text = _("マイキーID候補を自動生成しました。よろしければEnterで次へ進みます。")
        if self.candidate.proposals_left == 1:
            text += "\n" + _("次に自動生成される値は、そのままマイキーIDとして登録されます。")
        return text

    @work(group="candidate")
    async def _check(self, mykey_id: str) -> None:
        attempt_id = self.attempt.attempt_id
        answer = await self.asked(partial(self.calls.mykey.check_mykey_id, attempt_id, mykey_id))
        self._is_asking = False
        if answer is None or self.attempt.over is not None:
            return
        self.candidate.checked(mykey_id, answer)
        if answer.is_free:
            self._take_over()
            self.tell(_("重複はありません。このマイキーID候補でよろしければEnterで次へ進みます。"))
            return
        used = _("「{candidate}」は、既に他の人に使用されています。").format(candidate=mykey_id)
        if answer.HasField("proposal"):
            self._take_over()
            rest = _(
                "3回エラーとなったため、候補を自動生成しました。以後は自動生成だけが使えます。"
            )
            if self.candidate.is_final:
                rest = self._proposed_message()
        else:
            self._show_candidate()
            rest = _("別の8ケタを入力してください。")
        self.tell(f"{used}\n{rest}", trouble=True)

    def _take_over(self) -> None:
        """Put the reserved candidate in the place of what was typed."""
        field = self.query_one("#candidate", Input)
        field.value = self.candidate.reserved
        field.cursor_position = len(field.value)
        self._show_candidate()
