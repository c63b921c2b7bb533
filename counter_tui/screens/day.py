"""本日の取引・日計: the terminal's day, its totals, receipts once more, 取消 (USE-4)."""

from collections.abc import Iterable
from datetime import UTC

from jichipoint.v1 import days_pb2, transactions_pb2
from textual import work
from textual.widget import Widget
from textual.widgets import OptionList

from counter_tui.actions import bindings
from counter_tui.core.answers import slip_of
from counter_tui.core.bookings import TroubleError
from counter_tui.core.tokyo import second_text
from counter_tui.screens.base import CounterScreen
from counter_tui.screens.cancel import Cancellable, begin_cancelling
from counter_tui.screens.use_values import day_text, points_text
from counter_tui.slips.document import cell_width
from counter_tui.slips.receipts import day_receipt
from counter_tui.texts import _, later
from counter_tui.widgets import Words

_KINDS = {
    transactions_pb2.TRANSACTION_KIND_SPEND: later("利用"),
    transactions_pb2.TRANSACTION_KIND_MERGE: later("合算"),
    transactions_pb2.TRANSACTION_KIND_ISSUE: later("券発行"),
    transactions_pb2.TRANSACTION_KIND_REDEEM: later("券消込"),
    transactions_pb2.TRANSACTION_KIND_CANCEL: later("取消"),
}
_ENDS = {
    transactions_pb2.TRANSACTION_KIND_CANCEL: later("取消済み"),
    transactions_pb2.TRANSACTION_KIND_REDEEM: later("消込済み"),
    transactions_pb2.TRANSACTION_KIND_EXPIRE: later("失効"),
}
_CANCELLED_BY = {
    transactions_pb2.TRANSACTION_KIND_SPEND: "CancelSpend",
    transactions_pb2.TRANSACTION_KIND_ISSUE: "CancelVoucher",
}
NAME_CELLS = 26


class DayScreen(CounterScreen[None]):
    """The day of this terminal."""

    KEYS = ("cancel", "print", "print_totals", "read_again", "back")
    HEADING = later("本日の取引・日計")
    HELP_TEXT = later(
        "矢印キーで取引を選びます。\n"
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

    def body(self) -> Iterable[Widget]:
        """Return the list above the totals."""
        yield Words(_columns(_("時刻"), _("処理"), _("ポイント名"), _("ポイント数"), _("状態")))
        yield OptionList(id="transactions", markup=False)
        yield Words("", id="totals")

    def on_mount(self) -> None:
        """Read the day."""
        super().on_mount()
        self._load()

    @work(exclusive=True)
    async def _load(self) -> None:
        lines: list[days_pb2.DayTransaction] = []
        token = ""
        try:
            while True:
                page = await self.counter.gateway.day_transactions(token)
                lines += page.transactions
                token = page.next_page_token
                if not token:
                    break
            self._totals = await self.counter.gateway.day_totals()
        except TroubleError as trouble:
            if await self.counter.signed_in_again(trouble):
                self._load()
            else:
                self.tell_trouble(trouble)
            return
        self._lines = lines
        chooser = self.query_one("#transactions", OptionList)
        chooser.clear_options()
        chooser.add_options([_line(one) for one in lines])
        if lines:
            chooser.highlighted = 0
        self.query_one("#totals", Words).show(self._totals_text())

    def _totals_text(self) -> str:
        day = day_text(self._totals.day)
        if not self._totals.totals:
            return _("{day} の取引はありません。").format(day=day)
        told = [
            _("{kind} {count}件 {points}").format(
                kind=_(_KINDS[kind]),
                count=sum(one.count for one in self._totals.totals if one.kind == kind),
                points=points_text(
                    sum(one.points for one in self._totals.totals if one.kind == kind)
                ),
            )
            for kind in dict.fromkeys(one.kind for one in self._totals.totals)
        ]
        return f"{day}  " + "  ".join(told)

    def _chosen(self) -> days_pb2.DayTransaction | None:
        index = self.query_one("#transactions", OptionList).highlighted
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
                from counter_tui.screens.voucher_issue import reprint  # noqa: PLC0415

                await reprint(self, chosen.transaction_number)
                return
            booked = await self.counter.gateway.day_transaction(chosen.transaction_number)
        except TroubleError as trouble:
            self.tell_trouble(trouble)
            return
        slip = slip_of(booked, self.counter.letterhead, chosen.program_name)
        await self.counter.print_slip(slip, self, _("レシートを印字しました。"))

    @work(exclusive=True, group="print")
    async def action_print_totals(self) -> None:
        """日計印字."""
        totals = self._totals
        head = self.counter.letterhead
        slip = day_receipt(totals.day, totals.totals, totals.read_time, head)
        await self.counter.print_slip(slip, self, _("日計を印字しました。"))

    def action_back(self) -> None:
        """Go back to the menu."""
        self.workers.cancel_node(self)
        self.dismiss(None)


def _line(one: days_pb2.DayTransaction) -> str:
    time = second_text(one.book_time.ToDatetime(tzinfo=UTC))
    end = _(_ENDS[one.settled_by]) if one.settled_by in _ENDS else ""
    kind = _(_KINDS[one.kind])
    return _columns(time, kind, one.program_name, points_text(one.points), end)


def _columns(time: str, kind: str, name: str, points: str, end: str) -> str:
    left = "".join(
        text + " " * max(1, width - cell_width(text))
        for text, width in ((time, 10), (kind, 9), (_cut(name), NAME_CELLS))
    )
    return f"{left}{' ' * max(0, 14 - cell_width(points))}{points}  {end}"


def _cut(name: str) -> str:
    while cell_width(name) >= NAME_CELLS:
        name = name[:-1]
    return name
