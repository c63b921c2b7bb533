"""サービスIDの照会: S25. The card is read at once; a number leads the other way (SID-3, SID-4)."""

from collections.abc import Iterable

from jichipoint.v1 import issuers_pb2, service_ids_pb2
from textual import work
from textual.containers import Horizontal
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.calls.answers import RefusedError, TroubleError
from counter_tui.card.reader import CardError
from counter_tui.card.texts import trouble_text
from counter_tui.core.customer_id import parse_number, without_nw7_letters
from counter_tui.core.number_texts import NUMBER_FAULTS
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM, CounterScreen
from counter_tui.shell.widgets import PlainInput, Words
from counter_tui.tasks.service_ids.found import FoundScreen
from counter_tui.tasks.service_ids.register import RegisterServiceIdScreen
from counter_tui.texts import _, later

METHODS = {
    issuers_pb2.HANDOVER_METHOD_SCREEN: (
        later("番号通知方式"),
        later("次の画面で表示される利用カード番号を、連携システムに手入力します。"),
    ),
    issuers_pb2.HANDOVER_METHOD_BARCODE: (
        later("バーコード表示方式"),
        later("連携システムの端末に接続されたバーコードリーダーを準備してください。"),
    ),
    issuers_pb2.HANDOVER_METHOD_TYPED: (
        later("ID自動引渡し方式"),
        later("連携システムの利用カード番号の入力欄にカーソルをあててください。"),
    ),
    issuers_pb2.HANDOVER_METHOD_LABEL: (
        later("ラベル印刷方式"),
        later("バーコードが印刷できるプリンターを準備してください。"),
    ),
}


class LookUpScreen(CounterScreen[None]):
    """S25."""

    KEYS = ("look_up", "register_id", "back")
    SYSTEM = PLATFORM
    HEADING = later("サービスIDの照会")
    HELP_TEXT = later(
        "利用者のマイナンバーカードをセットすると、自動で照会します。\n"
        "Enterでもう一度照会します。登録がないときは F3 で登録へ進みます。\n"
        "利用カード番号を入力してEnterを押すと、マイキーIDを表示します。"
    )
    BINDINGS = bindings("register_id", "back")
    AUTO_FOCUS = "#number"
    TAKES_SCANS = True

    def __init__(self) -> None:
        super().__init__()
        self._offers_registration = False
        self._is_nw7 = False
        self._asked = ""
        """The text that the message, and the MyKey ID that is shown, are about."""

    def body(self) -> Iterable[Widget]:
        """Return how the issuer's numbers are handed over, and the field for a number."""
        yield Words("", id="issuer")
        yield Words("", id="method")
        yield Words(_("マイナンバーカードをICカードリーダーにセットすると照会します。"), id="card")
        yield Words(_("利用カード番号からマイキーIDを照会する場合:"), id="other-way")
        with Horizontal(classes="field"):
            yield Words(_("利用カード番号"), classes="label")
            yield PlainInput(id="number")
        yield Words("", id="fault")
        yield Words("", id="mykey")

    def on_mount(self) -> None:
        """Ask how numbers are handed over, and begin with the card that is in, if any."""
        self._load_issuer()
        if self.host.cards.reader.has_card:
            self._look_up()
        elif self.host.cards.reader_is_down:
            self.reader_down()

    def shown_actions(self) -> list[str]:
        """Offer the registration where none is there."""
        keys = super().shown_actions()
        return [key for key in keys if key != "register_id" or self._offers_registration]

    @work(exclusive=True, group="issuer")
    async def _load_issuer(self) -> None:
        issuer = await self.asked(self.calls.service_ids.issuer)
        if issuer is None:
            return
        self._is_nw7 = issuer.handover.symbology == issuers_pb2.SYMBOLOGY_NW7
        name, advice = METHODS.get(
            issuer.handover.method, METHODS[issuers_pb2.HANDOVER_METHOD_SCREEN]
        )
        self.query_one("#issuer", Words).show(f"{_('ID付与事業者名')}  {issuer.issuer_name}")
        self.query_one("#method", Words).show(f"{_(name)}\n{_(advice)}")

    @work(exclusive=True, group="look-up")
    async def _look_up(self) -> None:
        self._offer_registration(False)
        self._forget_number()
        session = self.host.cards.session
        try:
            certificate = await self.host.cards.reader.read_user_certificate()
            found = await self.calls.service_ids.look_up_service_id(certificate.serial_number)
        except NoMatches:
            return  # The application ends: there is nothing left to show it on.
        except CardError as error:
            self.tell(trouble_text(error), trouble=True)
        except TroubleError as trouble:
            if await self.session.signed_in_again(trouble):
                self._look_up()
                return
            self.tell_trouble(trouble)
            unknown = isinstance(trouble, RefusedError) and trouble.reason == "SERVICE_ID_UNKNOWN"
            self._offer_registration(unknown)
        else:
            if session == self.host.cards.session and self.is_active:
                self.tell("")
                self._show_found(found)

    def _forget_number(self) -> None:
        """Leave no number of an earlier user in the field."""
        self._asked = ""
        self.query_one("#number", Input).value = ""
        self.query_one("#mykey", Words).show("")

    def _show_found(self, found: service_ids_pb2.LookUpServiceIdResponse) -> None:
        self.app.push_screen(FoundScreen(found), self._back_from_found)

    def _back_from_found(self, next_card: bool | None) -> None:
        self.query_one("#number", Input).focus()
        if next_card and self.host.cards.reader.has_card:
            self._look_up()

    def _offer_registration(self, offered: bool) -> None:
        if offered != self._offers_registration:
            self._offers_registration = offered
            self.show_keys()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say at once what cannot be a number; an earlier answer goes."""
        fault = parse_number(event.value).fault if event.value else None
        self.query_one("#fault", Words).show(_(NUMBER_FAULTS[fault]) if fault else "")
        if event.input.value != self._asked:  # by now: changes of a scan come late
            self.tell("")
            self.query_one("#mykey", Words).show("")
        event.input.set_class(bool(fault), "invalid")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """照会: by the number that was typed, else by the card."""
        if event.value:
            self._look_up_number(event.value)
        elif self.host.cards.reader.has_card:
            self._look_up()
        else:
            self.tell(_("マイナンバーカードをICカードリーダーにセットしてください。"), trouble=True)

    def scanned(self, text: str, *, repeated: bool) -> None:
        """Look a number up that a scanner read."""
        if not repeated:
            number = without_nw7_letters(text)
            field = self.query_one("#number", Input)
            field.value = number
            field.cursor_position = len(number)
            self._look_up_number(number)

    @work(exclusive=True, group="look-up")
    async def _look_up_number(self, text: str) -> None:
        self._asked = text
        parsed = parse_number(without_nw7_letters(text) if self._is_nw7 else text)
        if parsed.fault is not None:
            self.tell(_(NUMBER_FAULTS[parsed.fault]), trouble=True)
            return
        mykey_id = await self.asked(lambda: self.calls.service_ids.look_up_mykey_id(parsed.number))
        if mykey_id is None:
            return
        self.tell("")
        self.query_one("#mykey", Words).show(
            _("利用カード番号 {number} のマイキーID: {mykey_id}").format(
                number=parsed.number, mykey_id=mykey_id
            )
        )

    def card_inserted(self) -> None:
        """Look the holder's number up at once; nobody has to press a key."""
        if self.is_active:
            self.tell("")
            self._look_up()

    def card_removed(self) -> None:
        """What is being read belongs to a card that is not in any more."""
        self._offer_registration(False)
        if self.is_active:
            self.tell("")

    def action_register_id(self) -> None:
        """登録: S23, for a holder who has none."""
        if self._offers_registration:
            self.app.push_screen(RegisterServiceIdScreen())

    def action_back(self) -> None:
        """Go back to the menu."""
        self.workers.cancel_node(self)
        self.dismiss(None)
