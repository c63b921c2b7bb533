"""ポイント利用: S29 input, S30 confirm, S31 done."""

from collections.abc import Iterable

from jichipoint.v1 import points_pb2, programs_pb2
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.bookings.begun import Resumed
from counter_tui.bookings.bookings import Finished
from counter_tui.bookings.values import Request, Use, day_text, pin_above, points_text
from counter_tui.shell.actions import bindings
from counter_tui.shell.widgets import NumberedList, Words
from counter_tui.slips.document import cell_width
from counter_tui.slips.receipts import Letterhead, spend_receipt
from counter_tui.tasks.use.confirm import ConfirmScreen
from counter_tui.tasks.use.done import DoneScreen
from counter_tui.tasks.use.input import UseInputScreen
from counter_tui.texts import _, later

KIND_CELLS, NAME_CELLS, BALANCE_CELLS = 17, 30, 12


class SpendInputScreen(UseInputScreen):
    """S29."""

    HEADING = later("ポイント利用 カード読取・ポイント数入力")
    HELP_TEXT = later(
        "1. 利用者のマイナンバーカードをセットします(自動で読み取ります)。\n"
        "2. 利用するポイントを番号キー、または矢印キーとEnterで選びます。\n"
        "3. 利用するポイント数を入力し、Enterで確認画面へ進みます。\n"
        "全角の数字も使えます。数字以外の文字は消すまで先に進めません。"
    )
    AMOUNT_HEADING = later("ポイント利用数入力")
    AUTO_FOCUS = "#points"

    def __init__(self) -> None:
        super().__init__()
        self.found: points_pb2.ListUsablePointsResponse | None = None
        self.serial_number = ""
        self.chosen: programs_pb2.UsablePoints | None = None

    def choice(self) -> Iterable[Widget]:
        """Return the list of usable points."""
        section, heading = _("ポイント選択"), _("利用可能なポイント一覧")
        yield Words(f"{section}  {heading}", classes="section")
        heads = (_("区分"), _("ポイント名"), _("ポイント残高"), _("有効期限"))
        yield Words(" " * 5 + _columns(*heads), id="columns")
        yield NumberedList(id="programs")
        yield Words("", id="chosen")
        yield Words("", id="limits")

    async def load(self, serial_number: str) -> None:
        """USE-1."""
        found = await self.calls.points.usable_points(serial_number)
        self.forget_old_message()
        self.found, self.serial_number = found, serial_number
        self.query_one("#holder", Words).show(f"{_('マイキーID')}  {found.mykey_id}")
        programs = self.query_one("#programs", NumberedList)
        programs.show([_program_line(one) for one in found.usable_points])
        if len(found.usable_points) == 1:
            self._choose(0)
        elif found.usable_points:
            programs.focus()
            text = _("利用するポイントを番号で選んでください。")
            self.query_one("#chosen", Words).show(text)
        else:
            self.tell(_("この端末で利用できるポイントはありません。"), trouble=True)

    def clear(self) -> None:
        """Show no holder."""
        self.found = self.chosen = None
        self.query_one("#holder", Words).show("")
        self.query_one("#programs", NumberedList).show([])
        self.query_one("#chosen", Words).show("")
        self.query_one("#limits", Words).show("")

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Take the points, and on to the amount."""
        self.tell("")
        self._choose(chosen.index)

    def _choose(self, index: int) -> None:
        if self.found is None:
            return
        self.chosen = self.found.usable_points[index]
        self.query_one("#chosen", Words).show(_chosen_text(self.chosen))
        self.query_one("#limits", Words).show(limits_text(self.chosen))
        self.query_one("#points", Input).focus()

    def use(self, points: int) -> Use | None:
        """Return the spend that is to be confirmed."""
        if self.found is None or self.chosen is None:
            return None
        request = points_pb2.SpendRequest(
            certificate_serial_number=self.serial_number,
            mykey_id=self.found.mykey_id,
            program_id=self.chosen.program_id,
            points=points,
            shown_on=self.found.shown_on,
        )
        return Use(
            "Spend",
            self.found.mykey_id,
            self.chosen.program_name,
            self.chosen.balance,
            points,
            (),
            Request(request),
            pin_above(self.chosen),
        )

    def confirm_screen(self, use: Use) -> ConfirmScreen:
        """Return S30."""
        return SpendConfirmScreen(use)

    def done_screen(self, finished: Finished) -> DoneScreen:
        """Return S31."""
        return spend_done(finished, self.session.letterhead)


def _program_line(one: programs_pb2.UsablePoints) -> str:
    municipal = one.kind == programs_pb2.PROGRAM_KIND_MUNICIPAL
    kind = _("自治体ポイント") if municipal else _("特定支援イベント")
    expiry = day_text(one.next_expiry) if one.HasField("next_expiry") else "-"
    return _columns(kind, one.program_name, points_text(one.balance), expiry)


def _columns(kind: str, name: str, balance: str, expiry: str) -> str:
    """Return a line of the list; the balance is right-aligned."""
    left = "".join(
        text + " " * max(1, width - cell_width(text))
        for text, width in ((kind, KIND_CELLS), (name, NAME_CELLS))
    )
    return f"{left}{' ' * max(0, BALANCE_CELLS - cell_width(balance))}{balance}  {expiry}"


def _chosen_text(one: programs_pb2.UsablePoints) -> str:
    chosen = _("選択: {name} {balance}").format(
        name=one.program_name, balance=points_text(one.balance)
    )
    if not one.HasField("next_expiry"):
        return chosen
    expiring = _("{day}までの分 {points}").format(
        day=day_text(one.next_expiry), points=points_text(one.points_expiring_next)
    )
    return f"{chosen} ({expiring})"


def limits_text(one: programs_pb2.UsablePoints) -> str:
    """Return the limits that a use may hit, and what is left of them today (USE-6)."""
    limits = (
        ("points_per_use_max", _("1回の上限 {points}")),
        ("citizen_points_left_today", _("本日あと {points}")),
        ("terminal_points_left_today", _("この端末で本日あと {points}")),
    )
    told = [
        text.format(points=points_text(getattr(one, field)))
        for field, text in limits
        if one.HasField(field)  # type: ignore[arg-type]
    ]
    return "  ".join(told)


class SpendConfirmScreen(ConfirmScreen):
    """S30."""

    KEYS = ("spend", "back")
    HEADING = later("ポイント利用 確認")
    INSTRUCTION = later("内容をご確認のうえ、よろしければ「利用」してください。")
    HELP_TEXT = later(
        "Enterで利用を確定します。Escで入力に戻ります。\n"
        "表示されてから0.5秒間、および続けて押したEnterは無視されます。"
    )
    BINDINGS = bindings("spend")

    def action_spend(self) -> None:
        """利用."""
        self.book()


class SpendDoneScreen(DoneScreen):
    """S31."""

    HEADING = later("ポイント利用 完了")
    INSTRUCTION = later(
        "ポイント利用が完了しました。\n\n"
        "レジで「値引き」をして、\n利用分を代金から引いてください。\n\n"
        "レシートを印字する場合は F8 を\n押してください。"
    )
    HELP_TEXT = later("F8でレシートを印字します。")


def spend_done(
    finished: Finished, head: Letterhead, *, resumed: Resumed | None = None
) -> SpendDoneScreen:
    """Return S31 for a booked spend."""
    spend = points_pb2.SpendResponse.FromString(finished.booked.answer)
    return SpendDoneScreen(finished, spend_receipt(spend, head), resumed=resumed)
