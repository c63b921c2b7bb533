"""確認: what S30 and S38 share."""

import time
from collections.abc import Iterable
from functools import partial

from jichipoint.v1 import cards_pb2
from textual.containers import Horizontal
from textual.widget import Widget

from counter_tui.bookings.bookings import NotBooked, Outcome
from counter_tui.bookings.outbox import Entry
from counter_tui.bookings.values import (
    Back,
    ConfirmResult,
    Stale,
    Use,
    points_text,
)
from counter_tui.core.uuid7 import new_request_id
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.large import large_digits
from counter_tui.shell.widgets import Words
from counter_tui.tasks.booking.working import WorkingScreen
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.texts import _


class ConfirmScreen(CounterScreen[ConfirmResult]):
    """確認: the amount again, large; one Enter books, a second at once does nothing."""

    BINDINGS = bindings("back")
    INSTRUCTION = ""

    def __init__(self, use: Use) -> None:
        super().__init__()
        self._use = use
        self._submitted = False
        self._stale: Stale | None = None
        self._pin_box: PinBox | None = None
        self.card_session: int | None = None
        """The insertion of the card that was read."""

    def body(self) -> Iterable[Widget]:
        """Return what will be booked."""
        use = self._use
        rows = [
            (_("マイキーID"), use.mykey_id),
            *use.rows,
            (_("ポイント名"), use.program_name),
            (_("ポイント残高"), points_text(use.balance)),
        ]
        yield Words(_(self.INSTRUCTION))
        for label, value in rows:
            with Horizontal(classes="row"):
                yield Words(label, classes="label")
                yield Words(value)
        with Horizontal(classes="amount"):
            yield Words(_("ポイント利用数"), classes="label")
            yield Words(large_digits(f"{use.points:,}"), id="large")
            yield Words(points_text(use.points), classes="unit")
        with Horizontal(classes="row"):
            yield Words(_("ポイント利用後残高"), classes="label")
            yield Words(points_text(use.balance - use.points))

    def on_mount(self) -> None:
        """Look whether the card is still in."""
        self._check_card()

    def _check_card(self) -> None:
        """Leave if the card went before this screen was there to be told (USE-9)."""
        if not self._use.by_card_in_reader:
            return
        if self.host.cards.session is None:
            self.card_removed()
        elif self.host.cards.session != self.card_session:
            self.card_inserted()

    def book(self) -> None:
        """Book, if the card is still the one; where it is wanted, after the PIN."""
        if self._submitted:
            return
        self._check_card()
        if self._stale:
            return
        request_id = new_request_id(time.time_ns() // 1_000_000)
        if not self._use.needs_pin:
            self._book(request_id, None)
        elif self._pin_box is None:
            self._pin_box = PinBox(request_id)
            self.app.push_screen(self._pin_box, partial(self._proved, request_id))

    def _proved(self, request_id: str, proof: cards_pb2.CardProof | None) -> None:
        self._pin_box = None
        if proof is not None and not self._stale:
            self._book(request_id, proof)

    def _book(self, request_id: str, proof: cards_pb2.CardProof | None) -> None:
        self._submitted = True
        entry = Entry(
            request_id=request_id,
            method=self._use.method,
            request=self._use.request.with_id(request_id, proof),
            created_at=self.host.clock(),
            abandoned=False,
            answer=None,
        )
        self.app.push_screen(WorkingScreen(entry, is_new=True), self._worked)

    def _worked(self, outcome: Outcome | None) -> None:
        self.dismiss(outcome or NotBooked("", ""))

    def card_removed(self) -> None:
        """Without the card that was read the confirmation does not hold (USE-9)."""
        self._leave(_("確認の前にカードが抜かれました。もう一度カードをセットしてください。"))

    def card_inserted(self) -> None:
        """Another card: the confirmation does not hold (USE-9)."""
        self._leave(_("カードが入れ替わりました。内容をもう一度確認してください。"))

    def _leave(self, message: str) -> None:
        if self._submitted or self._stale:
            return
        self._stale = Stale(message)
        if self._pin_box is not None:
            self._pin_box.action_back()
        self.dismiss(self._stale)

    def action_back(self) -> None:
        """Go back to the input, with nothing sent."""
        self.dismiss(Back())
