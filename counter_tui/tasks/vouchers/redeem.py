"""ポイント券消込: S35 reading and redeeming, S36 done; many in a row without leaving the screen."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from jichipoint.v1 import vouchers_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.bookings.bookings import Finished, NotBooked, Outcome
from counter_tui.bookings.outbox import Entry
from counter_tui.bookings.redemptions import (
    AlreadyWaitingError,
    LapsedError,
    OverCapError,
    RedemptionError,
    TrustOverError,
)
from counter_tui.bookings.trust import Summary
from counter_tui.bookings.values import day_text, points_text
from counter_tui.calls.answers import TroubleError, UnreachableError
from counter_tui.core.uuid7 import new_request_id
from counter_tui.core.voucher_code import CodeFault, ReadCode, SignedVoucher, read_code
from counter_tui.shell.actions import bindings
from counter_tui.shell.widgets import PlainInput, Words
from counter_tui.slips.receipts import redemption_receipt, time_text
from counter_tui.slips.vouchers import spaced
from counter_tui.tasks.booking.working import WorkingScreen
from counter_tui.tasks.use.done import DoneScreen
from counter_tui.tasks.vouchers.redeem_boxes import PlaceBox, ReportBox
from counter_tui.tasks.vouchers.waiting import WaitingLine, WaitingScreen
from counter_tui.texts import _, later

_FAULTS = {
    CodeFault.EMPTY: later("発券番号を入力するか、QRコードを読み取ってください。"),
    CodeFault.OTHER: later("ポイント券のQRコードではありません。"),
    CodeFault.NUMBER_LENGTH: later("発券番号は12桁です。もう一度確認してください。"),
    CodeFault.DAMAGED: later(
        "QRコードを正しく読み取れませんでした。もう一度読み取るか、発券番号を入力してください。"
    ),
    CodeFault.NOT_SIGNED: later(
        "本物のポイント券と確認できません。受け取らずに、自治体の担当者に連絡してください。"
    ),
    CodeFault.KEY_UNKNOWN: later(
        "このQRコードの発行元を確認できません。発券番号を入力して確認してください。"
    ),
    CodeFault.KEY_WITHDRAWN: later(
        "このQRコードの鍵は取り下げられています。サーバーにつながるときに消し込んでください。"
    ),
}
_STATES = {
    vouchers_pb2.VOUCHER_STATE_OPEN: later("利用できます"),
    vouchers_pb2.VOUCHER_STATE_REDEEMED: later("消込済み"),
    vouchers_pb2.VOUCHER_STATE_LAPSED: later("失効"),
    vouchers_pb2.VOUCHER_STATE_CANCELLED: later("取消済み"),
}
ROWS = 8


@dataclass(frozen=True, slots=True)
class _Shown:
    """The voucher on the screen: as the server told it, or, without network, its code."""

    voucher: vouchers_pb2.Voucher | None
    signed: SignedVoucher | None

    @property
    def is_redeemable(self) -> bool:
        """Whether Enter does something with it."""
        if self.voucher is None:
            return self.signed is not None
        return self.voucher.state == vouchers_pb2.VOUCHER_STATE_OPEN


class RedeemScreen(WaitingScreen[None]):
    """S35, and S36 on the same screen: the next voucher can be read at once."""

    KEYS = ("redeem", "place", "report", "print", "back")
    HEADING = later("ポイント券消込 ポイント券情報読取・消込処理")
    HELP_TEXT = later(
        "1. ポイント券のQRコードを読み取るか、発券番号(12桁)を入力してEnterを押します。\n"
        "2. 内容と、発行認印・利用店舗印を確認し、Enterで消し込みます。\n"
        "続けて次のポイント券を読み取れます。一部だけの利用はできません。\n"
        "ネットワークがないときは、QRコードを読み取った券を「未確定」で受け付けます。\n"
        "つながると自動で送信し、使えなかった券は F6 で確認できます。"
    )
    BINDINGS = bindings("place", "report", "print", "back")
    AUTO_FOCUS = "#number"
    TAKES_SCANS = True
    REFUSED_TEXT = later("使えなかった券 {count}枚(F6)")

    def __init__(self) -> None:
        super().__init__()
        self._places: list[vouchers_pb2.RedemptionPlace] = []
        self._place: vouchers_pb2.RedemptionPlace | None = None
        self._shown: _Shown | None = None
        self._last: vouchers_pb2.RedeemVoucherResponse | None = None
        self._count = 0
        self._points = 0
        self._has_report = False
        self._submitted = False
        self._next_text = ""
        """Scanned while a voucher was being taken."""
        self._read_text = ""
        """What was read to show the voucher."""

    def body(self) -> Iterable[Widget]:
        """Return the field, the voucher, and what was redeemed so far."""
        yield Words("", id="place")
        yield Words("", id="total")
        yield WaitingLine(keeps_room=True)
        with Horizontal(classes="field"):
            yield Words(_("発券番号") + "*", classes="label")
            yield PlainInput(id="number")
        yield Words("", id="voucher")

    def on_mount(self) -> None:
        """Ask where vouchers are redeemed for."""
        self._show_totals()
        self._load_places()

    def shown_actions(self) -> list[str]:
        """Leave out what cannot be done now."""
        left_out = set()
        if len(self._places) < 2:
            left_out.add("place")
        if not self._has_report:
            left_out.add("report")
        if self._last is None:
            left_out.add("print")
        return [key for key in super().shown_actions() if key not in left_out]

    @work(exclusive=True, group="places")
    async def _load_places(self) -> None:
        try:
            self._places = await self.calls.vouchers.redemption_places()
        except TroubleError:
            return  # the terminal's own place is meant where none is named
        if self._places and self._place is None:
            self._choose_place(self._places[0])
        self.show_keys()
        if len(self._places) > 1:
            self.action_place()

    def _choose_place(self, place: vouchers_pb2.RedemptionPlace) -> None:
        self._place = place
        text = f"{_('利用場所')}  {place.name}"
        self.query_one("#place", Words).show(text)

    def action_place(self) -> None:
        """利用場所 (VCH-5)."""
        if len(self._places) > 1:
            self.app.push_screen(PlaceBox(self._places), self._place_chosen)

    def _place_chosen(self, place: vouchers_pb2.RedemptionPlace | None) -> None:
        if place is not None and place != self._place:
            self._choose_place(place)
            self._forget()
        self.query_one("#number", Input).focus()

    def scanned(self, text: str, *, repeated: bool) -> None:
        """Take a code; the same at once again is the trigger held a little long.

        One that comes while the voucher before is being taken waits for its turn.
        """
        if repeated:
            return
        if self._submitted:
            self._next_text = text
            return
        field = self.query_one("#number", Input)
        with self.prevent(Input.Changed):
            field.value = ""
        self._forget()
        self._read(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another number is another voucher; an empty field is what a scan leaves.

        What a scan put into the field for a moment is not there any more when it is told here.
        """
        number = event.input.value
        if number and number != self._read_text:
            self._forget()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look the number up; once it is shown, redeem."""
        if not self.is_active:
            return
        if self._shown is not None:
            self._redeem()
        else:
            self._read(event.value)

    def _forget(self) -> None:
        self.workers.cancel_group(self, "look up")
        self._shown = None
        self._submitted = False
        self.query_one("#voucher", Words).show("")
        self.tell("")

    def _read(self, text: str) -> None:
        self._read_text = text
        read = read_code(text, self.session.trust.keys)
        if read.fault is not None and read.signed is None:
            self.tell(f"{_(_FAULTS[read.fault])}\n({read.fault.name})", trouble=True)
            return
        self._look_up(read)

    @work(exclusive=True, group="look up")
    async def _look_up(self, read: ReadCode) -> None:
        place_id = self._place.place_id if self._place else 0
        try:
            voucher = await self.calls.vouchers.look_up_voucher(read.voucher_number, place_id)
        except UnreachableError as trouble:
            self._without_network(read, trouble)
            return
        except TroubleError as trouble:
            if await self.session.signed_in_again(trouble):
                self._look_up(read)
            else:
                self.tell_trouble(trouble)
            return
        self._show(_Shown(voucher, None))

    def _without_network(self, read: ReadCode, trouble: UnreachableError) -> None:
        """Offer to take a voucher whose code can be trusted, and to redeem it later (VCH-8)."""
        if self.session.training or read.signed is None:
            text = _(
                "サーバーにつながりません。QRコードのあるポイント券だけを未確定で受け付けられます。"
            )
            self.tell(f"{text}\n({trouble.reason})", trouble=True)
        elif read.fault is not None:
            self.tell(f"{_(_FAULTS[read.fault])}\n({read.fault.name})", trouble=True)
        elif read.signed.program_id not in self.session.trust.programs:
            self.tell(_("このポイント券は、ここでは使えません。"), trouble=True)
        elif not self.session.trust.holds:
            self.tell(_over_text(self.session.trust.last_day), trouble=True)
        elif self._place is not None and self._place != self._places[0]:
            self.tell(
                _("ネットワークがないときは、この端末の設置場所でだけ受け付けられます。"),
                trouble=True,
            )
        else:
            self._show(_Shown(None, read.signed))

    def _show(self, shown: _Shown) -> None:
        self._shown = shown
        self._submitted = False
        self.host.key_watch.appeared()
        now = self.host.clock()
        rows = _server_rows(shown.voucher, now) if shown.voucher else self._code_rows(shown.signed)
        text = "\n".join(f"{label:　<8}{value}" for label, value in rows)
        self.query_one("#voucher", Words).show(text)
        if not shown.is_redeemable:
            self.tell(_unusable_text(shown.voucher), trouble=True, stays=True)
        elif shown.voucher is None:
            self.tell(
                _(
                    "サーバーにつながりません。Enterで「未確定」として受け付けます。\n"
                    "つながったときに使えないと分かることがあります。"
                ),
                trouble=True,
                stays=True,
            )
        else:
            self.tell(
                _(
                    "発行認印と利用店舗印を確認し、よろしければEnterで消し込みます。\n"
                    "一部だけの利用はできません。"
                ),
                stays=True,
            )
        self.query_one("#number", Input).focus()

    def _code_rows(self, signed: SignedVoucher | None) -> list[tuple[str, str]]:
        if signed is None:
            return []
        programs = self.session.trust.programs
        return [
            (_("発券番号"), spaced(signed.voucher_number)),
            (_("ポイント名"), programs[signed.program_id]),
            (_("ポイント数"), points_text(signed.points)),
            (_("有効期限"), signed.until.isoformat()),
            (_("状態"), _("未確定(サーバーで未確認)")),
        ]

    def _redeem(self) -> None:
        if self._submitted:
            return
        shown = self._shown
        if shown is None or not shown.is_redeemable:
            return
        self._submitted = True
        request_id = new_request_id(time.time_ns() // 1_000_000)
        if shown.voucher is None:
            self._take(cast(SignedVoucher, shown.signed), request_id)
            return
        request = vouchers_pb2.RedeemVoucherRequest(
            request_id=request_id,
            voucher_number=shown.voucher.voucher_number,
            place_id=self._place.place_id if self._place else 0,
        )
        entry = Entry(
            request_id=request_id,
            method="RedeemVoucher",
            request=request.SerializeToString(),
            created_at=self.host.clock(),
            abandoned=False,
            answer=None,
        )
        self.app.push_screen(WorkingScreen(entry, is_new=True), self._worked)

    def _worked(self, outcome: Outcome | None) -> None:
        if isinstance(outcome, Finished):
            self._done(vouchers_pb2.RedeemVoucherResponse.FromString(outcome.booked.answer))
        elif isinstance(outcome, NotBooked):
            self._begin_next()
            text = outcome.message or _("処理を取りやめました。")
            nothing = _("消し込まれていません。")
            self.tell(f"{text} {nothing}\n({outcome.reason})", trouble=True)

    def _done(self, redeemed: vouchers_pb2.RedeemVoucherResponse) -> None:
        """S36: say so, count it, and be ready for the next."""
        self._last = redeemed
        self._count += 1
        self._points += redeemed.voucher.points
        self._begin_next()
        voucher = redeemed.voucher
        rows = (
            (_("発券番号"), spaced(voucher.voucher_number)),
            (_("ポイント名"), voucher.program_name),
            (_("利用ポイント数"), points_text(voucher.points)),
            (_("利用場所"), voucher.redeeming_place_name),
            (_("利用日時"), time_text(redeemed.book_time)),
            (_("取引済番号"), redeemed.transaction_number),
        )
        text = "\n".join(f"{label:　<8}{value}" for label, value in rows)
        self.query_one("#voucher", Words).show(text)
        done = _("ポイント券利用が完了しました。({points})").format(
            points=points_text(voucher.points)
        )
        following = _("続けて次の券を読み取れます。F8 でレシートを印字します。")
        self.tell(f"{done}\n{following}")

    @work(exclusive=True, group="take")
    async def _take(self, signed: SignedVoucher, request_id: str) -> None:
        try:
            await self.session.trust.take(signed, request_id)
        except OverCapError as over:
            text = _(
                "未確定で受け付けられるのは{vouchers}枚・{points}までです。"
                "ネットワークが戻ってから消し込んでください。"
            )
            points = points_text(over.points_max)
            self._refused(text.format(vouchers=over.vouchers_max, points=points))
        except TrustOverError as over:
            self._refused(_over_text(over.last_day))
        except AlreadyWaitingError:
            self._refused(_("このポイント券は、すでに未確定で受け付けています。"))
        except LapsedError:
            self._refused(_("このポイント券は有効期間が過ぎています。"))
        except RedemptionError as error:
            text = _("記録を保存できないため、受け付けていません。")
            self._refused(f"{text}\n{error}")
        else:
            self._begin_next()
            self.tell(
                _("未確定で受け付けました({points})。ネットワークが戻ると送信します。").format(
                    points=points_text(signed.points)
                )
            )
            self._read_next()
        self.show_waiting()

    def _read_next(self) -> None:
        following, self._next_text = self._next_text, ""
        if following:
            self.scanned(following, repeated=False)

    def _refused(self, text: str) -> None:
        """Say so, and read nothing over it: the next voucher is scanned again."""
        self._next_text = ""
        self._begin_next()
        self.tell(text, trouble=True)

    def _begin_next(self) -> None:
        field = self.query_one("#number", Input)
        with self.prevent(Input.Changed):
            field.value = ""
        field.focus()
        self._forget()
        self._show_totals()
        self.show_keys()

    def _show_totals(self) -> None:
        text = _("今回の消込 {count}枚 {points}").format(
            count=self._count, points=points_text(self._points)
        )
        self.query_one("#total", Words).show(text)

    def waiting_shown(self, summary: Summary) -> None:
        """Offer the report where there is one."""
        self._has_report = bool(summary.refused)
        self.show_keys()

    @work(exclusive=True, group="report")
    async def action_report(self) -> None:
        """要確認: vouchers that were taken without network, and could not be redeemed."""
        try:
            summary = await self.session.trust.summary()
        except RedemptionError as error:
            self.tell(str(error), trouble=True)
            return
        if not summary.refused:
            return
        seen = await self.app.push_screen_wait(ReportBox(summary.refused))
        if seen:
            await self.session.trust.seen(summary.refused)
        self.show_waiting()

    @work(exclusive=True, group="print")
    async def action_print(self) -> None:
        """レシート印字, of the last voucher."""
        if self._last is not None:
            slip = redemption_receipt(self._last, self.session.letterhead)
            await self.host.slips.print(slip, self, _("レシートを印字しました。"))

    def action_back(self) -> None:
        """Go back to the menu."""
        self.workers.cancel_node(self)
        self.dismiss(None)


class RedeemDoneScreen(DoneScreen):
    """S36, for a redemption that an earlier run had begun."""

    HEADING = later("ポイント券消込 完了")
    INSTRUCTION = later(
        "ポイント券利用が完了しました。\n\nレシートを印字する場合は F8 を\n押してください。"
    )
    HELP_TEXT = later("F8でレシートを印字します。")


def _over_text(last_day: date) -> str:
    text = _(
        "ネットワークがないときに受け付けられるのは{day}まででした。つながってから消し込んでください。"
    )
    return text.format(day=last_day.isoformat())


def _server_rows(voucher: vouchers_pb2.Voucher, now: datetime) -> list[tuple[str, str]]:
    until = day_text(voucher.last_good_day)
    valid = _("発行日より{days}日間({day}まで)").format(days=voucher.days_valid, day=until)
    used = voucher.settle_time if voucher.HasField("settle_time") else None
    if used is None:
        used = type(voucher.issue_time)()
        used.FromDatetime(now)
    return [
        (_("発券番号"), spaced(voucher.voucher_number)),
        (_("ポイント名"), voucher.program_name),
        (_("発行場所"), voucher.issuing_place_name),
        (_("発行日時"), time_text(voucher.issue_time)),
        (_("利用日時"), time_text(used)),
        (_("ポイント数"), points_text(voucher.points)),
        (_("有効期間"), valid),
        (_("状態"), _(_STATES.get(voucher.state, ""))),
    ]


def _unusable_text(voucher: vouchers_pb2.Voucher | None) -> str:
    """Return why a voucher cannot be redeemed: where and when it was (VCH-6)."""
    if voucher is None:
        return ""
    match voucher.state:
        case vouchers_pb2.VOUCHER_STATE_REDEEMED:
            text = _("このポイント券はすでに消し込まれています({place} {time})。")
            return text.format(
                place=voucher.redeeming_place_name, time=time_text(voucher.settle_time)
            )
        case vouchers_pb2.VOUCHER_STATE_LAPSED:
            return _("このポイント券は有効期間が過ぎて失効しています。")
    return _("このポイント券は取り消されています。")
