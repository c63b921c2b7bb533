"""ポイント券発行: S32 input, S33 confirm, S34 done."""

import time
from collections.abc import Iterable
from typing import Any

from jichipoint.v1 import vouchers_pb2
from textual import work
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.bookings.begun import Resumed
from counter_tui.bookings.bookings import Finished
from counter_tui.bookings.values import Request, Use, pin_above
from counter_tui.calls.answers import TroubleError
from counter_tui.core.amount import parse_digits
from counter_tui.core.uuid7 import new_request_id
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.widgets import PlainInput, Words
from counter_tui.slips.receipts import Letterhead
from counter_tui.slips.vouchers import voucher_slip
from counter_tui.tasks.points.cancel import Cancellable, begin_cancelling
from counter_tui.tasks.points.spend import SpendInputScreen
from counter_tui.tasks.use.confirm import ConfirmScreen
from counter_tui.tasks.use.done import DoneScreen
from counter_tui.tasks.vouchers.code import VoucherCodeScreen
from counter_tui.texts import _, later

DAYS_MAX = 30


class IssueInputScreen(SpendInputScreen):
    """S32."""

    HEADING = later("ポイント券発行 カード読取・ポイント数入力")
    HELP_TEXT = later(
        "1. 利用者のマイナンバーカードをセットします(自動で読み取ります)。\n"
        "2. 利用するポイントを選び、有効期限(1〜30日)とポイント数を入力します。\n"
        "3. Enterで確認画面へ進みます。Tabで欄を移れます。\n"
        "自治体ポイントの有効期限とは関係なく、新たにポイント券の有効期限が付されます。\n"
        "消込をしないまま有効期限を過ぎたポイント券は失効します。"
    )
    AMOUNT_HEADING = later("ポイント券情報・ポイント利用数入力")

    def notes(self) -> Iterable[Widget]:
        """Return that a voucher is valid for days of its own, and what follows from that."""
        yield Words(
            _(
                "ポイントの有効期限とは関係なく、新たに券の有効期限が付されます(30日以内)。\n"
                "消込をしないまま有効期限を過ぎたポイント券は失効します。"
            ),
            id="note",
        )

    def fields(self) -> Iterable[Widget]:
        """Return the field for the voucher's days."""
        yield Words(_("ポイント券有効期限") + "*", classes="label")
        yield PlainInput(str(DAYS_MAX), id="days")
        yield Words(_("日"), classes="unit")

    def clear(self) -> None:
        """Show no holder; the days of one voucher are not those of the next."""
        super().clear()
        self.query_one("#days", Input).value = str(DAYS_MAX)

    def check(self, text: str) -> None:  # noqa: ARG002
        """Check the days first, then the amount."""
        if self._days() is None:
            self.tell(_("ポイント券の有効期限は1日から30日までで入力してください。"), trouble=True)
            self.query_one("#days", Input).focus()
            return
        points = self.query_one("#points", Input)
        if self.focused is not points and not points.value:
            points.focus()
            return
        super().check(points.value)

    def _days(self) -> int | None:
        days = parse_digits(self.query_one("#days", Input).value).points
        return days if days is not None and days <= DAYS_MAX else None

    def use(self, points: int) -> Use | None:
        """Return the issue that is to be confirmed."""
        days = self._days()
        if self.found is None or self.chosen is None or days is None:
            return None
        request = vouchers_pb2.IssueVoucherRequest(
            certificate_serial_number=self.serial_number,
            mykey_id=self.found.mykey_id,
            program_id=self.chosen.program_id,
            points=points,
            shown_on=self.found.shown_on,
            days_valid=days,
        )
        return Use(
            "IssueVoucher",
            self.found.mykey_id,
            self.chosen.program_name,
            self.chosen.balance,
            points,
            ((_("ポイント券有効期限"), _("発行日より{days}日間").format(days=days)),),
            Request(request),
            pin_above(self.chosen),
        )

    @work(exclusive=True, group="printer")
    async def confirm(self, use: Use) -> None:  # type: ignore[override]
        """Open the confirm screen, unless no voucher could be printed now (RCP-2)."""
        trouble = await self.host.slips.trouble()
        if trouble:
            self.tell(trouble, trouble=True)
        elif self.is_active:
            super().confirm(use)

    def confirm_screen(self, use: Use) -> ConfirmScreen:
        """Return S33."""
        return IssueConfirmScreen(use)

    def done_screen(self, finished: Finished) -> DoneScreen:
        """Return S34."""
        return voucher_done(finished, self.session.letterhead)


class IssueConfirmScreen(ConfirmScreen):
    """S33."""

    KEYS = ("issue", "back")
    HEADING = later("ポイント券発行 確認")
    INSTRUCTION = later("内容をご確認のうえ、よろしければ「発行」してください。")
    HELP_TEXT = later(
        "Enterで発行を確定し、ポイント券を印字します。Escで入力に戻ります。\n"
        "印字したポイント券の発行認印欄に押印(またはサイン)してください。"
    )
    BINDINGS = bindings("issue")

    @work(exclusive=True, group="printer")
    async def action_issue(self) -> None:
        """発行, unless the printer stopped working meanwhile."""
        trouble = await self.host.slips.trouble()
        if trouble:
            self.tell(trouble, trouble=True)
        else:
            self.book()


class IssueDoneScreen(DoneScreen):
    """S34: the voucher is printed at once; it can be printed again, or taken back."""

    KEYS = ("next", "reprint", "cancel", "show_code")
    HEADING = later("ポイント券発行 完了")
    INSTRUCTION = later(
        "ポイント券を発行しました。\n\n"
        "ポイント券の発行認印欄に\n押印(またはサイン)してください。\n\n"
        "印字できなかったときは F8 で再発行、\nF4 で取り消せます。"
    )
    HELP_TEXT = later(
        "F8で同じポイント券をもう一度印字します(再発行と回数が印字されます)。\n"
        "F4で発行を取り消します。紙を利用者から受け取ってから取り消してください。\n"
        "F6で発券番号のQRコードを画面に表示します。"
    )
    BINDINGS = bindings("reprint", "cancel", "show_code")

    def on_mount(self) -> None:
        """Print the voucher, unless it may have been printed before a restart."""
        if self._resumed is Resumed.BEFORE:
            self.tell(_("印字されていないときは F8 で再発行してください。"), stays=True)
        else:
            self._print_first()

    @work(exclusive=True, group="print")
    async def _print_first(self) -> None:
        await self.host.slips.print(self.receipt, self, _("ポイント券を印字しました。"))

    @work(exclusive=True, group="print")
    async def action_reprint(self) -> None:
        """再発行 (VCH-3)."""
        await reprint(self, self.transaction_number)

    def action_show_code(self) -> None:
        """QR表示."""
        issued = issued_of(self.finished)
        number = issued.voucher.voucher_number
        self.app.push_screen(VoucherCodeScreen(number, issued.qr_text))

    def action_cancel(self) -> None:
        """取消 (VCH-9)."""
        issued = issued_of(self.finished)
        voucher = issued.voucher
        begin_cancelling(
            self,
            Cancellable(
                "CancelVoucher", issued.transaction_number, voucher.program_name, voucher.points
            ),
            self._cancelled,
        )

    def _cancelled(self, done: bool) -> None:
        if done:
            self.dismiss(None)


async def reprint(screen: CounterScreen[Any], transaction_number: str) -> None:
    """Count a reprint at the server, and print the voucher once more."""
    try:
        again = await screen.calls.vouchers.reprint_voucher(
            new_request_id(time.time_ns() // 1_000_000), transaction_number
        )
    except TroubleError as trouble:
        screen.tell_trouble(trouble)
        return
    slip = voucher_slip(
        transaction_number,
        again.voucher,
        again.qr_text,
        screen.session.letterhead,
        again.reprint_count,
    )
    await screen.host.slips.give_up(slip.title)
    await screen.host.slips.print(slip, screen, _("ポイント券を再発行しました。"))


def voucher_done(
    finished: Finished, head: Letterhead, *, resumed: Resumed | None = None
) -> IssueDoneScreen:
    """Return S34 for an issued voucher."""
    issued = issued_of(finished)
    slip = voucher_slip(issued.transaction_number, issued.voucher, issued.qr_text, head)
    return IssueDoneScreen(finished, slip, resumed=resumed)


def issued_of(finished: Finished) -> vouchers_pb2.IssueVoucherResponse:
    """Return what an issue was answered with."""
    return vouchers_pb2.IssueVoucherResponse.FromString(finished.booked.answer)
