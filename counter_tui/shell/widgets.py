"""The few widgets that the screens share."""

import unicodedata
from collections.abc import Mapping

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from counter_tui.core.key_gate import Typing
from counter_tui.shell.actions import ACTIONS, shown_key
from counter_tui.slips.document import cell_width
from counter_tui.texts import _

KEY_BAR_CELLS = 80
LINE_BREAK = "↵"
"""Stands in a field for a pasted line break, so that it is seen and the field is not valid."""

PASTED_MAX = 1000
"""No field takes as much: what is left of a longer text is as invalid as the whole."""


class Words(Static):
    """Text as it is: square brackets in it are not markup."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None):  # noqa: A002
        super().__init__(Content(text), id=id, classes=classes)
        self.shown = text

    def show(self, text: str) -> None:
        """Show another text. The same again costs nothing: a new layout takes milliseconds."""
        if text != self.shown:
            self.shown = text
            self.update(Content(text))


class TitleBar(Horizontal):
    """The top line: the system, the terminal, and whether the server is reached."""

    def __init__(self, system: str) -> None:
        super().__init__()
        self._system = system

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        yield Words(self._system, id="system")
        yield Words("", id="terminal")
        yield Words("", id="connection")

    def show(self, terminal: str, connected: bool | None, *, training: bool) -> None:
        """Show the terminal and the connection's state; None: not known yet."""
        if not self.children:
            return  # The application ends while the screen comes up.
        self.set_class(training, "training")
        if training:
            self.query_one("#system", Words).show(_("【練習モード】"))
        self.query_one("#terminal", Words).show(terminal)
        states = {None: _("接続確認中"), True: _("● 接続中"), False: _("× 切断")}
        connection = self.query_one("#connection", Words)
        connection.show(states[connected])
        connection.set_class(connected is False, "lost")


class KeyBar(Words):
    """The two bottom lines: every action with its key."""

    def show_actions(
        self, ids: list[str], keymap: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        """Show the keys of these actions, as a keymap has them."""
        cells = [
            f" {shown_key(ACTIONS[id_], keymap or {})} {_(ACTIONS[id_].label)} " for id_ in ids
        ]
        rows = [""]
        for cell in cells:
            if cell_width(rows[-1]) + cell_width(cell) > KEY_BAR_CELLS:
                rows.append("")
            rows[-1] += cell
        self.show("\n".join(rows))


class PlainInput(Input):
    """A field that shows all it is given: full-width spaces and line breaks too.

    Textual drops U+3000 and U+00A0 when typed and all but the first line when pasted.
    """

    typing: Typing = Typing.BY_HAND
    """What the key gate is to expect here."""
    virtual_size: Reactive[Size] = Reactive(Size(0, 0))
    """What is typed moves nothing else: the field's breadth is its style's. Textual would lay out
    the whole screen again for every character."""

    async def _on_key(self, event: events.Key) -> None:
        character = event.character
        if character and not character.isprintable() and unicodedata.category(character) == "Zs":
            event.stop()
            event.prevent_default()
            self.insert_text_at_cursor(character)
            return
        await super()._on_key(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        whole = event.text.rstrip("\r\n") if event.text.count("\n") <= 1 else event.text
        text = whole.replace("\r\n", LINE_BREAK).replace("\n", LINE_BREAK)
        self.insert_text_at_cursor(text.replace("\r", LINE_BREAK)[:PASTED_MAX])


class SecretInput(PlainInput):
    """A field shown as dots; nothing of it goes to a clipboard."""

    def __init__(self, *, id: str, max_length: int = 0) -> None:  # noqa: A002
        super().__init__(id=id, password=True, max_length=max_length)

    def action_copy(self) -> None:
        """Do nothing: a secret is not copied."""

    def action_cut(self) -> None:
        """Do nothing: a secret is not copied."""


class PasswordInput(SecretInput):
    """A terminal's password, which a program that keeps passwords may type at once."""

    typing = Typing.BY_PROGRAM


class NumberedList(Widget, can_focus=True):
    """Lines to choose from by number key, or by arrows and Enter."""

    DEFAULT_CLASSES = "numbered-list"

    class Chosen(Message):
        """A line was chosen."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, lines: list[str] | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.lines = lines or []
        self.index = 0

    def show(self, lines: list[str], index: int = 0) -> None:
        """Show other lines."""
        if (lines, index) != (self.lines, self.index):
            self.lines, self.index = lines, index
            self.refresh(layout=True)

    def render(self) -> Content:
        """Draw the lines; the present one is marked by a sign and by its style."""
        rows = []
        for position, line in enumerate(self.lines):
            here = position == self.index
            text = f"{'>' if here else ' '} {position + 1}  {line}"
            rows.append(
                Content.styled(text, "reverse") if here and self.has_focus else Content(text)
            )
        return Content("\n").join(rows)

    def on_key(self, event: events.Key) -> None:
        """Move by arrows, choose by number or Enter."""
        if not self.lines:
            return
        digit = unicodedata.normalize("NFKC", event.character or "")
        if event.key in ("up", "down"):
            step = 1 if event.key == "down" else -1
            self.index = (self.index + step) % len(self.lines)
            self.refresh()
        elif event.key == "enter":
            self.post_message(self.Chosen(self.index))
        elif digit.isdigit() and 1 <= int(digit) <= len(self.lines):
            self.index = int(digit) - 1
            self.refresh()
            self.post_message(self.Chosen(self.index))
        else:
            return
        event.stop()
        event.prevent_default()
