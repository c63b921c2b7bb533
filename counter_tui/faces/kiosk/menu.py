"""The kiosk's menu: what a citizen can do with card and PIN (MYP-9)."""

from collections.abc import Iterable

from textual.widget import Widget

from counter_tui import texts
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM
from counter_tui.shell.home import HomeScreen
from counter_tui.shell.widgets import NumberedList, Words
from counter_tui.tasks.mykey.menu import TASKS
from counter_tui.texts import _, later


class KioskMenuScreen(HomeScreen[None]):
    """What stands there while nobody is there."""

    KEYS = ("choose", "language")
    SYSTEM = PLATFORM
    HEADING = later("マイキーIDの手続き")
    HELP_TEXT = later(
        "番号キー、または矢印キーとEnterで選びます。\n"
        "手続きには、マイナンバーカードと、利用者証明用電子証明書のパスワード(4桁)が必要です。\n"
        "60秒間キー操作がないと、入力した内容を消してこの画面に戻ります。"
    )
    BINDINGS = bindings("language")

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Words(_("行う手続きを選んでください。マイナンバーカードをご用意ください。"))
        yield NumberedList([_(text) for text, _screen in TASKS])

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Open the chosen task."""
        if self.is_active:
            _text, screen = TASKS[chosen.index]
            self.app.push_screen(screen())

    def action_language(self) -> None:
        """English, and back to 日本語."""
        other = "ja" if texts.language() == "en" else "en"
        self.host.use_language(other)
