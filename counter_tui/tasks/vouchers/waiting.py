"""What waits for the network, wherever it is shown: always with its warnings (VCH-8)."""

from typing import ClassVar, Generic, TypeVar

from textual import work

from counter_tui.bookings.redemptions import RedemptionError
from counter_tui.bookings.trust import Summary
from counter_tui.bookings.values import points_text
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.widgets import Words
from counter_tui.texts import _, later

R = TypeVar("R")


class WaitingLine(Words):
    """How many vouchers wait, and what is to be known of them; nothing where none do."""

    def __init__(self, *, keeps_room: bool = False) -> None:
        super().__init__("", id="waiting")
        self._keeps_room = keeps_room
        self.display = keeps_room

    def tell(self, summary: Summary, refused_text: str) -> None:
        """Show what waits."""
        text = "  ".join(_parts(summary, refused_text))
        self.show(text)
        self.display = bool(text) or self._keeps_room


class WaitingScreen(CounterScreen[R], Generic[R]):
    """A screen with a WaitingLine: anew when it comes up, something changes or the day may turn."""

    REFUSED_TEXT: ClassVar[str] = later("使えなかった券 {count}枚(ポイント券消込のF6で確認)")

    def on_screen_resume(self) -> None:
        """Show what waits by now."""
        self.show_waiting()

    @work(exclusive=True, group="waiting")
    async def show_waiting(self) -> None:  # type: ignore[override]
        """Show what waits for the network, and warn of what is good today for the last time."""
        try:
            summary = await self.session.trust.summary()
        except RedemptionError as error:
            self.tell(str(error), trouble=True)
            return
        for line in self.query(WaitingLine):
            line.tell(summary, _(self.REFUSED_TEXT))
        self.waiting_shown(summary)

    def waiting_shown(self, summary: Summary) -> None:
        """Do what else hangs on it."""


def _parts(summary: Summary, refused_text: str) -> list[str]:
    parts = []
    if summary.count:
        parts.append(
            _("未確定 {count}枚 {points}").format(
                count=summary.count, points=points_text(summary.points)
            )
        )
    if summary.last_day_is_today:
        text = _("本日が有効期限の券が{count}枚あります。早めにつないでください。")
        parts.append(text.format(count=summary.last_day_is_today))
    if summary.refused:
        parts.append(refused_text.format(count=len(summary.refused)))
    if summary.damaged:
        parts.append(_("読めない記録 {count}件").format(count=summary.damaged))
    return parts
