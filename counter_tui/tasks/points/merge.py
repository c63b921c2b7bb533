"""商店街ポイント合算: S37 input, S38 confirm, S39 done."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from jichipoint.v1 import issuers_pb2, merging_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.bookings.begun import Resumed
from counter_tui.bookings.bookings import Finished
from counter_tui.bookings.spool import SpoolError, SpoolFault
from counter_tui.bookings.values import Request, Use, pin_above, points_text
from counter_tui.calls.answers import TroubleError
from counter_tui.core.customer_id import parse_number, without_nw7_letters
from counter_tui.core.number_texts import NUMBER_FAULTS
from counter_tui.shell.actions import bindings
from counter_tui.shell.widgets import PlainInput, Words
from counter_tui.slips.document import Slip
from counter_tui.slips.receipts import Letterhead, merge_receipt
from counter_tui.tasks.points.spend import limits_text
from counter_tui.tasks.use.confirm import ConfirmScreen
from counter_tui.tasks.use.done import DoneScreen
from counter_tui.tasks.use.input import UseInputScreen
from counter_tui.texts import _, later

_DELIVERY = {
    SpoolFault.MISSING: later("連携フォルダがありません。"),
    SpoolFault.READ_ONLY: later("連携フォルダに書き込めません。"),
    SpoolFault.FULL: later("ディスクがいっぱいです。"),
    SpoolFault.OTHER_CONTENT: later("連携フォルダに同じ名前の別のファイルがあります。"),
}
_NOT_DELIVERED = later("連携フォルダに置けませんでした。")
ACKNOWLEDGED_AFTER_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""The pauses before it is asked whether the street's system has taken a merge."""


_REGISTERED_BY_F3 = frozenset({"SERVICE_ID_NOT_REGISTERED", "STREET_CARD_UNKNOWN"})
"""Reasons after which the registration is offered (MRG-2)."""


class MergeInputScreen(UseInputScreen):
    """S37."""

    KEYS = ("check", "register_id", "read_card", "back")
    HEADING = later("商店街ポイント合算 カード読取・ポイント数入力")
    HELP_TEXT = later(
        "1. 利用者のマイナンバーカードをセットします(自動で読み取ります)。\n"
        "   商店街ポイントカードのときは、番号を入力してEnterを押すか、\n"
        "   バーコードを読み取ります。\n"
        "2. 合算するポイント数を入力し、Enterで確認画面へ進みます。\n"
        "サービスIDの登録がないときは F3 で登録へ進みます。\n"
        "合算は取り消せません。"
    )
    BINDINGS = bindings("register_id")
    AUTO_FOCUS = "#number"
    TAKES_SCANS = True
    AMOUNT_HEADING = later("商店街ポイントへの合算に利用するポイント数入力")
    ASK_FOR_CARD = later("マイナンバーカードをセットするか、商店街カード番号を入力してください。")

    def __init__(self) -> None:
        super().__init__()
        self._found: merging_pb2.GetMergeablePointsResponse | None = None
        self._serial_number = ""
        self._customer_id = ""
        """The number on the street's own card, where that was shown (III.15)."""
        self._offers_registration = False
        self._is_nw7 = False
        """Whether the street's cards have NW-7 bars, whose ends are no part of the number."""

    def on_mount(self) -> None:
        """Ask how the street's own cards are read; Textual calls the base's handler besides."""
        self._load_issuer()

    @work(exclusive=True, group="issuer")
    async def _load_issuer(self) -> None:
        with suppress(TroubleError):  # the card tells what is the matter
            issuer = await self.calls.service_ids.issuer()
            self._is_nw7 = issuer.handover.symbology == issuers_pb2.SYMBOLOGY_NW7

    def shown_actions(self) -> list[str]:
        """Offer the registration where none is there."""
        keys = super().shown_actions()
        return [key for key in keys if key != "register_id" or self._offers_registration]

    def other_cards(self) -> Iterable[Widget]:
        """Return the field for the number on the street's own card."""
        with Horizontal(classes="field"):
            yield Words(_("商店街カード番号"), classes="label")
            yield PlainInput(id="number")

    def choice(self) -> Iterable[Widget]:
        """Return the balance."""
        yield Words(_("合算に利用可能なポイント残高"), classes="section")
        yield Words("", id="chosen")
        yield Words("", id="limits")

    async def load(self, serial_number: str) -> None:
        """MRG-1."""
        found = await self.calls.merging.mergeable_points(serial_number)
        self.forget_old_message()
        self._serial_number, self._customer_id = serial_number, ""
        self._show(found)

    def scanned(self, text: str, *, repeated: bool) -> None:
        """Take the street's own card that a scanner read."""
        if not repeated:
            self._load_number(text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """照会 in the field for the number, 確認 in that for the points."""
        if event.input.id != "number":
            super().on_input_submitted(event)
        elif event.value:
            self._load_number(event.value)
        else:
            self.query_one("#points", Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say at once what cannot be a number, on the card as in points."""
        if event.input.id != "number":
            super().on_input_changed(event)
            return
        fault = parse_number(event.value).fault if event.value else None
        self.query_one("#fault", Words).show(_(NUMBER_FAULTS[fault]) if fault else "")
        event.input.set_class(bool(fault), "invalid")
        if self._customer_id and event.input.value != self._customer_id:
            self._show_nobody()  # what is shown belongs to another number

    def _load_number(self, text: str) -> None:
        parsed = parse_number(without_nw7_letters(text) if self._is_nw7 else text)
        if parsed.fault is not None:
            self.tell(_(NUMBER_FAULTS[parsed.fault]), trouble=True)
            return
        self.forget_holder()
        self.tell("")
        field = self.query_one("#number", Input)
        field.value = parsed.number
        field.cursor_position = len(parsed.number)
        self._ask_about(parsed.number)

    @work(exclusive=True)
    async def _ask_about(self, customer_id: str) -> None:
        """Show whose number it is on the street's card (III.15)."""
        try:
            found = await self.calls.merging.mergeable_by_street_card(customer_id)
        except TroubleError as trouble:
            if await self.session.signed_in_again(trouble):
                self._ask_about(customer_id)
            else:
                self.tell_trouble(trouble)
                self.not_loaded(trouble)
            return
        self._customer_id = customer_id
        self.query_one("#card", Words).show(_("商店街ポイントカードを読み取りました。"))
        self._show(found)

    def _show(self, found: merging_pb2.GetMergeablePointsResponse) -> None:
        self._found = found
        rows = ((_("マイキーID"), found.mykey_id), *_street_rows(found))
        holder = "\n".join(f"{label}  {value}" for label, value in rows)
        self.query_one("#holder", Words).show(holder)
        points = found.usable_points
        text = f"{points.program_name}  {points_text(points.balance)}"
        self.query_one("#chosen", Words).show(text)
        self.query_one("#limits", Words).show(limits_text(points))
        self.query_one("#points", Input).focus()

    def not_loaded(self, trouble: TroubleError) -> None:
        """Offer the registration where there is none (MRG-2)."""
        self._offer_registration(trouble.reason in _REGISTERED_BY_F3)

    def _offer_registration(self, offered: bool) -> None:
        if offered != self._offers_registration:
            self._offers_registration = offered
            self.show_keys()

    def action_register_id(self) -> None:
        """登録: S23, for a holder who has none; then the card is read again."""
        if self._offers_registration:
            from counter_tui.tasks.service_ids.register import (  # noqa: PLC0415
                RegisterServiceIdScreen,
            )

            self.app.push_screen(RegisterServiceIdScreen(), self._done)

    def clear(self) -> None:
        """Show no holder."""
        self._show_nobody()
        number = self.query_one("#number", Input)
        number.value = ""
        number.focus()

    def _show_nobody(self) -> None:
        self._found = None
        self._customer_id = ""
        self._offer_registration(False)
        self.query_one("#holder", Words).show("")
        self.query_one("#chosen", Words).show("")
        self.query_one("#limits", Words).show("")

    def use(self, points: int) -> Use | None:
        """Return the merge that is to be confirmed."""
        found = self._found
        if found is None:
            return None
        request = merging_pb2.MergeRequest(
            mykey_id=found.mykey_id,
            street_point_id=found.street_point_id,
            program_id=found.usable_points.program_id,
            points=points,
            shown_on=found.shown_on,
        )
        if self._customer_id:
            request.customer_id = self._customer_id
        else:
            request.certificate_serial_number = self._serial_number
        return Use(
            "Merge",
            found.mykey_id,
            found.usable_points.program_name,
            found.usable_points.balance,
            points,
            _street_rows(found),
            Request(request),
            pin_above(found.usable_points),
            by_card_in_reader=not self._customer_id,
        )

    def confirm(self, use: Use) -> None:
        """Open S38, unless so many points take a PIN, which the street's own card has not."""
        if use.needs_pin and not use.by_card_in_reader:
            text = _("このポイント数の合算には、マイナンバーカードと暗証番号が必要です。")
            self.tell(f"{text}\n(MY_NUMBER_CARD_NEEDED)", trouble=True)
            return
        super().confirm(use)

    def confirm_screen(self, use: Use) -> ConfirmScreen:
        """Return S38."""
        return MergeConfirmScreen(use)

    def done_screen(self, finished: Finished) -> DoneScreen:
        """Return S39."""
        return merge_done(finished, self.session.letterhead)


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
        self.book()


class MergeDoneScreen(DoneScreen):
    """S39."""

    IS_FINAL = True
    KEYS = ("next", "print", "deliver")
    HEADING = later("商店街ポイント合算 完了")
    INSTRUCTION = later(
        "商店街ポイントへの合算が完了しました。\nレシートを印字する場合は F8 を\n押してください。"
    )
    HELP_TEXT = later(
        "F8でレシートを印字します。\n連携ファイルが引き渡されていないときは、F6でもう一度試します。"
    )
    BINDINGS = bindings("deliver")

    def shown_actions(self) -> list[str]:
        """Leave out 再送 once the file is delivered."""
        delivered = self.finished.delivery_fault is None
        return [key for key in super().shown_actions() if key != "deliver" or not delivered]

    def __init__(
        self, finished: Finished, receipt: Slip, *, resumed: Resumed | None = None
    ) -> None:
        super().__init__(finished, receipt, resumed=resumed)
        self._is_taken = False

    def on_mount(self) -> None:
        """Look whether the street's system takes the merge while the screen is there."""
        if self._has_file:
            self._watch_acknowledgement()

    @property
    def _has_file(self) -> bool:
        """Whether there is a file for the street; in training there is none."""
        return not self.session.training

    def advice(self) -> str:
        """Say whether the file is where the street's system takes it, and whether it did."""
        if not self._has_file:
            return super().advice()
        fault = self.finished.delivery_fault
        lines = [delivery_text(fault)]
        if fault is None:
            taken = _("商店街の受け取り: 受け取り済み")
            lines.append(taken if self._is_taken else _("商店街の受け取り: まだ確認できません"))
        return f"{super().advice()}\n\n" + "\n".join(lines)

    @work(exclusive=True, group="acknowledgement")
    async def _watch_acknowledgement(self) -> None:
        """Ask less and less often; the operator need not wait for it."""
        number = self.transaction_number
        for seconds in ACKNOWLEDGED_AFTER_SECONDS:
            await asyncio.sleep(seconds)
            with suppress(TroubleError):
                state = await self.calls.merging.merge_state(number)
                if state.HasField("acknowledge_time"):
                    self._is_taken = True
                    self._show_advice()
                    return

    def _show_advice(self) -> None:
        for advice in self.query("#advice").results(Words):
            advice.show(self.advice())

    @work(exclusive=True)
    async def action_deliver(self) -> None:
        """ファイル再送."""
        if self.finished.delivery_fault is None:
            return
        self.finished = await self.session.deliver_again(self.finished)
        self._show_advice()
        self.show_keys()


def delivery_text(fault: SpoolError | None) -> str:
    """Return the state of a merge file in the staff's words."""
    if fault is None:
        return _("連携ファイル: 引き渡し済み")
    reason = _(_DELIVERY.get(fault.reason, _NOT_DELIVERED))
    kept = _("ポイントの記帳は済んでいます。\nF6で再送、または次の起動時に再送します。")
    return "\n".join((_("連携ファイル: 未引き渡し"), reason, kept))


def merge_done(
    finished: Finished, head: Letterhead, *, resumed: Resumed | None = None
) -> MergeDoneScreen:
    """Return S39 for a booked merge."""
    merge = merging_pb2.MergeResponse.FromString(finished.booked.answer)
    return MergeDoneScreen(finished, merge_receipt(merge, head), resumed=resumed)
