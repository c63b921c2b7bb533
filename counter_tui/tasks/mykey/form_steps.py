"""S16, what is typed beside the candidate: My Page's password, and the mail address (MKY-4)."""

from collections.abc import Iterable
from typing import ClassVar

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PORTAL
from counter_tui.shell.typed_fields import (
    ChoiceList,
    TypedMailInput,
    TypedSecretInput,
)
from counter_tui.shell.widgets import PlainInput, SecretInput, Words
from counter_tui.tasks.mykey.form import Form
from counter_tui.tasks.mykey.rules import mail_fault, password_fault
from counter_tui.tasks.mykey.step import Attempt, Step
from counter_tui.tasks.mykey.texts import (
    MAIL_CHOICES,
    MORE_ON_GRANTED,
    mail_fault_text,
    password_fault_text,
)
from counter_tui.texts import _, later

AGAIN = later("確認のためもう一度入力してください。（コピー・貼り付けはしないでください。）")
CHOICE_INDENT = " " * 8
"""What stands before the text of a choice."""


class FormStep(Step[None]):
    """A step with two fields: one to type in, and one to type the same again."""

    SYSTEM = PORTAL
    HEADING = later("マイキーIDの作成・登録および利用者マイページのログイン用パスワード等設定")
    FIRST: ClassVar[str]
    AGAIN_FIELD: ClassVar[str]
    KEYS: ClassVar[tuple[str, ...]] = ("forward", "previous", "abort")
    BINDINGS = bindings("forward", "previous")

    def __init__(self, attempt: Attempt, form: Form) -> None:
        super().__init__(attempt)
        self.form = form

    def fault_of(self, value: str) -> str:
        """Return what is wrong with the first field; nothing where nothing is."""
        raise NotImplementedError

    def differ_text(self) -> str:
        """Return that the two are not the same."""
        raise NotImplementedError

    def value_of(self, field: str) -> str:
        """Return what stands in a field."""
        return self.query_one(field, Input).value

    def on_input_changed(self) -> None:
        """Say at once what is wrong."""
        first, again = self.value_of(self.FIRST), self.value_of(self.AGAIN_FIELD)
        fault = self.fault_of(first) if first else ""
        self._show_fault(self.FIRST, fault)
        differs = again and not fault and not first.startswith(again)
        self._show_fault(self.AGAIN_FIELD, self.differ_text() if differs else "")

    def _show_fault(self, field: str, text: str) -> None:
        self.query_one(f"{field}-fault", Words).show(text)
        self.query_one(field, Input).set_class(bool(text), "invalid")

    def on_paste_refused(self) -> None:
        """Say that it is to be typed."""
        self.tell(_("確認用の欄には貼り付けできません。もう一度入力してください。"), trouble=True)

    def on_input_submitted(self) -> None:
        """Enter in a field."""
        if self.is_active:  # else Enter was held down
            self.entered()

    def entered(self) -> None:
        """Go on to what comes next."""
        self.action_forward()

    def is_right(self) -> bool:
        """Whether both fields are right; else the first that is not is told, and has the focus."""
        first, again = self.value_of(self.FIRST), self.value_of(self.AGAIN_FIELD)
        fault = self.fault_of(first)
        if fault:
            self._refuse(self.FIRST, fault)
        elif first and not again:
            self.query_one(self.AGAIN_FIELD).focus()
            self.tell(_(AGAIN))
        elif first != again:
            self._refuse(self.AGAIN_FIELD, self.differ_text())
        else:
            return True
        return False

    def _refuse(self, field: str, text: str) -> None:
        self.query_one(field).focus()
        self.tell(text, trouble=True)

    def action_forward(self) -> None:
        """次へ."""
        if self.is_right():
            self.keep()
            self.dismiss(None)

    def keep(self) -> None:
        """Take what was typed into the form."""
        raise NotImplementedError


class PasswordStep(FormStep):
    """S16, its second part."""

    HELP_TEXT = later(
        "利用者マイページにログインするときのパスワードです。\n"
        "6～16ケタの半角英数字を、同じものを2回入力してください。\n"
        "Tabで欄を移れます。Enterで次へ進みます。Escでやめます。"
    )
    FIRST = "#password"
    AGAIN_FIELD = "#password-again"
    POSITION: ClassVar[str] = "2/5"
    AUTO_FOCUS = "#password"

    def body(self) -> Iterable[Widget]:
        """Return the two fields."""
        label = _("利用者マイページログイン用パスワード")
        yield Words(_("利用者マイページへログインするためのパスワードを入力してください。"))
        yield Words(_("★：必須項目"))
        yield Words(label + "★", classes="part")
        yield Words(_("6～16ケタの半角英数字で入力してください。"))
        yield SecretInput(id="password")
        yield Words("", classes="fault", id="password-fault")
        yield Words(label + _("[確認用]") + "★")
        yield Words(_(AGAIN))
        yield TypedSecretInput(id="password-again")
        yield Words("", classes="fault", id="password-again-fault")

    def on_mount(self) -> None:
        """Show as many dots as before, where the holder came back."""
        for field in self.query(Input):
            field.value = self.form.password

    def fault_of(self, value: str) -> str:
        """MKY-4."""
        return password_fault_text(password_fault(value))

    def differ_text(self) -> str:
        """Return that the two are not the same."""
        return _("2つのパスワードが同じではありません。もう一度入力してください。")

    def keep(self) -> None:
        """Take the password."""
        self.form.password = self.value_of("#password")


class MailStep(FormStep):
    """S16, its third part: optional."""

    HELP_TEXT = later(
        "メールアドレスは入力しなくてもかまいません。その場合はそのままEnterを押します。\n"
        "入力した場合は、受け取りたい通知を番号キーまたはスペースキーで選びます。\n"
        "Tabで欄を移れます。Enterで次へ進みます。Escでやめます。"
    )
    FIRST = "#mail"
    AGAIN_FIELD = "#mail-again"
    KEYS = ("forward", "toggle", "previous", "abort")
    POSITION: ClassVar[str] = "3/5"
    AUTO_FOCUS = "#mail"

    def body(self) -> Iterable[Widget]:
        """Return the fields and the choices."""
        yield Words(
            _(
                "自治体ポイント管理クラウドからのメール通知を希望する方は、\n"
                "メールアドレスを入力してください。"
            )
        )
        with Horizontal(classes="field wide"):
            yield Words(_("メールアドレス"), classes="label")
            yield PlainInput(self.form.mail, id="mail")
        yield Words("", classes="fault", id="mail-fault")
        yield Words(_(AGAIN))
        with Horizontal(classes="field wide"):
            yield Words(_("メールアドレス[確認用]"), classes="label")
            yield TypedMailInput(self.form.mail, id="mail-again")
        yield Words("", classes="fault", id="mail-again-fault")
        yield Words(_("メール通知を希望する情報を選択してください。"))
        yield ChoiceList(_choice_lines(), self.form.mail_choices, id="choices")

    def fault_of(self, value: str) -> str:
        """MKY-4."""
        return mail_fault_text(mail_fault(value))

    def differ_text(self) -> str:
        """Return that the two are not the same."""
        return _("2つのメールアドレスが同じではありません。もう一度入力してください。")

    def entered(self) -> None:
        """With an address on to the choices, without one on to the next step."""
        if not self.is_right():
            return
        if self.value_of("#mail"):
            self.tell(_("通知を番号キーで選び、Enterで次へ進みます。"), stays=True)
            self.query_one("#choices").focus()
        else:
            self.action_forward()

    def shown_actions(self) -> list[str]:
        """Offer to switch choices where the list has the focus."""
        in_list = isinstance(self.focused, ChoiceList)
        return [key for key in super().shown_actions() if key != "toggle" or in_list]

    def on_descendant_focus(self) -> None:
        """Offer what can be done there."""
        self.show_keys()

    def keep(self) -> None:
        """Take the address; the choices are the form's own."""
        self.form.mail = self.value_of("#mail")


def _choice_lines() -> list[str]:
    lines = [_(text) for _name, text in MAIL_CHOICES]
    lines[0] += f"\n{CHOICE_INDENT}{_(MORE_ON_GRANTED)}"
    return lines
