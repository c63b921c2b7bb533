"""What spending and merging share: card and amount, confirm, done."""

import time
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from google.type.date_pb2 import Date
from jichipoint.v1 import merging_pb2, points_pb2
from textual import work
from textual.containers import Horizontal, VerticalScroll
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.actions import bindings
from counter_tui.card.reader import CardError
from counter_tui.core.amount import AmountFault, parse_amount
from counter_tui.core.bookings import Finished, NotBooked, Outcome, TroubleError
from counter_tui.core.escpos import UnprintableError, encode
from counter_tui.core.outbox import Entry
from counter_tui.core.printing import PrinterError
from counter_tui.core.receipt import Receipt, render_text
from counter_tui.core.uuid7 import new_request_id
from counter_tui.enter_guard import EnterGuard
from counter_tui.screens.base import CounterScreen
from counter_tui.screens.large import large_digits
from counter_tui.screens.working import WorkingScreen
from counter_tui.texts import _, later
from counter_tui.widgets import PlainInput, Words

_FAULTS = {
    AmountFault.EMPTY: later("ポイント利用数を入力してください。"),
    AmountFault.NOT_A_NUMBER: later(
        "数字以外の文字が入っています。消してから入力し直してください。"
    ),
    AmountFault.ZERO: later("ポイント利用数は1以上で入力してください。"),
    AmountFault.TOO_LONG: later("ポイント利用数は10桁以内で入力してください。"),
}
RECEIPT_COLUMNS = 32


@dataclass(frozen=True, slots=True)
class Use:
    """What the confirm screen shows and books: bound to card, program and day (USE-9)."""

    method: str
    mykey_id: str
    program_name: str
    balance: int
    points: int
    rows: tuple[tuple[str, str], ...]
    """Further lines about the holder."""
    request: "Request"


class Request:
    """Makes the request's bytes once a request ID is chosen."""

    @abstractmethod
    def with_id(self, request_id: str) -> bytes:
        """Return the serialized request."""


@dataclass(frozen=True, slots=True)
class Back:
    """The operator went back; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The confirm screen did not hold any more; why."""

    message: str


ConfirmResult = Back | Stale | NotBooked | Finished


def points_text(points: int) -> str:
    """Return points as the screens show them."""
    return f"{points:,}pt"


def day_text(day: Date) -> str:
    """Return a day as the screens show it."""
    return f"{day.year}-{day.month:02}-{day.day:02}"


class UseInputScreen(CounterScreen[None]):
    """カード読取・ポイント数入力: the card is read, then the points are typed."""

    KEYS = ("check", "read_card", "back")
    BINDINGS = bindings("back", "read_card")
    _card_session: int | None = None
    """The insertion of the card that was read."""

    def body(self) -> Iterable[Widget]:
        """Return the holder's lines, what can be used, and the amount."""
        yield Words("", id="card")
        yield Words("", id="holder")
        yield from self.choice()
        with Horizontal(classes="field"):
            yield Words(_("ポイント利用数") + "*", classes="label")
            yield PlainInput(id="points")
            yield Words("pt", classes="unit")
        yield Words("", id="fault")

    def choice(self) -> Iterable[Widget]:
        """Return the widgets that show what can be used."""
        return ()

    @abstractmethod
    async def load(self, serial_number: str) -> None:
        """Ask the server about the card and show it. Raises TroubleError."""

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
        super().on_mount()
        self._begin()

    def _begin(self) -> None:
        # What is still being read belongs to a card that is not in any more.
        self.workers.cancel_node(self)
        self.clear()
        self.query_one("#points", Input).value = ""
        self.query_one("#fault", Words).show("")
        if self.counter.reader.has_card:
            self._read()
        else:
            self._ask_for_card()
            if self.counter.reader_is_down:
                self.reader_down()

    def _ask_for_card(self) -> None:
        self.query_one("#card", Words).show(
            _("マイナンバーカードをICカードリーダーにセットしてください。")
        )

    def card_inserted(self) -> None:
        """Read the card at once; nobody has to press a key."""
        if not self._confirming():
            self.tell("")
            self._begin()

    def card_removed(self) -> None:
        """Forget the holder, unless a confirm screen is there to judge."""
        if not self._confirming():
            self._begin()
            self.tell(_("カードが抜かれました。"), trouble=True)

    def _confirming(self) -> bool:
        return any(isinstance(screen, ConfirmScreen) for screen in self.app.screen_stack)

    @work(exclusive=True)
    async def _read(self) -> None:
        self._card_session = self.counter.card_session
        self.query_one("#card", Words).show(_("カードを読み取っています…"))
        try:
            certificate = await self.counter.reader.read_user_certificate()
            await self.load(certificate.serial_number)
        except NoMatches:
            return  # The application ends: there is nothing left to show it on.
        except CardError:
            self._ask_for_card()
            text = _("カードを読み取れませんでした。もう一度セットしてください。")
            self.tell(text, trouble=True)
            return
        except TroubleError as trouble:
            self.query_one("#card", Words).show(_("カード読取 [F5] でもう一度読み取れます。"))
            if await self.counter.signed_in_again(trouble):
                self._read()
            else:
                self.tell_trouble(trouble)
            return
        self.query_one("#card", Words).show(_("カードを読み取りました。"))

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
        if not self.is_active:
            return  # Enter was held down; the confirm screen is there already.
        amount = parse_amount(event.value)
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


class ConfirmScreen(CounterScreen[ConfirmResult]):
    """確認: the amount again, large; one Enter books, a second at once does nothing."""

    BINDINGS = bindings("back")
    INSTRUCTION = ""

    def __init__(self, use: Use) -> None:
        super().__init__()
        self._use = use
        self._submitted = False
        self._stale: Stale | None = None
        self.card_session: int | None = None
        """The insertion of the card that was read."""

    def body(self) -> Iterable[Widget]:
        """Return what will be booked."""
        use = self._use
        rows = [
            (_("マイキーID"), use.mykey_id),
            *use.rows,
            (_("ポイント名"), use.program_name),
            (_("ポイント残高"), points_text(use.balance)),
        ]
        yield Words(_(self.INSTRUCTION))
        for label, value in rows:
            with Horizontal(classes="row"):
                yield Words(label, classes="label")
                yield Words(value)
        with Horizontal(classes="amount"):
            yield Words(_("ポイント利用数"), classes="label")
            yield Words(large_digits(f"{use.points:,}"), id="large")
            yield Words("pt", classes="unit")
        with Horizontal(classes="row"):
            yield Words(_("ポイント利用後残高"), classes="label")
            yield Words(points_text(use.balance - use.points))

    def on_mount(self) -> None:
        """Begin the pause in which an Enter does nothing."""
        super().on_mount()
        self._guard = EnterGuard(self.counter.monotonic())
        self._check_card()

    def _check_card(self) -> None:
        """Leave if the card went before this screen was there to be told (USE-9)."""
        if self.counter.card_session is None:
            self.card_removed()
        elif self.counter.card_session != self.card_session:
            self.card_inserted()

    def submit(self) -> None:
        """Book, unless this Enter came too soon after the last."""
        if not self._guard.accepts(self.counter.monotonic()) or self._submitted:
            return
        self._check_card()
        if self._stale:
            return
        self._submitted = True
        request_id = new_request_id(time.time_ns() // 1_000_000)
        entry = Entry(
            request_id=request_id,
            method=self._use.method,
            request=self._use.request.with_id(request_id),
            created_at=datetime.now(UTC),
            abandoned=False,
            answer=None,
        )
        self.app.push_screen(WorkingScreen(entry, is_new=True), self._worked)

    def _worked(self, outcome: Outcome | None) -> None:
        self.dismiss(outcome or NotBooked("", ""))

    def card_removed(self) -> None:
        """Without the card that was read the confirmation does not hold (USE-9)."""
        self._leave(_("確認の前にカードが抜かれました。もう一度カードをセットしてください。"))

    def card_inserted(self) -> None:
        """Another card: the confirmation does not hold (USE-9)."""
        self._leave(_("カードが入れ替わりました。内容をもう一度確認してください。"))

    def _leave(self, message: str) -> None:
        if self._submitted or self._stale:
            return
        self._stale = Stale(message)
        self.dismiss(self._stale)

    def action_back(self) -> None:
        """Go back to the input, with nothing sent."""
        self.dismiss(Back())


class DoneScreen(CounterScreen[None]):
    """完了: the receipt, the transaction number, what to do at the till."""

    KEYS: ClassVar[tuple[str, ...]] = ("next", "print")
    BINDINGS = [*bindings("next", "print"), *bindings("back")]
    INSTRUCTION = ""

    def __init__(self, finished: Finished, receipt: Receipt, *, resumed: bool = False) -> None:
        super().__init__()
        self.finished = finished
        self._receipt = receipt
        self._resumed = resumed

    def body(self) -> Iterable[Widget]:
        """Return the receipt beside what is to be done."""
        if self._resumed:
            yield Words(_("前回の続きの処理が完了しました。"), id="resumed")
        with Horizontal(id="done"):
            with VerticalScroll(id="receipt"):
                yield Words("\n".join(render_text(self._receipt, RECEIPT_COLUMNS)))
            yield Words(self.advice(), id="advice")

    def advice(self) -> str:
        """Return what the operator is to do now, and the transaction number."""
        number = _("取引済番号: {number}").format(number=self.transaction_number)
        return f"{_(self.INSTRUCTION)}\n\n{number}"

    @property
    def transaction_number(self) -> str:
        """The booking's number."""
        booked = self.finished.booked
        response = (
            merging_pb2.MergeResponse if booked.method == "Merge" else points_pb2.SpendResponse
        )
        return response.FromString(booked.answer).transaction_number

    def action_next(self) -> None:
        """On to the next citizen."""
        self.dismiss(None)

    def action_back(self) -> None:
        """The same as next: what is booked is booked."""
        self.dismiss(None)

    @work(exclusive=True)
    async def action_print(self) -> None:
        """レシート印字."""
        if self.counter.printer is None:
            self.tell(_("プリンターが設定されていません。"), trouble=True)
            return
        try:
            data = encode(self._receipt, RECEIPT_COLUMNS)
            await self.counter.in_thread(self.counter.printer.print, data)
        except (UnprintableError, PrinterError) as error:
            text = _("印字できませんでした。処理は完了しています。")
            self.tell(f"{text}\n{error}", trouble=True)
            return
        self.tell(_("レシートを印字しました。"))
