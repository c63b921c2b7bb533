"""S16, 基本自治体ポイント口座: a prefecture where there are many, then the municipality."""

from collections.abc import Iterable
from typing import ClassVar

from jichipoint.v1 import mykey_pb2
from textual import work
from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PORTAL
from counter_tui.shell.paged_list import LINES_ON_A_PAGE, PagedList
from counter_tui.shell.widgets import Words
from counter_tui.tasks.mykey.form import Form
from counter_tui.tasks.mykey.step import Attempt, Step
from counter_tui.texts import _, later


def base_name(base: mykey_pb2.BaseMunicipality | None) -> str:
    """Return prefecture and name; a prefecture itself is named once."""
    if base is None:
        return ""
    return base.name if base.name == base.prefecture else f"{base.prefecture} {base.name}"


class BaseStep(Step[None]):
    """S16, its fourth part."""

    SYSTEM = PORTAL
    HEADING = later("マイキーIDの作成・登録および利用者マイページのログイン用パスワード等設定")
    HELP_TEXT = later(
        "番号キー、または矢印キーとEnterで選びます。\n"
        "都道府県を選ぶと、その都道府県の自治体が表示されます。\n"
        "自治体ポイントを設定している自治体だけが選べます。\n"
        "F3で前に戻ります。Escでやめます。"
    )
    KEYS = ("choose", "previous", "abort")
    BINDINGS = bindings("previous", "read_again")
    POSITION: ClassVar[str] = "4/5"
    AUTO_FOCUS = "#bases"

    def __init__(self, attempt: Attempt, form: Form) -> None:
        super().__init__(attempt)
        self.form = form
        self._all: list[mykey_pb2.BaseMunicipality] | None = None
        self._prefecture: str | None = None
        """Whose municipalities are shown; None for the prefectures."""

    def body(self) -> Iterable[Widget]:
        """Return the explanation and the list."""
        yield Words(_("基本自治体ポイント口座を設定してください。"))
        yield Words(
            _(
                "基本自治体ポイント口座とは、利用者が地域経済応援ポイントから移行した"
                "留保ポイント（自治体ポイント）が、一定期間を経過して、特定の自治体ポイント口座に"
                "移行されなければ、自動的にポイントが移行される自治体ポイント口座のことです。"
            ),
            id="explanation",
        )
        yield Words("", id="list-heading")
        yield PagedList(id="bases")
        yield Words("", id="page")

    def on_mount(self) -> None:
        """Ask for the list."""
        self._load()

    def shown_actions(self) -> list[str]:
        """Offer to ask again where the list did not come."""
        again = ["read_again"] if self._all is None else []
        return [*again, *super().shown_actions()]

    @work(exclusive=True, group="bases")
    async def _load(self) -> None:
        found = await self.asked(self.calls.mykey.base_municipalities)
        if found is None:
            return
        self._all = found
        if not found:
            text = _("設定できる自治体がありません。自治体の担当者にお問い合わせください。")
            self.tell(text, trouble=True)
        if self.form.base is not None and self._is_long:
            self._prefecture = self.form.base.prefecture
        self._show_list()

    @property
    def _is_long(self) -> bool:
        return self._all is not None and len(self._all) > LINES_ON_A_PAGE

    def _prefectures(self) -> list[str]:
        return list(dict.fromkeys(one.prefecture for one in self._all or ()))

    def _municipalities(self) -> list[mykey_pb2.BaseMunicipality]:
        return [one for one in self._all or () if self._prefecture in (None, one.prefecture)]

    def _shows_prefectures(self) -> bool:
        return self._is_long and self._prefecture is None

    def _show_list(self) -> None:
        bases = self.query_one("#bases", PagedList)
        if self._shows_prefectures():
            heading = _("都道府県を選んでください。")
            bases.fill(self._prefectures())
        else:
            heading = _("基本自治体ポイント口座")
            shown = self._municipalities()
            here = shown.index(self.form.base) if self.form.base in shown else 0
            bases.fill([base_name(one) for one in shown], here)
        self.query_one("#list-heading", Words).show(heading)
        self.show_keys()

    def on_paged_list_turned(self) -> None:
        """Say which page it is."""
        self.query_one("#page", Words).show(self.query_one("#bases", PagedList).page_text)

    def on_paged_list_picked(self, picked: PagedList.Picked) -> None:
        """Take the prefecture, or the municipality."""
        if self._shows_prefectures():
            self._prefecture = self._prefectures()[picked.index]
            self._show_list()
            return
        self.form.base = self._municipalities()[picked.index]
        self.dismiss(None)

    def action_read_again(self) -> None:
        """読み直し."""
        if self._all is None:
            self.tell("")
            self._load()

    def action_previous(self) -> None:
        """前に戻る: from the municipalities of a prefecture to the prefectures."""
        if self._is_long and self._prefecture is not None:
            self._prefecture = None
            self._show_list()
        else:
            super().action_previous()
