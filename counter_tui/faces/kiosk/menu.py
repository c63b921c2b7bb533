"""The kiosk's menu: what a citizen can do with card and PIN (MYP-9)."""

from counter_tui import texts
from counter_tui.shell.actions import bindings
from counter_tui.shell.home import HomeScreen
from counter_tui.tasks.mykey.menu import MykeyTasks
from counter_tui.texts import later


class KioskMenuScreen(MykeyTasks, HomeScreen[None]):
    """What stands there while nobody is there."""

    KEYS = ("choose", "language")
    HELP_TEXT = later(
        "番号キー、または矢印キーとEnterで選びます。\n"
        "手続きには、マイナンバーカードと、利用者証明用電子証明書のパスワード(4桁)が必要です。\n"
        "60秒間キー操作がないと、入力した内容を消してこの画面に戻ります。"
    )
    BINDINGS = bindings("language")

    def action_language(self) -> None:
        """English, and back to 日本語."""
        other = "ja" if texts.language() == "en" else "en"
        self.host.use_language(other)
