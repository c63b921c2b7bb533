"""Lists of the issuer's: its numbers, and the notices that addresses may have changed (SID-2)."""

from collections.abc import Iterable
from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp
from jichipoint.v1 import service_ids_pb2
from textual import work
from textual.widget import Widget

from counter_tui.core.tokyo import day_of
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM, CounterScreen
from counter_tui.shell.marked_list import HEAD_INDENT, MarkedList
from counter_tui.shell.widgets import Words
from counter_tui.slips.document import cell_width
from counter_tui.texts import _, later


class ServiceIdListScreen(CounterScreen[None]):
    """The numbers that are registered at the issuer, a page at a time."""

    KEYS = ("next_page", "read_again", "back")
    SYSTEM = PLATFORM
    HEADING = later("サービスIDの一覧")
    HELP_TEXT = later(
        "この端末のID付与事業者に登録されている利用カード番号の一覧です。\n"
        "F3 で次のページ、F5 で最初から読み直します。"
    )
    BINDINGS = bindings("next_page", "read_again", "back")
    AUTO_FOCUS = "#numbers"

    def __init__(self) -> None:
        super().__init__()
        self._next_token = ""

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        head = _columns(_("利用カード番号"), _("マイキーID"), _("登録日"), _("住所変更の通知"))
        yield Words(HEAD_INDENT + head, id="columns")
        yield MarkedList(id="numbers", markup=False)
        yield Words("", id="count")

    def on_mount(self) -> None:
        """Read the first page."""
        self._load("")

    def shown_actions(self) -> list[str]:
        """Offer the next page where there is one."""
        keys = super().shown_actions()
        return [key for key in keys if key != "next_page" or self._next_token]

    @work(exclusive=True)
    async def _load(self, token: str) -> None:
        page = await self.asked(lambda: self.calls.service_ids.service_ids(token))
        if page is None:
            return
        self._next_token = page.next_page_token
        chooser = self.query_one("#numbers", MarkedList)
        chooser.clear_options()
        chooser.add_options([_number_line(one) for one in page.service_ids])
        if page.service_ids:
            chooser.highlighted = 0
        count = _("このページ {count}件").format(count=len(page.service_ids))
        none = _("登録されている番号はありません。")
        self.query_one("#count", Words).show(count if page.service_ids or token else none)
        self.show_keys()

    def action_next_page(self) -> None:
        """次のページ."""
        if self._next_token:
            self._load(self._next_token)

    def action_read_again(self) -> None:
        """読み直し."""
        self._load("")

    def action_back(self) -> None:
        """Go back to the menu."""
        self.workers.cancel_node(self)
        self.dismiss(None)


class AddressNoticesScreen(CounterScreen[None]):
    """住所等の変更の可能性: notices to acknowledge."""

    KEYS = ("acknowledge", "read_again", "back")
    SYSTEM = PLATFORM
    HEADING = later("住所等の変更の可能性")
    HELP_TEXT = later(
        "署名用電子証明書が住所等の変更で失効した利用者の一覧です。\n"
        "新しい住所は分かりません。利用者に確認してください。\n"
        "確認したら、選んでEnterを押すと一覧から消えます。"
    )
    BINDINGS = bindings("read_again", "back")
    AUTO_FOCUS = "#notices"

    def __init__(self) -> None:
        super().__init__()
        self._notices: list[service_ids_pb2.AddressNotice] = []

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Words(_("利用者に現住所を確認してください。"), id="instruction")
        yield Words(HEAD_INDENT + _columns(_("利用カード番号"), _("通知日"), "", ""), id="columns")
        yield MarkedList(id="notices", markup=False)
        yield Words("", id="count")

    def on_mount(self) -> None:
        """Read them."""
        self._load()

    @work(exclusive=True)
    async def _load(self) -> None:
        notices = await self.asked(self.calls.service_ids.address_notices)
        if notices is None:
            return
        self._notices = notices
        chooser = self.query_one("#notices", MarkedList)
        chooser.clear_options()
        chooser.add_options(
            [_columns(one.customer_id, _day(one.notice_time), "", "") for one in self._notices]
        )
        if self._notices:
            chooser.highlighted = 0
        count = _("未確認の通知 {count}件").format(count=len(self._notices))
        self.query_one("#count", Words).show(
            count if self._notices else _("未確認の通知はありません。")
        )

    def on_option_list_option_selected(self, event: MarkedList.OptionSelected) -> None:
        """確認済み."""
        if event.option_index < len(self._notices):
            self._acknowledge(self._notices[event.option_index].notice_id)

    @work(exclusive=True)
    async def _acknowledge(self, notice_id: int) -> None:
        if await self.asked(lambda: self.calls.service_ids.acknowledge_address_notice(notice_id)):
            self.tell(_("確認済みにしました。"))
            self._load()

    def action_read_again(self) -> None:
        """読み直し."""
        self.tell("")
        self._load()

    def action_back(self) -> None:
        """Go back to the menu."""
        self.workers.cancel_node(self)
        self.dismiss(None)


def _number_line(one: service_ids_pb2.ServiceId) -> str:
    day = _day(one.register_time) if one.HasField("register_time") else ""
    return _columns(one.customer_id, one.mykey_id, day, _("はい") if one.notices_address else "")


def _columns(number: str, second: str, third: str, fourth: str) -> str:
    widths = ((number, 34), (second, 12), (third, 12))
    cells = (text + " " * max(1, width - cell_width(text)) for text, width in widths)
    return ("".join(cells) + fourth).rstrip()


def _day(moment: Timestamp) -> str:
    return day_of(moment.ToDatetime(tzinfo=UTC)).isoformat()
