"""サービスIDの登録: S23 input, S24 done (SID-1, SID-2)."""

from collections.abc import Iterable

from jichipoint.v1 import issuers_pb2, service_ids_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.bookings.begun import Resumed, resumed_text
from counter_tui.bookings.bookings import Finished, NotBooked
from counter_tui.bookings.outbox import Entry
from counter_tui.calls.answers import RefusedError, TroubleError
from counter_tui.card.reader import CardError
from counter_tui.card.texts import trouble_text
from counter_tui.card.users_card import DriverError, Reading, read_number
from counter_tui.core.customer_id import ParsedNumber, parse_number, without_nw7_letters
from counter_tui.core.number_texts import NUMBER_FAULTS
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM, CounterScreen
from counter_tui.shell.widgets import NumberedList, PlainInput, Words
from counter_tui.tasks.booking.own_key import LeftByOwnKey
from counter_tui.tasks.booking.working import WorkingScreen
from counter_tui.tasks.card.signature_box import SignatureBox
from counter_tui.tasks.service_ids.boxes import ReplaceBox
from counter_tui.texts import _, later

_READINGS = {
    issuers_pb2.CARD_READING_METHOD_CONTACTLESS_ID: Reading.CONTACTLESS_ID,
    issuers_pb2.CARD_READING_METHOD_DRIVER: Reading.DRIVER,
}


class RegisterServiceIdScreen(CounterScreen[None]):
    """S23."""

    KEYS = ("register", "read_number", "back")
    SYSTEM = PLATFORM
    HEADING = later("サービスIDの登録")
    HELP_TEXT = later(
        "1. 利用カード番号を入力するか、バーコードを読み取ります。\n"
        "   ICカードリーダーで読める利用カードは、F5 で読み取れます。\n"
        "2. 現住所の変更通知の「はい」か「いいえ」を選びます。\n"
        "   「はい」では署名用電子証明書のパスワードが必要です。\n"
        "3. 利用者のマイナンバーカードをセットし、Enterで登録します。"
    )
    BINDINGS = bindings("read_number", "back")
    AUTO_FOCUS = "#number"
    TAKES_SCANS = True

    def __init__(self) -> None:
        super().__init__()
        self._issuer: service_ids_pb2.GetIssuerResponse | None = None
        self._notices_address: bool | None = None
        self._asked = ""
        """The number that the message is about."""
        self._card_session: int | None = None
        """The insertion of the card that is being registered; None where none is."""

    def body(self) -> Iterable[Widget]:
        """Return the number, the choice, and what to do with the card."""
        yield Words("", id="issuer")
        yield Words(_("(1)利用カード番号を入力してください。"))
        with Horizontal(classes="field"):
            yield Words(_("利用カード番号") + "*", classes="label")
            yield PlainInput(id="number")
        yield Words("", id="fault")
        yield Words(
            _("(2)現住所の変更通知の受け取り有無を選んでください。(必須)"), id="notice-words"
        )
        yield NumberedList([_("はい"), _("いいえ")], id="notice")
        yield Words("", id="notice-chosen")
        yield Words("", id="card")

    def on_mount(self) -> None:
        """Ask how the issuer's own cards are read."""
        self._show_choice()
        self._show_card()
        self._load_issuer()

    def shown_actions(self) -> list[str]:
        """Offer 読取 only where the issuer's cards are read here."""
        keys = super().shown_actions()
        return [key for key in keys if key != "read_number" or self._reading() is not None]

    def _reading(self) -> Reading | None:
        return _READINGS.get(self._issuer.reading.method) if self._issuer else None

    @work(exclusive=True, group="issuer")
    async def _load_issuer(self) -> None:
        self._issuer = await self.asked(self.calls.service_ids.issuer)
        if self._issuer is None:
            return
        name = _("ID付与事業者名")
        self.query_one("#issuer", Words).show(f"{name}  {self._issuer.issuer_name}")
        self.show_keys()

    def _show_choice(self) -> None:
        chosen = {
            None: "",
            True: _(
                "選択: はい  署名用電子証明書の発行番号だけを登録します。\n"
                "住所等の変更で失効すると、変更の可能性が事業者に通知されます。"
            ),
            False: _("選択: いいえ"),
        }
        self.query_one("#notice-chosen", Words).show(chosen[self._notices_address])

    def _show_card(self) -> None:
        if self.host.cards.reader.has_card:
            text = _("(3)カードがセットされています。(4)Enterで登録します。")
        else:
            text = _("(3)マイナンバーカードをICカードリーダーにセットしてください。")
        self.query_one("#card", Words).show(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say at once what cannot be a number."""
        fault = parse_number(event.value).fault if event.value else None
        self.query_one("#fault", Words).show(_(NUMBER_FAULTS[fault]) if fault else "")
        if event.input.value != self._asked:  # by now: changes of a scan come late
            self.tell("")
        event.input.set_class(bool(fault), "invalid")

    def on_input_submitted(self) -> None:
        """Enter goes on to the choice, then registers."""
        self._leave_out_letters()
        if self._notices_address is None:
            self.query_one("#notice", NumberedList).focus()
        else:
            self._begin()

    def _leave_out_letters(self) -> None:
        """A scanner of short codes is not told from typing: its letters are left out here."""
        is_nw7 = self._issuer and self._issuer.handover.symbology == issuers_pb2.SYMBOLOGY_NW7
        field = self.query_one("#number", Input)
        if is_nw7:
            field.value = without_nw7_letters(field.value)

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Choose, and with the same again register."""
        notices_address = chosen.index == 0
        if self._notices_address == notices_address:
            self._begin()
            return
        self._notices_address = notices_address
        self._show_choice()

    def scanned(self, text: str, *, repeated: bool) -> None:  # noqa: ARG002
        """Take a number that a scanner read."""
        self._take_number(without_nw7_letters(text))

    def _take_number(self, number: str) -> None:
        field = self.query_one("#number", Input)
        field.value = number
        field.cursor_position = len(number)
        self.query_one("#notice", NumberedList).focus()

    def action_read_number(self) -> None:
        """読取: the user's own card, in the card reader."""
        reading = self._reading()
        if reading is not None and self._issuer is not None:
            self._read_users_card(reading, self._issuer.reading.driver)

    @work(exclusive=True, group="reading")
    async def _read_users_card(self, reading: Reading, driver: str) -> None:
        try:
            number = await read_number(self.host.cards.reader, reading, driver)
        except CardError as error:
            self.tell(trouble_text(error), trouble=True)
        except DriverError as error:
            text = _("利用カードを読み取れませんでした。番号を入力してください。")
            self.tell(f"{text}\n{error}", trouble=True)
        else:
            self.tell(_("利用カードを読み取りました。番号が同じことを確認してください。"))
            self._take_number(number)

    def _begin(self) -> None:
        self._asked = self.query_one("#number", Input).value
        parsed = parse_number(self._asked)
        if parsed.fault is not None:
            self.tell(_(NUMBER_FAULTS[parsed.fault]), trouble=True)
            self.query_one("#number", Input).focus()
        elif self._notices_address is None:
            self.tell(_("現住所の変更通知の「はい」か「いいえ」を選んでください。"), trouble=True)
            self.query_one("#notice", NumberedList).focus()
        elif not self.host.cards.reader.has_card:
            self.tell(_("マイナンバーカードをICカードリーダーにセットしてください。"), trouble=True)
        elif self.is_active and self._card_session is None:
            self.tell("")
            self._register(parsed)

    @work(exclusive=True, group="registering")
    async def _register(self, parsed: ParsedNumber) -> None:
        self._card_session = self.host.cards.session
        try:
            await self._register_with_card(parsed.number)
        except CardError as error:
            self.tell(trouble_text(error), trouble=True)
        except TroubleError as trouble:
            if not await self.session.signed_in_again(trouble):
                self.tell_trouble(trouble)
        finally:
            self._card_session = None

    async def _register_with_card(self, number: str) -> None:
        certificate = await self.host.cards.reader.read_user_certificate()
        present = await self._present_number(certificate.serial_number)
        replaces = ""
        if present not in ("", number):
            if not await self.app.push_screen_wait(ReplaceBox(present, number)):
                self.tell(_("登録を取りやめました。"))
                return
            replaces = present
        signature: str | None = ""
        if self._notices_address:
            signature = await self.app.push_screen_wait(SignatureBox())
        if signature is None:
            self.tell(_("登録を取りやめました。"))
            return
        if self._card_session != self.host.cards.session:
            self.tell(_("カードが入れ替わりました。もう一度登録してください。"), trouble=True)
            return
        await self._send(
            service_ids_pb2.RegisterServiceIdRequest(
                request_id=self.new_request_id(),
                certificate_serial_number=certificate.serial_number,
                customer_id=number,
                replaces=replaces,
                signature_serial_number=signature,
            )
        )

    async def _present_number(self, serial_number: str) -> str:
        """Return the number that the holder has at the issuer now; nothing where there is none."""
        try:
            found = await self.calls.service_ids.look_up_service_id(serial_number)
        except RefusedError as refused:
            if refused.reason == "SERVICE_ID_UNKNOWN":
                return ""
            raise
        return found.customer_id

    async def _send(self, request: service_ids_pb2.RegisterServiceIdRequest) -> None:
        entry = Entry(
            request_id=request.request_id,
            method="RegisterServiceId",
            request=request.SerializeToString(),
            created_at=self.host.clock(),
            abandoned=False,
            answer=None,
        )
        outcome = await self.app.push_screen_wait(WorkingScreen(entry, is_new=True))
        if isinstance(outcome, NotBooked):
            text = outcome.message or _("処理を取りやめました。")
            nothing = _("登録されていません。")
            self.tell(f"{text} {nothing}\n({outcome.reason})", trouble=True)
        elif outcome is not None:
            self.app.push_screen(RegisteredScreen(outcome), self._registered)

    def _registered(self, to_correct: bool | None) -> None:
        """前の画面に戻る keeps the number, so that it can be corrected (S24)."""
        if not to_correct:
            self._forget()
        self.query_one("#number", Input).focus()

    def _forget(self) -> None:
        """Keep nothing of one user for the next."""
        self.query_one("#number", Input).value = ""
        self._notices_address = None
        notice = self.query_one("#notice", NumberedList)
        notice.show(notice.lines)
        self._show_choice()

    def card_inserted(self) -> None:
        """Say that registering can go on."""
        self._show_card()

    def card_removed(self) -> None:
        """Forget the user who leaves with it, and say that a card is needed."""
        self._show_card()
        if not any(isinstance(screen, RegisteredScreen) for screen in self.app.screen_stack):
            self._forget()
            self.query_one("#number", Input).focus()

    def action_back(self) -> None:
        """Go back to the menu."""
        self.workers.cancel_node(self)
        self.dismiss(None)


class RegisteredScreen(LeftByOwnKey[bool]):
    """S24: the staff compare it with the user's card. Returns whether it is to be corrected."""

    KEYS = ("next", "correct")
    SYSTEM = PLATFORM
    HEADING = later("サービスIDの登録完了")
    HELP_TEXT = later(
        "利用カードと同じ番号であることを確認します。\n"
        "違うときは F3 で前の画面に戻り、正しい番号を登録し直します。"
    )
    HELP_TEXT_RESUMED = later(
        "利用カードと同じ番号であることを確認します。\n"
        "違うときは「サービスIDの登録」で、正しい番号を登録し直します。"
    )
    BINDINGS = [*bindings("next", "correct"), *bindings("back")]

    def __init__(self, finished: Finished, *, resumed: Resumed | None = None) -> None:
        super().__init__()
        answer = service_ids_pb2.RegisterServiceIdResponse.FromString(finished.booked.answer)
        assert isinstance(answer, service_ids_pb2.RegisterServiceIdResponse)  # noqa: S101
        self._answer = answer
        self._resumed = resumed

    def body(self) -> Iterable[Widget]:
        """Return what is registered now."""
        answer = self._answer
        if self._resumed:
            yield Words(resumed_text(self._resumed), id="resumed")
        yield Words(_("利用者の利用カード番号が合っていることを確認してください。"))
        rows = [
            (_("ID付与事業者名"), answer.issuer_name),
            (_("マイキーID"), answer.mykey_id),
            (_("利用カード番号(サービスID)"), answer.customer_id),
        ]
        if answer.replaced:
            rows.append((_("前の番号"), answer.replaced))
        told = _("はい") if answer.notices_address else _("いいえ")
        rows.append((_("現住所の変更通知"), told))
        for label, value in rows:
            with Horizontal(classes="row long"):
                yield Words(label, classes="label")
                yield Words(value, classes="value")

    @property
    def help_before(self) -> str:
        """After a restart there is no previous screen."""
        return self.HELP_TEXT_RESUMED if self._resumed else self.HELP_TEXT

    def shown_actions(self) -> list[str]:
        """After a restart there is no previous screen."""
        keys = super().shown_actions()
        return [key for key in keys if key != "correct" or not self._resumed]

    def action_next(self) -> None:
        """On to the next citizen."""
        self.go_on_if_undoable()

    def action_back(self) -> None:
        """The same as next: what is registered is registered."""
        self.go_on_if_undoable()

    @property
    def is_final(self) -> bool:
        """Whether a number was replaced: the one before is not usable any more."""
        return bool(self._answer.replaced)

    def go_on(self) -> None:
        """On to the next citizen."""
        self.dismiss(False)

    def action_correct(self) -> None:
        """前の画面に戻る."""
        if not self._resumed:
            self.dismiss(True)
