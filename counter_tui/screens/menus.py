"""S22 メニュー and S28 ポイントメニュー: only what this terminal may do."""

from collections.abc import Callable, Iterable
from typing import Any

from textual.screen import Screen
from textual.widget import Widget

from counter_tui.actions import bindings
from counter_tui.screens.base import CounterScreen
from counter_tui.screens.day import DayScreen
from counter_tui.screens.merge import MergeInputScreen
from counter_tui.screens.spend import SpendInputScreen
from counter_tui.screens.voucher_issue import IssueInputScreen
from counter_tui.screens.voucher_redeem import RedeemScreen
from counter_tui.texts import _, later
from counter_tui.widgets import NumberedList, Words


class MenuScreen(CounterScreen[None]):
    """S22."""

    KEYS = ("choose",)
    HEADING = later("メニュー")
    HELP_TEXT = later("番号キー、または矢印キーとEnterで選びます。")

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        terminal = self.counter.terminal
        yield Words(f"{_('端末ID')}: {terminal.terminal_id if terminal else ''}")
        yield NumberedList([_("自治体ポイント管理クラウドへ")])

    def on_numbered_list_chosen(self) -> None:
        """Open the points menu."""
        self.app.push_screen(PointMenuScreen())


class PointMenuScreen(CounterScreen[None]):
    """S28."""

    KEYS = ("choose", "back")
    HEADING = later("ポイントメニュー")
    HELP_TEXT = later("番号キー、または矢印キーとEnterで選びます。Escでメニューに戻ります。")
    BINDINGS = bindings("back")

    def body(self) -> Iterable[Widget]:
        """Return the list: each task only where the terminal may."""
        yield Words(_("行う処理を選んでください。"))
        yield NumberedList([text for text, _screen in self._tasks()])

    def _tasks(self) -> list[tuple[str, Callable[[], Screen[Any]]]]:
        terminal = self.counter.terminal
        if terminal is None:
            return []
        tasks: tuple[tuple[bool, str, Callable[[], Screen[Any]]], ...] = (
            (terminal.can_spend, _("ポイント利用"), SpendInputScreen),
            (terminal.can_issue_vouchers, _("ポイント券発行"), IssueInputScreen),
            (terminal.can_redeem_vouchers, _("ポイント券消込"), RedeemScreen),
            (terminal.can_merge, _("商店街ポイント合算"), MergeInputScreen),
            (terminal.can_redeem_vouchers, _("本日の取引・日計"), DayScreen),
        )
        return [(text, screen) for may, text, screen in tasks if may]

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Open the chosen task."""
        _text, screen = self._tasks()[chosen.index]
        self.app.push_screen(screen())

    def action_back(self) -> None:
        """Go back to the menu."""
        self.dismiss(None)
