"""商店街ポイント合算: S37 input, S38 confirm, S39 done."""

from collections.abc import Iterable

from jichipoint.v1 import merging_pb2
from textual import work
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.actions import bindings
from counter_tui.core.bookings import Finished
from counter_tui.core.spool import SpoolError, SpoolFault
from counter_tui.screens.spend import limits_text
from counter_tui.screens.use_confirm import ConfirmScreen
from counter_tui.screens.use_done import DoneScreen
from counter_tui.screens.use_input import UseInputScreen
from counter_tui.screens.use_values import Request, Use, pin_above, points_text
from counter_tui.slips.receipts import Letterhead, merge_receipt
from counter_tui.texts import _, later
from counter_tui.widgets import Words

_DELIVERY = {
    SpoolFault.MISSING: later("連携フォルダがありません。"),
    SpoolFault.READ_ONLY: later("連携フォルダに書き込めません。"),
    SpoolFault.FULL: later("ディスクがいっぱいです。"),
    SpoolFault.OTHER_CONTENT: later("連携フォルダに同じ名前の別のファイルがあります。"),
}
_NOT_DELIVERED = later("連携フォルダに置けませんでした。")


class MergeInputScreen(UseInputScreen):
    """S37."""

    HEADING = later("商店街ポイント合算 カード読取・ポイント数入力")
    HELP_TEXT = later(
        "1. 利用者のマイナンバーカードをセットします(自動で読み取ります)。\n"
        "2. 合算するポイント数を入力し、Enterで確認画面へ進みます。\n"
        "合算は取り消せません。"
    )
    AUTO_FOCUS = "#points"

    def __init__(self) -> None:
        super().__init__()
        self._found: merging_pb2.GetMergeablePointsResponse | None = None
        self._serial_number = ""

    def choice(self) -> Iterable[Widget]:
        """Return the balance."""
        yield Words(_("合算に利用可能なポイント残高"), id="choice-heading")
        yield Words("", id="chosen")
        yield Words("", id="limits")

    async def load(self, serial_number: str) -> None:
        """MRG-1."""
        found = await self.counter.gateway.mergeable_points(serial_number)
        self.forget_old_message()
        self._found, self._serial_number = found, serial_number
        rows = ((_("マイキーID"), found.mykey_id), *_street_rows(found))
        holder = "\n".join(f"{label}  {value}" for label, value in rows)
        self.query_one("#holder", Words).show(holder)
        points = found.usable_points
        text = f"{points.program_name}  {points_text(points.balance)}"
        self.query_one("#chosen", Words).show(text)
        self.query_one("#limits", Words).show(limits_text(points))
        self.query_one("#points", Input).focus()

    def clear(self) -> None:
        """Show no holder."""
        self._found = None
        self.query_one("#holder", Words).show("")
        self.query_one("#chosen", Words).show("")
        self.query_one("#limits", Words).show("")

    def use(self, points: int) -> Use | None:
        """Return the merge that is to be confirmed."""
        found = self._found
        if found is None:
            return None
        request = merging_pb2.MergeRequest(
            certificate_serial_number=self._serial_number,
            mykey_id=found.mykey_id,
            street_point_id=found.street_point_id,
            program_id=found.usable_points.program_id,
            points=points,
            shown_on=found.shown_on,
        )
        return Use(
            "Merge",
            found.mykey_id,
            found.usable_points.program_name,
            found.usable_points.balance,
            points,
            _street_rows(found),
            Request(request),
            pin_above(found.usable_points),
        )

    def confirm_screen(self, use: Use) -> ConfirmScreen:
        """Return S38."""
        return MergeConfirmScreen(use)

    def done_screen(self, finished: Finished) -> DoneScreen:
        """Return S39."""
        return merge_done(finished, self.counter.letterhead)


def _street_rows(
    found: merging_pb2.GetMergeablePointsResponse,
) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (_("商店街名"), found.street_name),
        (_("商店街ポイント顧客ID"), found.street_point_id),
    )


class MergeConfirmScreen(ConfirmScreen):
    """S38."""

    KEYS = ("merge", "back")
    HEADING = later("商店街ポイント合算 確認")
    INSTRUCTION = later(
        "内容をご確認のうえ、よろしければ「合算」してください。取り消しはできません。"
    )
    HELP_TEXT = later(
        "Enterで合算を確定します。Escで入力に戻ります。\n"
        "合算は商店街のポイントに加算されるため、取り消せません。"
    )
    BINDINGS = bindings("merge")

    def action_merge(self) -> None:
        """合算."""
        self.submit()


class MergeDoneScreen(DoneScreen):
    """S39."""

    KEYS = ("next", "print", "deliver")
    HEADING = later("商店街ポイント合算 完了")
    INSTRUCTION = later(
        "商店街ポイントへの合算が完了しました。\nレシートを印字する場合は F8 を\n押してください。"
    )
    HELP_TEXT = later(
        "F8でレシートを印字します。Enterで次の利用者に進みます。\n"
        "連携ファイルが引き渡されていないときは、F6でもう一度試します。"
    )
    BINDINGS = bindings("deliver")

    def shown_actions(self) -> list[str]:
        """Leave out 再送 once the file is delivered."""
        delivered = self.finished.delivery_fault is None
        return [key for key in super().shown_actions() if key != "deliver" or not delivered]

    def advice(self) -> str:
        """Say whether the file is where the street's system takes it."""
        return f"{super().advice()}\n\n{delivery_text(self.finished.delivery_fault)}"

    @work(exclusive=True)
    async def action_deliver(self) -> None:
        """ファイル再送."""
        if self.finished.delivery_fault is None:
            return
        self.finished = await self.counter.deliver_again(self.finished)
        self.query_one("#advice", Words).show(self.advice())
        self.show_keys()


def delivery_text(fault: SpoolError | None) -> str:
    """Return the state of a merge file in the staff's words."""
    if fault is None:
        return _("連携ファイル: 引き渡し済み")
    reason = _(_DELIVERY.get(fault.reason, _NOT_DELIVERED))
    kept = _("ポイントの記帳は済んでいます。\nF6で再送、または次の起動時に再送します。")
    return "\n".join((_("連携ファイル: 未引き渡し"), reason, kept))


def merge_done(finished: Finished, head: Letterhead, *, resumed: bool = False) -> MergeDoneScreen:
    """Return S39 for a booked merge."""
    merge = merging_pb2.MergeResponse.FromString(finished.booked.answer)
    return MergeDoneScreen(finished, merge_receipt(merge, head), resumed=resumed)
