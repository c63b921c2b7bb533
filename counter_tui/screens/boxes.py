"""Small boxes above a screen: help, virtual cards, a window that is too small."""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from counter_tui.actions import bindings
from counter_tui.help_text import paragraphs
from counter_tui.screens.base import CounterModal
from counter_tui.texts import _
from counter_tui.widgets import NumberedList, Words

COLUMNS_MIN, ROWS_MIN = 80, 24


class HelpBox(CounterModal[None]):
    """F1: what the screen is for and how it is used."""

    KEYS = ("close",)
    ACTS = False
    BINDINGS: ClassVar = [*bindings("close"), ("escape,f1", "close", "")]

    def __init__(self, heading: str, text: str) -> None:
        super().__init__()
        self._heading = heading
        self._text = text

    def box(self) -> Iterable[Widget]:
        """Return heading and text."""
        yield Words(self._heading, classes="box-heading")
        yield from paragraphs(self._text)

    def action_close(self) -> None:
        """Close the box."""
        self.dismiss(None)


class CardsBox(CounterModal[None]):
    """F9 in the demo: puts a virtual card into the reader or takes it out."""

    KEYS = ("dismiss_box",)
    ACTS = False
    BINDINGS: ClassVar = [*bindings("dismiss_box"), ("f9", "dismiss_box", "")]

    def shown_actions(self) -> list[str]:
        """Return the way out: F9 closes the box that it opened."""
        return list(self.KEYS)

    def box(self) -> Iterable[Widget]:
        """Return the cards."""
        box = self.counter.card_box
        lines = [card.label for card in box.cards] if box else []
        text = _("番号キーでカードをセットします。暗証番号はどれも 1234 です。")
        if self.counter.training:
            text = _("番号キーで練習用のカードをセットします。暗証番号はどれも 1234 です。")
        yield Words(_("仮想カードリーダー"), classes="box-heading")
        yield Words(text)
        yield NumberedList([*lines, _("カードを抜く")])

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Insert the card, or remove the one that is in."""
        reader = self.counter.card_box
        if reader is not None:
            if chosen.index < len(reader.cards):
                reader.insert(chosen.index)
            else:
                reader.remove()
        self.dismiss(None)

    def action_dismiss_box(self) -> None:
        """Close the box."""
        self.dismiss(None)


class TooSmallBox(CounterModal[None]):
    """Covers everything while the window is smaller than 80×24."""

    ACTS = False

    def compose(self) -> ComposeResult:
        """Lay out the message."""
        yield Words(
            _(
                "画面が小さすぎます。\n80桁×24行以上に広げてください。\n処理中の内容は失われません。"
            ),
            id="too-small",
        )
