"""S10's fields: what each is called, what is to go in, and what is wrong with what is there."""

from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from counter_tui.core.contact import (
    ADDRESS_LENGTH_MAX,
    CONTACT_NAME_LENGTH_MAX,
    ContactFault,
)
from counter_tui.shell.typed_fields import TypedMailInput
from counter_tui.shell.widgets import PlainInput, Words
from counter_tui.texts import _, later

MAIL_AGAIN = "mail_again"
_LENGTHS = {"contact_name": CONTACT_NAME_LENGTH_MAX, "address": ADDRESS_LENGTH_MAX}
_FAULTS = {
    ContactFault.EMPTY: later("入力してください。"),
    ContactFault.UNSEEN: later("見えない文字が入っています。入力し直してください。"),
    ContactFault.LINE_BREAK: later("改行が入っています。消してください。"),
    ContactFault.TOO_LONG: later("{longest}文字以内で入力してください。"),
    ContactFault.POSTAL_CODE: later("数字7桁で入力してください。"),
    ContactFault.PREFECTURE: later("都道府県名を入力してください(例: 東京都)。"),
    ContactFault.TELEPHONE: later("0で始まる10桁か11桁の番号を入力してください。"),
    ContactFault.MAIL: later("メールアドレスの形になっていません。"),
}


class Part(NamedTuple):
    """A field of S10."""

    name: str
    label: str
    hint: str
    """What is to go in; shown beneath the field while it has the focus."""


FORM = (
    Part("contact_name", later("担当者名"), later("連絡先となる担当者名を入力してください。")),
    Part("postal_code", later("郵便番号"), later("「検索」で住所の一部が自動的に入力されます。")),
    Part("prefecture", later("都道府県"), later("郵便番号の「検索」で自動的に入力されます。")),
    Part("address", later("住所"), later("設置場所の住所を市区町村から入力してください。")),
    Part("telephone", later("電話番号"), later("設置場所の電話番号を入力してください。")),
    Part("mail", later("メールアドレス"), later("連絡先となるメールアドレスを入力してください。")),
    Part(
        MAIL_AGAIN,
        later("メールアドレス(確認用)"),
        later("確認のためもう一度入力してください。"),
    ),
)


def fault_text(name: str, fault: ContactFault | None) -> str:
    """Return what is wrong with a field; nothing where nothing is."""
    return _(_FAULTS[fault]).format(longest=_LENGTHS.get(name)) if fault else ""


class FormField(Vertical):
    """A field with its label, and a line beneath that is always there: what comes into it moves
    nothing, as an IME would lose the place of its candidates."""

    def __init__(self, part: Part) -> None:
        super().__init__(classes="form-field")
        self.part = part
        self._fault = ""
        kind = TypedMailInput if part.name == MAIL_AGAIN else PlainInput
        # What is filled in is gone on with: it is not selected, or the next key would replace it.
        self.input = kind(id=part.name.replace("_", "-"), select_on_focus=False)
        self._note = Words("", classes="form-note")

    def compose(self) -> ComposeResult:
        """Lay out the two lines."""
        with Horizontal(classes="row"):
            yield Words(_(self.part.label), classes="label")
            yield self.input
        yield self._note

    @property
    def fault(self) -> str:
        """What is said to be wrong."""
        return self._fault

    def show_fault(self, fault: str) -> None:
        """Say what is wrong; nothing where nothing is."""
        self._fault = fault
        self.input.set_class(bool(fault), "invalid")
        self._show_note()

    def on_descendant_focus(self) -> None:
        """Say what is to go in."""
        self._show_note()

    def on_descendant_blur(self) -> None:
        """Say nothing any more, unless something is wrong."""
        self._show_note()

    def _show_note(self) -> None:
        hint = _(self.part.hint) if self.input.has_focus else ""
        self._note.show(self._fault or hint)
        self._note.set_class(bool(self._fault), "fault")

    def put(self, value: str) -> None:
        """Fill the field; the cursor is behind what is in it."""
        self.input.value = value
        self.input.cursor_position = len(value)


def field_of(widget: Input) -> FormField:
    """Return the field that an input belongs to."""
    return next(one for one in widget.ancestors if isinstance(one, FormField))
