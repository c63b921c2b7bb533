"""前回の続き: what an earlier run had begun is asked about, and how it ended (USE-5)."""

from collections.abc import Iterable

from textual import work
from textual.containers import Horizontal
from textual.widget import Widget

from counter_tui.bookings.begun import Begun
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.large import large_digits
from counter_tui.shell.widgets import Words
from counter_tui.texts import _, later


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
        trouble = await self.host.slips.trouble() if self._begun.needs_printer else ""
        if trouble:
            self.tell(trouble, trouble=True)
        else:
            self.dismiss(True)

    def action_give_up(self) -> None:
        """取りやめ."""
        self.dismiss(False)
