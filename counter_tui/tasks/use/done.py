"""完了: what S31, S34 and S39 share."""

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget

from counter_tui.bookings.begun import Resumed, resumed_text
from counter_tui.bookings.bookings import Finished
from counter_tui.shell.actions import bindings
from counter_tui.shell.widgets import Words
from counter_tui.slips.document import Slip, render_text
from counter_tui.tasks.booking.own_key import LeftByOwnKey
from counter_tui.texts import _

SCREEN_COLUMNS = 34
"""On the screen the longest line, the time of issue, fits without a break."""


class DoneScreen(LeftByOwnKey[None]):
    """完了: the receipt, the transaction number, what to do at the till."""

    KEYS: ClassVar[tuple[str, ...]] = ("next", "print")
    BINDINGS = [*bindings("next", "print"), *bindings("back")]
    INSTRUCTION = ""

    def __init__(
        self, finished: Finished, receipt: Slip, *, resumed: Resumed | None = None
    ) -> None:
        super().__init__()
        self.finished = finished
        self.receipt = receipt
        self._resumed = resumed

    def body(self) -> Iterable[Widget]:
        """Return the receipt beside what is to be done."""
        if self._resumed:
            yield Words(resumed_text(self._resumed), id="resumed")
        with Horizontal(id="done"):
            with VerticalScroll(id="receipt"):
                yield Words("\n".join(render_text(self.receipt, SCREEN_COLUMNS)))
            yield Words(self.advice(), id="advice")

    def advice(self) -> str:
        """Return what the operator is to do now, and the transaction number."""
        number = _("取引済番号: {number}").format(number=self.transaction_number)
        return f"{_(self.INSTRUCTION)}\n\n{number}"

    @property
    def transaction_number(self) -> str:
        """The booking's number."""
        return self.session.kinds.transaction_number_of(self.finished.booked)

    def action_next(self) -> None:
        """On to the next citizen."""
        self.go_on_if_undoable()

    def action_back(self) -> None:
        """The same as next: what is booked is booked."""
        self.go_on_if_undoable()

    @work(exclusive=True)
    async def action_print(self) -> None:
        """レシート印字."""
        await self.host.slips.print(self.receipt, self, _("レシートを印字しました。"))
