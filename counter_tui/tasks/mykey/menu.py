"""マイキーIDの手続き at a counter: what citizens do at a kiosk, here with the staff's help."""

from collections.abc import Callable, Iterable

from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM, CounterScreen
from counter_tui.shell.widgets import NumberedList, Words
from counter_tui.tasks.mykey.attempt import AttemptScreen
from counter_tui.tasks.mykey.change import MykeyChangeScreen
from counter_tui.tasks.mykey.create import MykeyCreateScreen
from counter_tui.tasks.mykey.own_service_ids import OwnServiceIdsScreen
from counter_tui.tasks.mykey.revoke import MykeyRevokeScreen
from counter_tui.tasks.mykey.tie import CardTieScreen
from counter_tui.texts import _, later

TASKS: tuple[tuple[str, Callable[[], AttemptScreen]], ...] = (
    (later("マイキーIDの作成・登録"), MykeyCreateScreen),
    (later("マイキーIDの変更"), MykeyChangeScreen),
    (later("マイキーIDの失効"), MykeyRevokeScreen),
    (later("新しいカードの登録"), CardTieScreen),
    (later("サービスIDの登録状況照会"), OwnServiceIdsScreen),
)


class MykeyTasks(CounterScreen[None]):
    """What can be done with a MyKey ID, wherever it is offered."""

    ACTS = False
    SYSTEM = PLATFORM
    HEADING = later("マイキーIDの手続き")

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Words(_("行う手続きを選んでください。マイナンバーカードをご用意ください。"))
        yield NumberedList([_(text) for text, _screen in TASKS])

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Open the chosen task."""
        if self.is_active:
            _text, screen = TASKS[chosen.index]
            self.app.push_screen(screen())


class MykeyMenuScreen(MykeyTasks):
    """The same tasks as the kiosk's menu has."""

    KEYS = ("choose", "back")
    HELP_TEXT = later(
        "番号キー、または矢印キーとEnterで選びます。Escでメニューに戻ります。\n"
        "手続きには、利用者のマイナンバーカードと暗証番号(4桁)が必要です。"
    )
    BINDINGS = bindings("back")

    def action_back(self) -> None:
        """Go back to the menu."""
        self.dismiss(None)
