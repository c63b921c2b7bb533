"""カード読取・ポイント数入力: what S29 and S37 share."""

import asyncio
from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.containers import Horizontal
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.bookings.bookings import Finished, NotBooked
from counter_tui.bookings.values import ConfirmResult, Stale, Use, points_text
from counter_tui.calls.answers import TroubleError
from counter_tui.card.reader import CardError
from counter_tui.card.texts import trouble_text
from counter_tui.core.amount import AmountFault, parse_amount
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.widgets import PlainInput, Words
from counter_tui.tasks.use.confirm import ConfirmScreen
from counter_tui.tasks.use.done import DoneScreen
from counter_tui.texts import _, later

READING_SHOWN_AFTER_SECONDS = 0.1
"""What is quicker needs no announcement, which would only hold up the balance."""

_FAULTS = {
    AmountFault.EMPTY: later("ポイント利用数を入力してください。"),
    AmountFault.NOT_A_NUMBER: later(
        "数字以外の文字が入っています。消してから入力し直してください。"
    ),
    AmountFault.COMMAS: later(
        "コンマ(,)の位置が違います。3桁ごとに入れるか、数字だけで入力してください。"
    ),
    AmountFault.ZERO: later("ポイント利用数は1以上で入力してください。"),
    AmountFault.TOO_LONG: later("ポイント利用数は10桁以内で入力してください。"),
}


class UseInputScreen(CounterScreen[None]):
    """カード読取・ポイント数入力: the card is read, then the points are typed."""

    KEYS: ClassVar[tuple[str, ...]] = ("check", "read_card", "back")
    BINDINGS = bindings("back", "read_card")
    AMOUNT_HEADING: ClassVar[str]
    """As S29, S32 and S37 have it."""
    ASK_FOR_CARD = later("マイナンバーカードをICカードリーダーにセットしてください。")
    _card_session: int | None = None
    """The insertion of the card that was read."""
    _message_is_old = False
    """Whether the message is of an earlier card, and goes when this one is shown."""

    def body(self) -> Iterable[Widget]:
        """Return the holder's lines, what can be used, and the amount."""
        yield Words("", id="card")
        yield from self.other_cards()
        yield Words(_("利用者情報"), classes="section")
        yield Words("", id="holder")
        yield from self.choice()
        must = _("*: 必須項目")
        yield Words(f"{_(self.AMOUNT_HEADING)}  {must}", classes="section")
        yield from self.notes()
        with Horizontal(classes="field"):
            yield from self.fields()
            yield Words(_("ポイント利用数") + "*", classes="label points-label")
            yield PlainInput(id="points")
            yield Words("pt", classes="unit")
        yield Words("", id="fault")

    def other_cards(self) -> Iterable[Widget]:
        """Return the fields for cards that no reader reads."""
        return ()

    def choice(self) -> Iterable[Widget]:
        """Return the widgets that show what can be used."""
        return ()

    def notes(self) -> Iterable[Widget]:
        """Return what is to be known before the fields are filled in."""
        return ()

    def fields(self) -> Iterable[Widget]:
        """Return further fields, beside the amount."""
        return ()

    @abstractmethod
    async def load(self, serial_number: str) -> None:
        """Ask the server about the card and show it. Raises TroubleError."""

    def not_loaded(self, trouble: TroubleError) -> None:
        """Offer what helps where the server knows nobody to load."""

    @abstractmethod
    def clear(self) -> None:
        """Show no holder."""

    @abstractmethod
    def use(self, points: int) -> Use | None:
        """Return what is to be confirmed; None where nothing is loaded or chosen."""

    @abstractmethod
    def confirm_screen(self, use: Use) -> "ConfirmScreen":
        """Return the confirm screen."""

    @abstractmethod
    def done_screen(self, finished: Finished) -> "DoneScreen":
        """Return the done screen."""

    def on_mount(self) -> None:
        """Begin with the card that is in, if any."""
        self._begin()

    def _begin(self, *, message_is_old: bool = False) -> None:
        self._message_is_old = message_is_old
        self.forget_holder()
        if self.host.cards.reader.has_card:
            self._read()
        else:
            self._ask_for_card()
            if self.host.cards.reader_is_down:
                self.reader_down()

    def forget_holder(self) -> None:
        """Show nobody; what is still being read belongs to a card that is not in any more."""
        self.workers.cancel_group(self, "default")
        self.clear()
        self.query_one("#points", Input).value = ""
        self.query_one("#fault", Words).show("")

    def _ask_for_card(self) -> None:
        self.query_one("#card", Words).show(_(self.ASK_FOR_CARD))

    def forget_old_message(self) -> None:
        """Take the message of an earlier card away, as late as that: drawing takes its time."""
        if self._message_is_old:
            self.tell("")

    def card_inserted(self) -> None:
        """Read the card at once; nobody has to press a key."""
        if not self._confirming():
            self._begin(message_is_old=True)

    def card_removed(self) -> None:
        """Forget the holder, unless a confirm screen is there to judge."""
        if not self._confirming():
            self._begin()
            self.tell(_("カードが抜かれました。"), trouble=True)

    def _confirming(self) -> bool:
        return any(isinstance(screen, ConfirmScreen) for screen in self.app.screen_stack)

    @work(exclusive=True)
    async def _read(self) -> None:
        self._card_session = self.host.cards.session
        loop = asyncio.get_running_loop()
        slow = loop.call_later(READING_SHOWN_AFTER_SECONDS, self._tell_reading)
        try:
            certificate = await self.host.cards.reader.read_user_certificate()
            await self.load(certificate.serial_number)
        except NoMatches:
            return  # The application ends: there is nothing left to show it on.
        except CardError as error:
            self._ask_for_card()
            self.tell(trouble_text(error), trouble=True)
            return
        except TroubleError as trouble:
            self.query_one("#card", Words).show(_("カード読取 [F5] でもう一度読み取れます。"))
            if await self.session.signed_in_again(trouble):
                self._read()
            else:
                self.tell_trouble(trouble)
                self.not_loaded(trouble)
            return
        finally:
            slow.cancel()
        self.query_one("#card", Words).show(_("カードを読み取りました。"))

    def _tell_reading(self) -> None:
        for line in self.query("#card").results(Words):
            line.show(_("カードを読み取っています…"))

    def action_read_card(self) -> None:
        """カード読取."""
        self.tell("")
        self._begin()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say at once when the field is not a number (USE-8)."""
        if event.input.id == "points":
            fault = parse_amount(event.value).fault if event.value else None
            text = _(_FAULTS[fault]) if fault else ""
            self.query_one("#fault", Words).show(text)
            event.input.set_class(bool(fault), "invalid")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """確認: open the confirm screen, or say what is wrong."""
        if self.is_active:  # else Enter was held down; the confirm screen is there already.
            self.check(event.value)

    def check(self, text: str) -> None:
        """Go on with the amount that was typed, or say what is wrong."""
        amount = parse_amount(text)
        if amount.fault is not None or amount.points is None:
            self.tell(_(_FAULTS[amount.fault or AmountFault.EMPTY]), trouble=True)
            return
        use = self.use(amount.points)
        if use is None:
            self.tell(_("先にカードを読み取り、ポイントを選んでください。"), trouble=True)
        elif use.points > use.balance:
            text = _("ポイント残高({balance})が足りません。").format(
                balance=points_text(use.balance)
            )
            self.tell(f"{text}\n(INSUFFICIENT_POINTS)", trouble=True)
        else:
            self.tell("")
            self.confirm(use)

    def confirm(self, use: Use) -> None:
        """Open the confirm screen."""
        screen = self.confirm_screen(use)
        screen.card_session = self._card_session
        self.app.push_screen(screen, self._confirmed)

    def _confirmed(self, result: ConfirmResult | None) -> None:
        match result:
            case Stale(message):
                self._begin()
                self.tell(message, trouble=True)
            case NotBooked(reason, message):
                self._begin()
                text = message or _("処理を取りやめました。")
                nothing = _("記帳されていません。")
                self.tell(f"{text} {nothing}\n({reason})", trouble=True)
            case Finished():
                self.app.push_screen(self.done_screen(result), self._done)
            case _:
                self.query_one("#points", Input).focus()

    def _done(self, _result: None) -> None:
        self._begin()

    def action_back(self) -> None:
        """Go back to the menu."""
        self.workers.cancel_node(self)
        self.dismiss(None)
