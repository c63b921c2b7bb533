"""取消: of a spend, or of a voucher that is not redeemed: reason, confirm, done (USE-4, VCH-9)."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from jichipoint.v1 import points_pb2, vouchers_pb2
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.bookings.bookings import Finished, NotBooked, Outcome
from counter_tui.bookings.outbox import Entry
from counter_tui.bookings.values import points_text
from counter_tui.core.uuid7 import new_request_id
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal, CounterScreen
from counter_tui.shell.large import large_digits
from counter_tui.shell.widgets import NumberedList, PlainInput, Words
from counter_tui.slips.vouchers import voucher_title
from counter_tui.tasks.booking.working import WorkingScreen
from counter_tui.tasks.use.done import DoneScreen
from counter_tui.texts import _, later

REASON_LENGTH_MAX = 100
_REASONS = (
    later("ポイント数の打ち間違い"),
    later("カードの取り違え"),
    later("利用者の申し出"),
    later("印字の失敗"),
)


@dataclass(frozen=True, slots=True)
class Cancellable:
    """What is to be cancelled."""

    method: str
    """CancelSpend or CancelVoucher."""
    transaction_number: str
    program_name: str
    points: int

    def request(self, request_id: str, reason: str) -> bytes:
        """Return the serialized request."""
        kind = (
            vouchers_pb2.CancelVoucherRequest
            if self.method == "CancelVoucher"
            else points_pb2.CancelSpendRequest
        )
        return kind(
            request_id=request_id, transaction_number=self.transaction_number, reason=reason
        ).SerializeToString()


class ReasonBox(CounterModal[str]):
    """Why: one of a few reasons by its number, or typed."""

    KEYS = ("choose", "keep")
    BINDINGS: ClassVar = bindings("keep")

    def box(self) -> Iterable[Widget]:
        """Return the reasons, and the field for another one."""
        yield Words(_("取消の理由"), classes="box-heading")
        yield Words(_("番号で選ぶか、最後の番号を選んで理由を入力してください。"))
        yield NumberedList([*map(_, _REASONS), _("その他(入力する)")])
        yield PlainInput(id="reason", max_length=REASON_LENGTH_MAX)

    def on_mount(self) -> None:
        """Hide the field until it is wanted."""
        self.query_one("#reason").display = False

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Take the reason, or ask for it."""
        if chosen.index < len(_REASONS):
            self.dismiss(_(_REASONS[chosen.index]))
            return
        field = self.query_one("#reason", Input)
        field.display = True
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed."""
        if event.value.strip():
            self.dismiss(event.value.strip())

    def action_keep(self) -> None:
        """Go back without cancelling."""
        self.dismiss(None)


class CancelConfirmScreen(CounterScreen[Outcome]):
    """取消 確認: what is cancelled, and why."""

    KEYS = ("cancel_it", "back")
    HEADING = later("取消 確認")
    HELP_TEXT = later("Enterで取り消します。Escで取り消さずに戻ります。")
    BINDINGS = bindings("cancel_it", "back")

    def __init__(self, what: Cancellable, reason: str) -> None:
        super().__init__()
        self._what = what
        self._reason = reason
        self._submitted = False

    def body(self) -> Iterable[Widget]:
        """Return what will be booked."""
        what = self._what
        text = _("ポイントを利用者に戻します。よろしければ「取消」してください。")
        if what.method == "CancelVoucher":
            text += "\n" + _("ポイント券の紙を受け取ってから取り消してください。")
        yield Words(text)
        rows = (
            (_("取引済番号"), what.transaction_number),
            (_("ポイント名"), what.program_name),
            (_("理由"), self._reason),
        )
        for label, value in rows:
            with Horizontal(classes="row"):
                yield Words(label, classes="label")
                yield Words(value)
        with Horizontal(classes="amount"):
            yield Words(_("取り消すポイント数"), classes="label")
            yield Words(large_digits(f"{what.points:,}"), id="large")
            yield Words(points_text(what.points), classes="unit")

    def action_cancel_it(self) -> None:
        """取消."""
        if self._submitted:
            return
        self._submitted = True
        request_id = new_request_id(time.time_ns() // 1_000_000)
        entry = Entry(
            request_id=request_id,
            method=self._what.method,
            request=self._what.request(request_id, self._reason),
            created_at=self.host.clock(),
            abandoned=False,
            answer=None,
        )
        self.app.push_screen(WorkingScreen(entry, is_new=True), self._worked)

    def _worked(self, outcome: Outcome | None) -> None:
        self.dismiss(outcome or NotBooked("", ""))

    def action_back(self) -> None:
        """Go back, with nothing sent."""
        self.dismiss(None)


class CancelDoneScreen(DoneScreen):
    """取消 完了."""

    KEYS = ("close", "print")
    HEADING = later("取消 完了")
    INSTRUCTION = later(
        "取消が完了しました。\nポイントは元の有効期限のまま\n戻りました。\n\n"
        "レシートを印字する場合は F8 を\n押してください。"
    )
    HELP_TEXT = later("F8でレシートを印字します。")


def begin_cancelling(
    screen: CounterScreen[Any], what: Cancellable, done: Callable[[bool], None]
) -> None:
    """Ask why, let it be confirmed, book it; `done` is told whether it was cancelled."""
    screen.app.push_screen(ReasonBox(), partial(_confirm, screen, what, done))


def _confirm(
    screen: CounterScreen[Any], what: Cancellable, done: Callable[[bool], None], reason: str | None
) -> None:
    if reason is None:
        return
    confirm = CancelConfirmScreen(what, reason)
    screen.app.push_screen(confirm, partial(_booked, screen, what, done))


def _booked(
    screen: CounterScreen[Any],
    what: Cancellable,
    done: Callable[[bool], None],
    outcome: Outcome | None,
) -> None:
    if isinstance(outcome, Finished):
        if what.method == "CancelVoucher":
            title = voucher_title(what.transaction_number)
            screen.app.run_worker(screen.host.slips.give_up(title))
        slip = screen.session.kinds.slip_of(
            outcome.booked, screen.session.letterhead, what.program_name
        )
        screen.app.push_screen(CancelDoneScreen(outcome, slip), lambda _result: done(True))
    elif isinstance(outcome, NotBooked):
        text = outcome.message or _("処理を取りやめました。")
        nothing = _("取り消されていません。")
        screen.tell(f"{text} {nothing}\n({outcome.reason})", trouble=True)
        done(False)
