"""S10 登録端末の連絡先の登録 after the first sign-in, and S22's 連絡先の変更 (TRM-4)."""

from collections.abc import Iterable
from typing import ClassVar

from jichipoint.v1 import terminals_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.core.contact import PARTS, shown_postal_code
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM, CounterScreen
from counter_tui.shell.widgets import Words
from counter_tui.tasks.terminal.address_box import AddressBox, FoundAddress
from counter_tui.tasks.terminal.contact_fields import (
    FORM,
    MAIL_AGAIN,
    FormField,
    fault_text,
    field_of,
)
from counter_tui.tasks.terminal.issuer_choice import IssuerChoiceScreen
from counter_tui.texts import _, later


class ContactScreen(CounterScreen[str]):
    """S10. Returns what to tell: that the contact is registered; None where it was put off.

    Only a terminal that was registered before contacts were asked for may put it off.
    """

    KEYS: ClassVar[tuple[str, ...]] = ("register", "find_address", "choose_issuer", "postpone")
    SYSTEM = PLATFORM
    HEADING = later("登録端末の連絡先の登録")
    HELP_TEXT = later(
        "この端末についての連絡先です。すべて必須です。\n"
        "Tabで次の欄、Shift+Tabで前の欄に移ります。\n"
        "Enterで空いている欄に進み、すべて入力すると登録します。\n"
        "郵便番号は、Enterか「検索」で住所の一部が入力されます。\n"
        "設置場所と端末名が違うときは、自治体の担当者に連絡してください。"
    )
    HELP_TEXT_LATER = later("「あとで」を選ぶと、次にログインしたときにもう一度表示されます。")
    BINDINGS = bindings("register", "find_address", "choose_issuer", "postpone")
    AUTO_FOCUS = "#contact-name"

    def __init__(self) -> None:
        super().__init__()
        self._fields = {part.name: FormField(part) for part in FORM}
        self._looked_up = ""
        """The postal code that the address was looked up for."""

    def body(self) -> Iterable[Widget]:
        """Return what the municipality has given, and the fields."""
        terminal = self.session.terminal or terminals_pb2.Terminal()
        if self._is_issuers:
            yield _fixed(_("ID付与事業者名"), Words("", id="issuer", classes="value"))
        yield _fixed(_("設置場所"), Words(terminal.place_name, classes="value"))
        yield _fixed(_("端末名"), Words(terminal.terminal_name, classes="value"))
        yield from self._fields.values()

    def on_mount(self) -> None:
        """Say what is to be done."""
        self.begin()

    def begin(self) -> None:
        """Begin with an empty form."""
        self._show_issuer()
        self.tell(_("登録端末の連絡先を入力し、「登録」してください。すべて必須です。"), stays=True)

    @property
    def _is_issuers(self) -> bool:
        """Whether the terminal is one of class (ア), which works for an issuer."""
        terminal = self.session.terminal
        of_class = terminal.terminal_class if terminal else None
        return of_class == terminals_pb2.TERMINAL_CLASS_SERVICE_ID

    @property
    def _lacks_issuer(self) -> bool:
        terminal = self.session.terminal
        return self._is_issuers and not (terminal and terminal.issuer_id)

    def _show_issuer(self) -> None:
        name = self.session.terminal.issuer_name if self.session.terminal else ""
        for words in self.query("#issuer").results(Words):
            words.show(_("(選択してください)") if self._lacks_issuer else name)
        self.show_keys()

    def shown_actions(self) -> list[str]:
        """Offer the list of issuers as long as there is none, and あとで where it may be."""
        left_out = set()
        if not self._lacks_issuer:
            left_out.add("choose_issuer")
        if not self.session.may_put_contact_off:
            left_out.add("postpone")
        return [key for key in super().shown_actions() if key not in left_out]

    def help_text(self) -> str:
        """Say what あとで does where it is offered."""
        text = super().help_text()
        return f"{text}\n{_(self.HELP_TEXT_LATER)}" if self.session.may_put_contact_off else text

    def _typed(self, name: str) -> str:
        return self._fields[name].input.value

    def _fault(self, name: str) -> str:
        """Return what is wrong with a field as it is."""
        if name == MAIL_AGAIN:
            again, mail = PARTS["mail"](self._typed(name)), PARTS["mail"](self._typed("mail"))
            if again.value and again.value == mail.value:
                return ""
            return fault_text(name, again.fault) or _("2つのメールアドレスが同じではありません。")
        return fault_text(name, PARTS[name](self._typed(name)).fault)

    def on_input_blurred(self, event: Input.Blurred) -> None:
        """Say what is wrong with a field that was filled in, or filled in again."""
        left = field_of(event.input).part.name
        for name in (left, MAIL_AGAIN) if left == "mail" else (left,):
            if self._typed(name):
                self._fields[name].show_fault(self._fault(name))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look again at what was wrong; the second mail address hangs on the first."""
        changed = field_of(event.input).part.name
        for name in (changed, MAIL_AGAIN):
            if self._fields[name].fault:
                self._fields[name].show_fault(self._fault(name))

    def on_paste_refused(self) -> None:
        """Say that the second mail address is to be typed."""
        self.tell(_("確認用の欄には貼り付けできません。もう一度入力してください。"), trouble=True)

    def on_input_submitted(self) -> None:
        """Enter looks up a new postal code, goes to the next empty field, then registers."""
        if not self.is_active:
            return
        postal_code = PARTS["postal_code"](self._typed("postal_code")).value
        in_postal_code = self.focused is self._fields["postal_code"].input
        if in_postal_code and postal_code not in ("", self._looked_up):
            self._find(postal_code)
            return
        for field in self._fields.values():
            if not field.input.value:
                field.input.focus()
                return
        self.action_register()

    def action_register(self) -> None:
        """登録: tell of every field that is not right, or register."""
        faults = {name: self._fault(name) for name in self._fields}
        for name, fault in faults.items():
            self._fields[name].show_fault(fault)
        wrong = [name for name, fault in faults.items() if fault]
        if wrong:
            self._fields[wrong[0]].input.focus()
            self.tell(_("入力内容を確認してください。"), trouble=True)
        elif self._lacks_issuer:
            self.tell(_("ID付与事業者名を「事業者選択」で選んでください。"), trouble=True)
        else:
            values = {name: PARTS[name](self._typed(name)).value for name in PARTS}
            self._register(terminals_pb2.Contact(**values))

    @work(exclusive=True, group="registering")
    async def _register(self, contact: terminals_pb2.Contact) -> None:
        self.tell(_("登録しています…"))
        terminal = await self.asked(lambda: self.calls.terminals.set_contact(contact))
        if terminal is not None:
            self.session.terminal = terminal
            self.dismiss(_("連絡先を登録しました。"))

    def action_find_address(self) -> None:
        """検索, from wherever the focus is."""
        field = self._fields["postal_code"]
        if field.input.disabled:
            return
        parsed = PARTS["postal_code"](field.input.value)
        if parsed.fault:
            field.show_fault(fault_text("postal_code", parsed.fault))
            field.input.focus()
        else:
            self._find(parsed.value)

    @work(exclusive=True, group="addresses")
    async def _find(self, postal_code: str) -> None:
        self.tell(_("検索しています…"))
        found = await self.asked(lambda: self.calls.terminals.addresses(postal_code))
        if found is None:
            return
        self._looked_up = postal_code
        self.tell("")
        if not found:
            self.tell(_("この郵便番号の住所が見つかりません。住所を入力してください。"))
            self._fields["prefecture"].input.focus()
            return
        address = found[0]
        if len(found) > 1:
            chosen = await self.app.push_screen_wait(AddressBox(found))
            if chosen is None:
                return
            address = chosen
        self._fill_address(address)

    def _fill_address(self, found: FoundAddress) -> None:
        """Fill prefecture and address in; an address that goes on from there stays."""
        self._fields["prefecture"].put(found.prefecture)
        field = self._fields["address"]
        if not field.input.value.startswith(found.address):
            field.put(found.address)
        field.input.focus()

    def action_choose_issuer(self) -> None:
        """事業者選択 (TRM-3)."""
        if self._lacks_issuer:
            self.app.push_screen(IssuerChoiceScreen(), self._issuer_chosen)

    def _issuer_chosen(self, _chosen: bool | None) -> None:
        self._show_issuer()
        self.tell("")

    def action_postpone(self) -> None:
        """あとで, where it may be: the next sign-in asks again."""
        if self.session.may_put_contact_off:
            self._leave()

    def _leave(self) -> None:
        self.workers.cancel_node(self)
        self.dismiss(None)


class ContactChangeScreen(ContactScreen):
    """連絡先の変更: the same form, with what is registered in it."""

    KEYS = ("register", "find_address", "choose_issuer", "read_again", "back")
    HEADING = later("連絡先の変更")
    HELP_TEXT = later(
        "登録されている連絡先を表示しています。\n"
        "違うところを直して、Enterで登録します。\n"
        "Tabで次の欄、Shift+Tabで前の欄に移ります。\n"
        "メールアドレスを変えるときは、2つの欄に同じものを入力します。\n"
        "郵便番号は、Enterか「検索」で住所の一部が入力されます。\n"
        "設置場所と端末名が違うときは、自治体の担当者に連絡してください。\n"
        "Escで変更せずに戻ります。"
    )
    BINDINGS = bindings("read_again", "back")

    def __init__(self) -> None:
        super().__init__()
        self._is_read = False

    def begin(self) -> None:
        """Ask for what is registered; until it is there, nothing can be put in its place."""
        self._show_issuer()
        for field in self._fields.values():
            field.input.disabled = True
        self._read()

    @work(exclusive=True, group="reading")
    async def _read(self) -> None:
        answer = await self.asked(self.calls.terminals.contact)
        if answer is None:
            return
        contact = answer.contact
        for name in PARTS:
            self._fields[name].put(getattr(contact, name))
        self._fields["postal_code"].put(shown_postal_code(contact.postal_code))
        self._fields[MAIL_AGAIN].put(contact.mail)
        self._looked_up = contact.postal_code
        self._is_read = True
        for field in self._fields.values():
            field.input.disabled = False
        self._fields["contact_name"].input.focus()
        self.show_keys()
        self.tell(_("直したいところを入力し、「登録」してください。"), stays=True)

    def shown_actions(self) -> list[str]:
        """Offer what can be done: to ask again, or to work on what is there."""
        left_out = {"read_again"} if self._is_read else {"register", "find_address"}
        return [key for key in super().shown_actions() if key not in left_out]

    def action_register(self) -> None:
        """登録, once there is something to change."""
        if self._is_read:
            super().action_register()

    def action_read_again(self) -> None:
        """読み直し."""
        if not self._is_read:
            self.tell("")
            self._read()

    def action_back(self) -> None:
        """Go back to the menu, and change nothing."""
        self._leave()

    def action_postpone(self) -> None:
        """The same: it has Esc, too."""
        self._leave()

    def help_text(self) -> str:
        """Say nothing of あとで."""
        return _(self.HELP_TEXT)


def _fixed(label: str, value: Words) -> Horizontal:
    return Horizontal(Words(label, classes="label"), value, classes="row")
