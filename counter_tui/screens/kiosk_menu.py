"""The kiosk's menu: what a citizen can do with card and PIN (MYP-9)."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from textual.widget import Widget

from counter_tui import texts
from counter_tui.actions import bindings
from counter_tui.screens.base import CounterScreen
from counter_tui.screens.mykey_attempt import AttemptScreen
from counter_tui.screens.mykey_change import MykeyChangeScreen
from counter_tui.screens.mykey_create import MykeyCreateScreen
from counter_tui.screens.mykey_revoke import MykeyRevokeScreen
from counter_tui.screens.mykey_service_ids import OwnServiceIdsScreen
from counter_tui.screens.mykey_tie import CardTieScreen
from counter_tui.texts import _, later
from counter_tui.widgets import NumberedList, Words

if TYPE_CHECKING:
    from counter_tui.kiosk import KioskApp

TASKS: tuple[tuple[str, Callable[[], AttemptScreen]], ...] = (
    (later("マイキーIDの作成・登録"), MykeyCreateScreen),
    (later("マイキーIDの変更"), MykeyChangeScreen),
    (later("マイキーIDの失効"), MykeyRevokeScreen),
    (later("新しいカードの登録"), CardTieScreen),
    (later("サービスIDの登録状況照会"), OwnServiceIdsScreen),
)


class KioskMenuScreen(CounterScreen[None]):
    """What stands there while nobody is there."""

    ACTS = False
    KEYS = ("choose", "language")
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

    def begin_anew(self) -> None:
        """Stand as at the beginning."""
        self.tell("")
        tasks = self.query_one(NumberedList)
        tasks.show(tasks.lines)

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Open the chosen task."""
        if self.is_active:
            _text, screen = TASKS[chosen.index]
            self.app.push_screen(screen())

    def action_language(self) -> None:
        """English, and back to 日本語."""
        other = "ja" if texts.language() == "en" else "en"
        cast("KioskApp", self.app).use_language(other)
