"""Small boxes above a screen: help, virtual cards, a window that is too small."""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.help_text import paragraphs
from counter_tui.shell.widgets import NumberedList, Words
from counter_tui.texts import _

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
        box = self.host.cards.box
        lines = [card.label for card in box.cards] if box else []
        text = _("番号キーでカードをセットします。暗証番号はどれも 1234 です。")
        if self.session.training:
            text = _("番号キーで練習用のカードをセットします。暗証番号はどれも 1234 です。")
        yield Words(_("仮想カードリーダー"), classes="box-heading")
        yield Words(text)
        yield NumberedList([*lines, _("カードを抜く")])

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Insert the card, or remove the one that is in."""
        reader = self.host.cards.box
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


class IdleBox(CounterModal[None]):
    """Nobody has pressed a key for a while: any key goes on (the application takes it)."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self._seconds = seconds

    def shown_actions(self) -> list[str]:
        """Return none: every key does the same."""
        return []

    def box(self) -> Iterable[Widget]:
        """Return how long there still is."""
        yield Words(_("操作がありません"), classes="box-heading")
        yield Words(_left_text(self._seconds), id="left")
        yield Words(_("続けるには、どれかキーを押してください。"))

    def show_left(self, seconds: int) -> None:
        """Show how long there still is."""
        for words in self.query("#left").results(Words):
            words.show(_left_text(seconds))


def _left_text(seconds: int) -> str:
    return _("あと{count}秒で、入力した内容を消してメニューに戻ります。").format(count=seconds)
