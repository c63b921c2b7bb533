"""サービスIDの登録状況照会: card and PIN, S57 (IV (6))."""

from collections.abc import Iterable, Sequence
from functools import partial

from jichipoint.v1 import mykey_pb2
from textual import work
from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import MY_PAGE
from counter_tui.shell.widgets import Words
from counter_tui.slips.document import cell_width
from counter_tui.tasks.mykey.attempt import AttemptScreen
from counter_tui.tasks.mykey.done import Scroll
from counter_tui.tasks.mykey.step import Attempt, Step
from counter_tui.texts import _, later

NAME_CELLS = 44


class OwnServiceIdsStep(Step[None]):
    """S57: the holder's numbers, by issuer."""

    SYSTEM = MY_PAGE
    HEADING = later("サービスIDの登録状況照会")
    HELP_TEXT = later(
        "一覧が長いときは、矢印キーで送ります。\nEnterまたはEscでメニューに戻ります。"
    )
    KEYS = ("finish",)
    BINDINGS = bindings("finish", "read_again")
    AUTO_FOCUS = ""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt)
        self._is_shown = False

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Words("", id="state")
        yield Words("", id="columns")
        with Scroll():
            yield Words("", id="service-ids")

    def on_mount(self) -> None:
        """Ask for them."""
        self.query_one(Scroll).display = False
        self._load()

    def shown_actions(self) -> list[str]:
        """Offer to ask again where the list did not come."""
        again = [] if self._is_shown else ["read_again"]
        return [*again, *super().shown_actions()]

    @work(exclusive=True, group="service IDs")
    async def _load(self) -> None:
        ask = partial(self.calls.mykey.own_service_ids, self.attempt.attempt_id)
        found = await self.asked(ask)
        if found is None:
            return
        self._is_shown = True
        self._show_list(found)
        self.show_keys()

    def _show_list(self, found: Sequence[mykey_pb2.OwnServiceId]) -> None:
        if not found:
            self.query_one("#state", Words).show(_("登録されているサービスIDはありません。"))
            return
        text = _("あなたのサービスIDの登録状況は以下の通りです。")
        heads = _row(_("ID付与事業者名"), _("利用カード番号"))
        lines = [_row(one.issuer_name, one.customer_id) for one in found]
        self.query_one("#state", Words).show(text)
        self.query_one("#columns", Words).show(f"  {heads}")
        self.query_one("#service-ids", Words).show("\n".join(lines))
        scroll = self.query_one(Scroll)
        scroll.display = True
        scroll.focus()

    def action_read_again(self) -> None:
        """読み直し."""
        if not self._is_shown:
            self.tell("")
            self._load()

    def action_finish(self) -> None:
        """メニューへ."""
        self.leave()


def _row(name: str, number: str) -> str:
    """Return a line of the list; a name that is too long has the number beneath it."""
    if cell_width(name) >= NAME_CELLS:
        return f"{name}\n{' ' * NAME_CELLS}{number}"
    return f"{name}{' ' * (NAME_CELLS - cell_width(name))}{number}"


class OwnServiceIdsScreen(AttemptScreen):
    """サービスIDの登録状況照会."""

    SYSTEM = MY_PAGE
    HEADING = later("サービスIDの登録状況照会 マイナンバーカードのセット")
    INSTRUCTION = later("あなたのマイキーIDに登録されているサービスIDを表示します。")
    HELP_TEXT = later(
        "1. マイナンバーカードをICカードリーダーにセットします。\n"
        "2. Enterを押し、利用者証明用電子証明書のパスワード(4桁)を入力します。\n"
        "カードを抜くと、表示は消えます。"
    )
    PURPOSE = mykey_pb2.ATTEMPT_PURPOSE_SERVICE_IDS

    async def steps(self, attempt: Attempt) -> None:
        """S57."""
        await self.step(OwnServiceIdsStep(attempt))
