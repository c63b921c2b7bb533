"""S22 メニュー and S28 ポイントメニュー: only what this terminal may do."""

from collections.abc import Callable, Iterable
from typing import Any

from jichipoint.v1 import terminals_pb2
from textual.screen import Screen
from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.home import HomeScreen
from counter_tui.shell.widgets import NumberedList, Words
from counter_tui.tasks.day.day import DayScreen
from counter_tui.tasks.points.merge import MergeInputScreen
from counter_tui.tasks.points.spend import SpendInputScreen
from counter_tui.tasks.service_ids.lists import AddressNoticesScreen, ServiceIdListScreen
from counter_tui.tasks.service_ids.look_up import LookUpScreen
from counter_tui.tasks.service_ids.register import RegisterServiceIdScreen
from counter_tui.tasks.vouchers.issue import IssueInputScreen
from counter_tui.tasks.vouchers.redeem import RedeemScreen
from counter_tui.texts import _, later


class MenuScreen(HomeScreen[None]):
    """S22: at a terminal with an issuer its service IDs, and the citizens' MyKey IDs."""

    KEYS = ("choose",)
    HEADING = later("メニュー")
    HELP_TEXT = later("番号キー、または矢印キーとEnterで選びます。")

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        terminal = self.session.terminal
        yield Words(f"{_('端末ID')}: {terminal.terminal_id if terminal else ''}")
        yield NumberedList([text for text, _screen in self._tasks()])

    def _tasks(self) -> list[tuple[str, Callable[[], Screen[Any]]]]:
        terminal = self.session.terminal
        of_class = terminal.terminal_class if terminal else None
        is_issuers = of_class == terminals_pb2.TERMINAL_CLASS_SERVICE_ID
        has_issuer = is_issuers and bool(terminal and terminal.issuer_id)
        is_real = not self.session.training
        tasks: tuple[tuple[bool, str, Callable[[], Screen[Any]]], ...] = (
            (has_issuer, _("サービスIDの登録"), RegisterServiceIdScreen),
            (has_issuer, _("サービスIDの照会"), LookUpScreen),
            (has_issuer, _("サービスIDの一覧"), ServiceIdListScreen),
            (has_issuer, _("住所等の変更の可能性"), AddressNoticesScreen),
            (is_issuers and is_real, _("マイキーIDの手続き"), _mykey_menu),
            (is_issuers and is_real and not has_issuer, _("ID付与事業者の選択"), _issuer_choice),
            (is_real, _("連絡先の変更"), _contact_change),
            (True, _("自治体ポイント管理クラウドへ"), PointMenuScreen),
        )
        return [(text, screen) for may, text, screen in tasks if may]

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Open the chosen task."""
        _text, screen = self._tasks()[chosen.index]
        self.tell("")
        self.app.push_screen(screen(), self.come_back)

    def come_back(self, result: object) -> None:
        """Tell what a task gives back in words, and offer what the terminal may do by now.

        Where that is the same, the cursor stays where it is.
        """
        super().come_back(result)
        tasks, texts = self.query_one(NumberedList), [text for text, _screen in self._tasks()]
        if tasks.lines != texts:
            tasks.show(texts)


class PointMenuScreen(CounterScreen[None]):
    """S28."""

    ACTS = False
    KEYS = ("choose", "back")
    HEADING = later("ポイントメニュー")
    HELP_TEXT = later("番号キー、または矢印キーとEnterで選びます。Escでメニューに戻ります。")
    BINDINGS = bindings("back")

    def body(self) -> Iterable[Widget]:
        """Return the list: each task only where the terminal may."""
        yield Words(_("行う処理を選んでください。"))
        yield NumberedList([text for text, _screen in self._tasks()])

    def _tasks(self) -> list[tuple[str, Callable[[], Screen[Any]]]]:
        terminal = self.session.terminal
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


def _contact_change() -> Screen[Any]:
    """Return the change of the contact, which few counters ever open."""
    from counter_tui.tasks.terminal.contact import ContactChangeScreen  # noqa: PLC0415

    return ContactChangeScreen()


def _issuer_choice() -> Screen[Any]:
    """Return the choice of an issuer, which a terminal makes once."""
    from counter_tui.tasks.terminal.issuer_choice import IssuerChoiceScreen  # noqa: PLC0415

    return IssuerChoiceScreen()


def _mykey_menu() -> Screen[Any]:
    """Return the menu of MyKey IDs; its screens are many, and few counters open them."""
    from counter_tui.tasks.mykey.menu import MykeyMenuScreen  # noqa: PLC0415

    return MykeyMenuScreen()
