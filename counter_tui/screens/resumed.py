"""前回の続き: what an earlier run had begun is asked about, and how it ended (USE-5)."""

from collections.abc import Callable, Iterable

from textual import work
from textual.containers import Horizontal
from textual.widget import Widget

from counter_tui.actions import bindings
from counter_tui.core.answers import UnknownKindError, slip_of
from counter_tui.core.bookings import Finished
from counter_tui.screens.base import CounterScreen
from counter_tui.screens.begun import Begun, Resumed
from counter_tui.screens.cancel import CancelDoneScreen
from counter_tui.screens.large import large_digits
from counter_tui.screens.merge import merge_done
from counter_tui.screens.service_id_register import RegisteredScreen
from counter_tui.screens.spend import spend_done
from counter_tui.screens.use_done import DoneScreen
from counter_tui.screens.voucher_issue import voucher_done
from counter_tui.screens.voucher_redeem import RedeemDoneScreen
from counter_tui.slips.receipts import Letterhead
from counter_tui.texts import _, later
from counter_tui.widgets import Words

Done = DoneScreen | RegisteredScreen


class ResumeScreen(CounterScreen[bool]):
    """Whether a request that nothing was decided on is booked now, or given up.

    Enter does neither.
    """

    KEYS = ("book_now", "give_up")
    HEADING = later("前回の続き")
    HELP_TEXT = later(
        "前回アプリが止まったときに、結果がまだ分からなかった処理です。\n"
        "値引きなどが済んでいるときは F3 で記帳します。\n"
        "そうでないときは F7 で取りやめます。あとから記帳されることはありません。\n"
        "すでに記帳されていたときは、どちらを押しても二重には記帳されません。\n"
        "F10で終了すると、次にログインしたときにもう一度表示されます。"
    )
    BINDINGS = bindings("book_now", "give_up")

    def __init__(self, begun: Begun) -> None:
        super().__init__()
        self._begun = begun

    def body(self) -> Iterable[Widget]:
        """Return whose it is, when it was begun, what it is and how much."""
        yield Words(
            _(
                "前回の処理です。サーバーでは、記帳とも取りやめともまだ決まっていません。\n"
                "利用者にすでに値引きなどをしたか確かめ、F3 か F7 を押してください。"
            )
        )
        for label, value in self._begun.all_rows():
            with Horizontal(classes="row"):
                yield Words(label, classes="label")
                yield Words(value)
        if self._begun.points is not None:
            with Horizontal(classes="amount"):
                yield Words(_("ポイント数"), classes="label")
                yield Words(large_digits(f"{self._begun.points:,}"), id="large")
                yield Words("pt", classes="unit")

    @work(exclusive=True)
    async def action_book_now(self) -> None:
        """記帳する, unless it is a voucher that could not be printed (RCP-2)."""
        prints = self._begun.entry.method == "IssueVoucher"
        trouble = await self.counter.printer_trouble() if prints else ""
        if trouble:
            self.tell(trouble, trouble=True)
        else:
            self.dismiss(True)

    def action_give_up(self) -> None:
        """取りやめ."""
        self.dismiss(False)


def _cancel_done(finished: Finished, head: Letterhead, begun: Begun, resumed: Resumed) -> Done:
    slip = slip_of(finished.booked, head, begun.program)
    return CancelDoneScreen(finished, slip, resumed=resumed)


DONE_SCREENS: dict[str, Callable[[Finished, Letterhead, Begun, Resumed], Done]] = {
    "Spend": lambda finished, head, _begun, resumed: spend_done(finished, head, resumed=resumed),
    "Merge": lambda finished, head, _begun, resumed: merge_done(finished, head, resumed=resumed),
    "IssueVoucher": lambda finished, head, _begun, resumed: voucher_done(
        finished, head, resumed=resumed
    ),
    "RedeemVoucher": lambda finished, head, _begun, resumed: RedeemDoneScreen(
        finished, slip_of(finished.booked, head), resumed=resumed
    ),
    "CancelSpend": _cancel_done,
    "CancelVoucher": _cancel_done,
    "RegisterServiceId": lambda finished, _head, _begun, resumed: RegisteredScreen(
        finished, resumed=resumed
    ),
}
"""By the method, as core/answers.py lists them."""


def resumed_screen(finished: Finished, head: Letterhead, begun: Begun, resumed: Resumed) -> Done:
    """Return the screen of a booking that an earlier run began. Raises UnknownKindError."""
    try:
        make = DONE_SCREENS[finished.booked.method]
    except KeyError:
        raise UnknownKindError(f"no screen for {finished.booked.method!r}") from None
    return make(finished, head, begun, resumed)
