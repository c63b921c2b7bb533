"""S22 メニュー and S28 ポイントメニュー: only what this terminal may do."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from jichipoint.v1 import terminals_pb2
from textual.screen import Screen
from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM
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
from counter_tui.tasks.vouchers.waiting import WaitingLine, WaitingScreen
from counter_tui.texts import _, later


class Task(NamedTuple):
    """A line of a menu."""

    may: Callable[[terminals_pb2.Terminal], bool]
    """Whether the terminal may, apart from its class."""
    label: str
    """Untranslated."""
    screen: Callable[[], Screen[Any]]
    in_training: bool = True


def _always(_terminal: terminals_pb2.Terminal) -> bool:
    return True


def _has_issuer(terminal: terminals_pb2.Terminal) -> bool:
    return bool(terminal.issuer_id)


def _has_no_issuer(terminal: terminals_pb2.Terminal) -> bool:
    return not terminal.issuer_id


POINT_TASKS = (
    Task(lambda terminal: terminal.can_spend, later("ポイント利用"), SpendInputScreen),
    Task(lambda terminal: terminal.can_issue_vouchers, later("ポイント券発行"), IssueInputScreen),
    Task(lambda terminal: terminal.can_redeem_vouchers, later("ポイント券消込"), RedeemScreen),
    Task(lambda terminal: terminal.can_merge, later("商店街ポイント合算"), MergeInputScreen),
    Task(lambda terminal: terminal.can_redeem_vouchers, later("本日の取引・日計"), DayScreen),
)
"""S28."""


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


def _point_menu() -> Screen[Any]:
    return PointMenuScreen()


_AT_EVERY_COUNTER = (
    Task(_always, later("連絡先の変更"), _contact_change, in_training=False),
    Task(_always, later("自治体ポイント管理クラウドへ"), _point_menu),
)
MENUS: Mapping[terminals_pb2.TerminalClass.ValueType, tuple[Task, ...]] = {
    terminals_pb2.TERMINAL_CLASS_SERVICE_ID: (
        Task(_has_issuer, later("サービスIDの登録"), RegisterServiceIdScreen),
        Task(_has_issuer, later("サービスIDの照会"), LookUpScreen),
        Task(_has_issuer, later("サービスIDの一覧"), ServiceIdListScreen),
        Task(_has_issuer, later("住所等の変更の可能性"), AddressNoticesScreen),
        Task(_always, later("マイキーIDの手続き"), _mykey_menu, in_training=False),
        Task(_has_no_issuer, later("ID付与事業者の選択"), _issuer_choice, in_training=False),
        *_AT_EVERY_COUNTER,
    ),
    terminals_pb2.TERMINAL_CLASS_POINT_USE: _AT_EVERY_COUNTER,
    terminals_pb2.TERMINAL_CLASS_VOUCHER: _AT_EVERY_COUNTER,
}
"""S22, by the class of the terminal: what is not here is no counter's."""


class MenuScreen(WaitingScreen[None], HomeScreen[None]):
    """S22: at a terminal with an issuer its service IDs, and the citizens' MyKey IDs."""

    KEYS = ("choose",)
    SYSTEM = PLATFORM
    HEADING = later("メニュー")
    HELP_TEXT = later("番号キー、または矢印キーとEnterで選びます。")

    def body(self) -> Iterable[Widget]:
        """Return the list, or that this is not the application of such a terminal."""
        terminal = self.session.terminal
        yield Words(f"{_('端末ID')}: {terminal.terminal_id if terminal else ''}")
        yield WaitingLine()
        tasks = self._tasks()
        if tasks:
            yield NumberedList([_(task.label) for task in tasks])
        else:
            yield Words(
                _(
                    "この端末IDは、窓口アプリの端末のものではありません。\n"
                    "F10で終了し、自治体の担当者に連絡してください。"
                )
            )

    def _tasks(self) -> list[Task]:
        terminal = self.session.terminal
        if terminal is None:
            return []
        return [
            task
            for task in MENUS.get(terminal.terminal_class, ())
            if task.may(terminal) and (task.in_training or not self.session.training)
        ]

    def shown_actions(self) -> list[str]:
        """Show nothing to choose with where there is nothing."""
        keys = super().shown_actions()
        return keys if self._tasks() else [key for key in keys if key != "choose"]

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Open the chosen task."""
        self.tell("")
        self.app.push_screen(self._tasks()[chosen.index].screen(), self.come_back)

    def come_back(self, result: object) -> None:
        """Tell what a task gives back in words, and offer what the terminal may do by now.

        Where that is the same, the cursor stays where it is.
        """
        super().come_back(result)
        lines = [_(task.label) for task in self._tasks()]
        for tasks in self.query(NumberedList):
            if tasks.lines != lines:
                tasks.show(lines)


class PointMenuScreen(WaitingScreen[None]):
    """S28."""

    ACTS = False
    KEYS = ("choose", "back")
    HEADING = later("ポイントメニュー")
    HELP_TEXT = later("番号キー、または矢印キーとEnterで選びます。Escでメニューに戻ります。")
    BINDINGS = bindings("back")

    def body(self) -> Iterable[Widget]:
        """Return the list: each task only where the terminal may."""
        yield Words(_("行う処理を選んでください。"))
        yield WaitingLine()
        yield NumberedList([_(task.label) for task in self._tasks()])

    def _tasks(self) -> list[Task]:
        terminal = self.session.terminal
        return [task for task in POINT_TASKS if terminal is not None and task.may(terminal)]

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Open the chosen task."""
        self.app.push_screen(self._tasks()[chosen.index].screen())

    def action_back(self) -> None:
        """Go back to the menu."""
        self.dismiss(None)
