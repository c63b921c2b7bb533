"""Boxes of the redemption screen: which place is paid, and what could not be redeemed."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from jichipoint.v1 import vouchers_pb2
from textual.widget import Widget

from counter_tui.bookings.redemptions import Waiting
from counter_tui.bookings.values import points_text
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.marked_list import MarkedList
from counter_tui.shell.widgets import Words
from counter_tui.slips.vouchers import spaced
from counter_tui.texts import _

SHOWN_MAX = 4


class PlaceBox(CounterModal[vouchers_pb2.RedemptionPlace]):
    """利用場所: at a collecting point one of the shops tied to it, or the point itself (VCH-5)."""

    KEYS = ("choose", "dismiss_box")
    BINDINGS: ClassVar = [*bindings("dismiss_box"), ("f2", "dismiss_box", "")]

    def __init__(self, places: Sequence[vouchers_pb2.RedemptionPlace]) -> None:
        super().__init__()
        self._places = places

    def box(self) -> Iterable[Widget]:
        """Return the places."""
        yield Words(_("利用場所"), classes="box-heading")
        yield Words(_("ポイント券を使ったお店を矢印キーで選び、Enterを押してください。"))
        yield MarkedList(*(place.name for place in self._places), id="places", markup=False)

    def on_option_list_option_selected(self, event: MarkedList.OptionSelected) -> None:
        """Take the place."""
        self.dismiss(self._places[event.option_index])

    def action_dismiss_box(self) -> None:
        """Keep the place there is."""
        self.dismiss(None)


class ReportBox(CounterModal[bool]):
    """要確認: taken without network, and not redeemed by the server."""

    KEYS = ("seen", "dismiss_box")
    BINDINGS: ClassVar = bindings("seen", "dismiss_box")

    def __init__(self, refused: Sequence[Waiting]) -> None:
        super().__init__()
        self._refused = refused

    def box(self) -> Iterable[Widget]:
        """Return the vouchers."""
        yield Words(_("使えなかったポイント券"), classes="box-heading")
        for one in self._refused[:SHOWN_MAX]:
            yield Words(
                f"{spaced(one.voucher_number)}  {points_text(one.points)}\n"
                f"  {one.refusal} ({one.reason})"
            )
        if len(self._refused) > SHOWN_MAX:
            more = len(self._refused) - SHOWN_MAX
            yield Words(_("ほか {count}枚").format(count=more))
        yield Words(_("これらの券は支払われません。控えてから Enter を押してください。"))

    def action_seen(self) -> None:
        """The operator has noted them."""
        self.dismiss(True)

    def action_dismiss_box(self) -> None:
        """Keep them in the list."""
        self.dismiss(False)
