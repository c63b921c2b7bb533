"""住所の選択: the places that have a postal code in common (SET-3)."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from jichipoint.v1 import terminals_pb2
from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.paged_list import PagedList
from counter_tui.shell.widgets import Words
from counter_tui.texts import _

FoundAddress = terminals_pb2.FindAddressesResponse.FoundAddress


class AddressBox(CounterModal[FoundAddress]):
    """Returns the chosen one, or None."""

    KEYS = ("choose", "back")
    BINDINGS: ClassVar = bindings("back")

    def __init__(self, addresses: Sequence[FoundAddress]) -> None:
        super().__init__()
        self._addresses = addresses

    def box(self) -> Iterable[Widget]:
        """Return the list."""
        yield Words(_("住所の選択"), classes="box-heading")
        yield Words(_("この郵便番号の住所が複数あります。番号キーなどで選んでください。"))
        yield PagedList(id="addresses")
        yield Words("", id="page")

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(PagedList).fill(
            [f"{one.prefecture}{one.address}" for one in self._addresses]
        )

    def on_paged_list_turned(self) -> None:
        """Say which page it is."""
        self.query_one("#page", Words).show(self.query_one(PagedList).page_text)

    def on_paged_list_picked(self, picked: PagedList.Picked) -> None:
        """Take the address."""
        self.dismiss(self._addresses[picked.index])

    def action_back(self) -> None:
        """Take none."""
        self.dismiss(None)
