"""本日の取引・日計: the terminal's day, its totals, receipts once more, 取消 (USE-4)."""

from collections.abc import Iterable
from datetime import UTC

from jichipoint.v1 import days_pb2, transactions_pb2
from textual import work
from textual.widget import Widget

from counter_tui.bookings.values import day_text, points_text
from counter_tui.calls.answers import TroubleError
from counter_tui.core.tokyo import second_text
from counter_tui.shell.actions import bindings
from counter_tui.shell.marked_list import HEAD_INDENT, MarkedList
from counter_tui.shell.widgets import Words
from counter_tui.slips.document import cell_width
from counter_tui.slips.receipts import day_receipt
from counter_tui.slips.vouchers import spaced
from counter_tui.tasks.points.cancel import Cancellable, begin_cancelling
from counter_tui.tasks.vouchers.waiting import WaitingLine, WaitingScreen
from counter_tui.texts import _, in_context, later

_ENDS = {
    transactions_pb2.TRANSACTION_KIND_CANCEL: later("取消済み"),
    transactions_pb2.TRANSACTION_KIND_REDEEM: later("消込済み"),
    transactions_pb2.TRANSACTION_KIND_EXPIRE: later("失効"),
}
_CANCELLED_BY = {
    transactions_pb2.TRANSACTION_KIND_SPEND: "CancelSpend",
    transactions_pb2.TRANSACTION_KIND_ISSUE: "CancelVoucher",
}
KIND_CELLS, NAME_CELLS, POINTS_CELLS = 13, 23, 14


def kind_text(kind: transactions_pb2.TransactionKind.ValueType) -> str:
    """Return what kind of transaction it is; one that this version does not know by its number."""
    return {
        transactions_pb2.TRANSACTION_KIND_SPEND: in_context("kind", "利用"),
        transactions_pb2.TRANSACTION_KIND_MERGE: in_context("kind", "合算"),
        transactions_pb2.TRANSACTION_KIND_ISSUE: in_context("kind", "券発行"),
        transactions_pb2.TRANSACTION_KIND_REDEEM: in_context("kind", "券消込"),
        transactions_pb2.TRANSACTION_KIND_CANCEL: in_context("kind", "取消"),
    }.get(kind, str(kind))


class DayScreen(WaitingScreen[None]):
    """The day of this terminal."""

    KEYS = ("cancel", "print", "print_totals", "read_again", "back")
    HEADING = later("本日の取引・日計")
    HELP_TEXT = later(
        "矢印キーで取引を選びます。選んだ取引には > が付き、番号と利用者が下に出ます。\n"
        "F8でその取引のレシートをもう一度印字します。\n"
        "F4で利用、または消込前のポイント券の発行を取り消します(当日・この端末のみ)。\n"
        "F3で日計を印字します。F5で一覧を読み直します。"
    )
    BINDINGS = bindings("cancel", "print", "print_totals", "read_again", "back")
    AUTO_FOCUS = "#transactions"

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[days_pb2.DayTransaction] = []
        self._totals = days_pb2.GetDayTotalsResponse()
        self._shown = ""
        """The number of the transaction that is told of below the list."""

    def body(self) -> Iterable[Widget]:
        """Return the list above the totals."""
        heads = _columns(_("時刻"), _("処理"), _("ポイント名"), _("ポイント数"), _("状態"))
        yield WaitingLine()
        yield Words(HEAD_INDENT + heads)
        yield MarkedList(id="transactions", markup=False)
        yield Words("", id="transaction")
        yield Words("", id="totals")

    def on_mount(self) -> None:
        """Read the day."""
        self._load()

    @work(exclusive=True)
    async def _load(self) -> None:
        try:
            lines = await self.calls.days.day_transactions()
            self._totals = await self.calls.days.day_totals()
        except TroubleError as trouble:
            if await self.session.signed_in_again(trouble):
                self._load()
            else:
                self.tell_trouble(trouble)
            return
        chooser = self.query_one("#transactions", MarkedList)
        present = self._present(chooser.highlighted)
        self._lines = lines
        chooser.clear_options()
        chooser.add_options([_line(one) for one in lines])
        numbers = [one.transaction_number for one in lines]
        if lines:
            chooser.highlighted = numbers.index(present) if present in numbers else 0
        self._show_transaction(chooser.highlighted)
        self.query_one("#totals", Words).show(self._totals_text())

    def _present(self, index: int | None) -> str:
        if index is None or index >= len(self._lines):
            return ""
        return self._lines[index].transaction_number

    def on_option_list_option_highlighted(self, event: MarkedList.OptionHighlighted) -> None:
        """Say which transaction it is, and nothing any more of the one before."""
        if self._present(event.option_index) != self._shown:
            self.tell("")
            self._show_transaction(event.option_index)

    def _show_transaction(self, index: int | None) -> None:
        self._shown = self._present(index)
        text = _transaction_text(self._lines[index]) if self._shown and index is not None else ""
        self.query_one("#transaction", Words).show(text)

    def _totals_text(self) -> str:
        day = day_text(self._totals.day)
        if not self._totals.totals:
            return _("{day} の取引はありません。").format(day=day)
        told = [
            _("{kind} {count}件 {points}").format(
                kind=kind_text(kind),
                count=sum(one.count for one in self._totals.totals if one.kind == kind),
                points=points_text(
                    sum(one.points for one in self._totals.totals if one.kind == kind)
                ),
            )
            for kind in dict.fromkeys(one.kind for one in self._totals.totals)
        ]
        return f"{day}  " + "  ".join(told)

    def _chosen(self) -> days_pb2.DayTransaction | None:
        index = self.query_one("#transactions", MarkedList).highlighted
        if index is None or index >= len(self._lines):
            self.tell(_("取引を選んでください。"), trouble=True)
            return None
        return self._lines[index]

    def action_read_again(self) -> None:
        """読み直し."""
        self.tell("")
        self._load()

    def action_cancel(self) -> None:
        """取消."""
        chosen = self._chosen()
        if chosen is None:
            return
        method = _CANCELLED_BY.get(chosen.kind)
        if method is None or chosen.settled_by:
            self.tell(_("この取引は取り消せません。"), trouble=True)
            return
        what = Cancellable(method, chosen.transaction_number, chosen.program_name, chosen.points)
        begin_cancelling(self, what, self._cancelled)

    def _cancelled(self, _done: bool) -> None:
        self._load()

    @work(exclusive=True, group="print")
    async def action_print(self) -> None:
        """レシート印字 of the chosen transaction; a voucher is printed as 再発行."""
        chosen = self._chosen()
        if chosen is None:
            return
        try:
            if chosen.kind == transactions_pb2.TRANSACTION_KIND_ISSUE:
                from counter_tui.tasks.vouchers.issue import reprint  # noqa: PLC0415

                await reprint(self, chosen.transaction_number)
                return
            booked = await self.calls.days.day_transaction(chosen.transaction_number)
        except TroubleError as trouble:
            self.tell_trouble(trouble)
            return
        slip = self.session.kinds.slip_of(booked, self.session.letterhead, chosen.program_name)
        printed = _("レシートを印字しました(取引済番号: {number})。")
        await self.host.slips.print(slip, self, printed.format(number=chosen.transaction_number))

    @work(exclusive=True, group="print")
    async def action_print_totals(self) -> None:
        """日計印字."""
        totals = self._totals
        head = self.session.letterhead
        slip = day_receipt(totals.day, totals.totals, totals.read_time, head)
        await self.host.slips.print(slip, self, _("日計を印字しました。"))

    def action_back(self) -> None:
        """Go back to the menu."""
        self.workers.cancel_node(self)
        self.dismiss(None)


def _line(one: days_pb2.DayTransaction) -> str:
    time = second_text(one.book_time.ToDatetime(tzinfo=UTC))
    end = _(_ENDS[one.settled_by]) if one.settled_by in _ENDS else ""
    return _columns(time, kind_text(one.kind), one.program_name, points_text(one.points), end)


def _transaction_text(one: days_pb2.DayTransaction) -> str:
    """Return what tells a transaction from others: its number, whose points, and who did it."""
    is_redemption = one.kind == transactions_pb2.TRANSACTION_KIND_REDEEM
    refers = _("消し込んだ券の発行") if is_redemption else _("取り消した取引")
    parts = (
        (_("取引済番号"), one.transaction_number),
        (_("マイキーID"), one.mykey_id),
        (_("操作者"), one.person),
        (_("発券番号"), spaced(one.voucher_number) if one.voucher_number else ""),
        (refers, one.refers_to),
    )
    return "  ".join(f"{label} {value}" for label, value in parts if value)


def _columns(time: str, kind: str, name: str, points: str, end: str) -> str:
    left = "".join(
        text + " " * max(1, width - cell_width(text))
        for text, width in ((time, 9), (kind, KIND_CELLS), (_cut(name), NAME_CELLS))
    )
    return f"{left}{' ' * max(0, POINTS_CELLS - cell_width(points))}{points}  {end}"


def _cut(name: str) -> str:
    while cell_width(name) >= NAME_CELLS:
        name = name[:-1]
    return name
