"""Small boxes about service IDs: a number that is to be replaced."""

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.widgets import Words
from counter_tui.texts import _


class ReplaceBox(CounterModal[bool]):
    """Shows the number there is, and asks whether another replaces it (SID-1)."""

    KEYS = ("replace", "back")
    BINDINGS: ClassVar = bindings("replace", "back")

    def __init__(self, present: str, number: str) -> None:
        super().__init__()
        self._present = present
        self._number = number

    def box(self) -> Iterable[Widget]:
        """Return both numbers."""
        yield Words(_("登録済みの番号の置き換え"), classes="box-heading")
        text = _(
            "この方は別の利用カード番号を登録しています。\n"
            "登録済み: {present}\n"
            "今回:     {number}\n"
            "今回の番号に置き換えますか。前の番号は使えなくなります。"
        )
        yield Words(text.format(present=self._present, number=self._number))

    def action_replace(self) -> None:
        """置き換える."""
        self.dismiss(True)

    def action_back(self) -> None:
        """Leave the number there is."""
        self.dismiss(False)
