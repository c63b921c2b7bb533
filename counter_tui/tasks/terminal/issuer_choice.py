"""ID付与事業者の選択: a terminal of class ア chooses the issuer that it works for (TRM-3)."""

from collections.abc import Iterable
from typing import ClassVar

from jichipoint.v1 import terminals_pb2
from textual import work
from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM, CounterModal, CounterScreen
from counter_tui.shell.paged_list import PagedList
from counter_tui.shell.widgets import Words
from counter_tui.tasks.booking.own_key import LeftByOwnKey
from counter_tui.texts import _, later

Issuer = terminals_pb2.ListIssuersResponse.Issuer


class IssuerBox(CounterModal[bool]):
    """Asks once more: the terminal cannot change it afterwards."""

    KEYS = ("register", "back")
    BINDINGS: ClassVar = bindings("register", "back")

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self._issuer = issuer

    def box(self) -> Iterable[Widget]:
        """Return the issuer, and that it stays."""
        yield Words(_("ID付与事業者の選択"), classes="box-heading")
        text = _(
            "この端末のID付与事業者を次のとおり登録します。\n"
            "{issuer_id}  {issuer_name}\n"
            "登録すると、この端末では変更できません。"
        )
        yield Words(
            text.format(issuer_id=self._issuer.issuer_id, issuer_name=self._issuer.issuer_name)
        )

    def action_register(self) -> None:
        """登録."""
        self.dismiss(True)

    def action_back(self) -> None:
        """Choose another one."""
        self.dismiss(False)


class IssuerChosenScreen(LeftByOwnKey[None]):
    """What the terminal works for from now on."""

    IS_FINAL = True
    KEYS = ("finish",)
    SYSTEM = PLATFORM
    HEADING = later("ID付与事業者の選択 完了")
    HELP_TEXT = later("この端末のID付与事業者が登録されました。")

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self._issuer = issuer

    def body(self) -> Iterable[Widget]:
        """Return the issuer."""
        yield Words(_("この端末のID付与事業者を登録しました。"), id="finished")
        yield Words(f"{self._issuer.issuer_id}  {self._issuer.issuer_name}", classes="value")


class IssuerChoiceScreen(CounterScreen[bool]):
    """The operator's list of issuers. Returns whether one was chosen."""

    KEYS = ("choose", "read_again", "back")
    SYSTEM = PLATFORM
    HEADING = later("ID付与事業者の選択")
    HELP_TEXT = later(
        "この端末が登録・照会するサービスIDの、ID付与事業者を選びます。\n"
        "番号キー、または矢印キーとEnterで選びます。\n"
        "一覧にないときは、自治体の担当者に連絡してください。"
    )
    BINDINGS = bindings("read_again", "back")
    AUTO_FOCUS = "#issuers"

    def __init__(self) -> None:
        super().__init__()
        self._issuers: list[Issuer] = []

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Words(_("この端末のID付与事業者を選んでください。"))
        yield PagedList(id="issuers")
        yield Words("", id="page")

    def on_mount(self) -> None:
        """Ask for the list."""
        self._load()

    @work(exclusive=True, group="issuers")
    async def _load(self) -> None:
        issuers = await self.asked(self.calls.terminals.issuers)
        if issuers is None:
            return
        self._issuers = issuers
        self.tell("" if self._issuers else _("登録されているID付与事業者がありません。"))
        lines = [f"{one.issuer_id}  {one.issuer_name}" for one in self._issuers]
        self.query_one("#issuers", PagedList).fill(lines)

    def on_paged_list_turned(self) -> None:
        """Say which page it is."""
        self.query_one("#page", Words).show(self.query_one("#issuers", PagedList).page_text)

    def on_paged_list_picked(self, picked: PagedList.Picked) -> None:
        """Ask once more, then register."""
        if self.is_active:
            self._choose(self._issuers[picked.index])

    @work(exclusive=True, group="choosing")
    async def _choose(self, issuer: Issuer) -> None:
        if not await self.app.push_screen_wait(IssuerBox(issuer)):
            return
        terminal = await self.asked(lambda: self.calls.terminals.choose_issuer(issuer.issuer_id))
        if terminal is not None:
            self.session.terminal = terminal
            await self.app.push_screen_wait(IssuerChosenScreen(issuer))
            self.dismiss(True)

    def action_read_again(self) -> None:
        """読み直し."""
        self._load()

    def action_back(self) -> None:
        """Go back to the menu."""
        self.workers.cancel_node(self)
        self.dismiss(False)
