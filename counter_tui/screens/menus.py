"""S22 メニュー and S28 ポイントメニュー: only what this terminal may do."""

from collections.abc import Iterable

from textual.widget import Widget

from counter_tui.actions import bindings
from counter_tui.screens.base import CounterScreen
from counter_tui.screens.merge import MergeInputScreen
from counter_tui.screens.spend import SpendInputScreen
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
        """Return the list: merging only where the terminal may."""
        lines = [_("ポイント利用")]
        if self.counter.terminal and self.counter.terminal.can_merge:
            lines.append(_("商店街ポイント合算"))
        yield Words(_("行う処理を選んでください。"))
        yield NumberedList(lines)

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Open the chosen task."""
        self.app.push_screen(SpendInputScreen() if chosen.index == 0 else MergeInputScreen())

    def action_back(self) -> None:
        """Go back to the menu."""
        self.dismiss(None)
