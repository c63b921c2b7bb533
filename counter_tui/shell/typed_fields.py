"""Fields and lists on the screens of a MyKey ID: what is typed twice, and choices."""

import unicodedata

from textual import events
from textual.content import Content
from textual.message import Message

from counter_tui.shell.widgets import NumberedList, PlainInput, SecretInput


class PasteRefused(Message):
    """Somebody tried to paste into a field that is to be typed."""


class TypedMailInput(PlainInput):
    """A field to type the same once more: it takes no paste (MKY-4)."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(PasteRefused())

    def action_paste(self) -> None:
        """Take nothing from the application's own clipboard either."""
        self.post_message(PasteRefused())


class TypedSecretInput(TypedMailInput, SecretInput):
    """The same, shown as dots."""


class ChoiceList(NumberedList):
    """Lines that are switched on and off, by number keys or the space bar."""

    def __init__(self, lines: list[str], chosen: set[int], *, id: str) -> None:  # noqa: A002
        super().__init__(lines, id=id)
        self.chosen = chosen

    def render(self) -> Content:
        """Draw the lines; what is on is marked by a cross, and the present one by its style."""
        rows = []
        for position, line in enumerate(self.lines):
            here = position == self.index
            mark = "x" if position in self.chosen else " "
            text = f"{'>' if here else ' '} {position + 1} [{mark}] {line}"
            rows.append(
                Content.styled(text, "reverse") if here and self.has_focus else Content(text)
            )
        return Content("\n").join(rows)

    def on_key(self, event: events.Key) -> None:
        """Move by arrows, switch by number or space; Enter is left to the screen."""
        digit = unicodedata.normalize("NFKC", event.character or "")
        if event.key == "enter":
            # The handler of the class above would take it for a choice.
            event.prevent_default()
            return
        if digit == " ":
            self._switch(self.index)
        elif digit.isdigit() and 1 <= int(digit) <= len(self.lines):
            self._switch(int(digit) - 1)
        else:
            return
        event.stop()
        event.prevent_default()

    def _switch(self, index: int) -> None:
        self.index = index
        self.chosen ^= {index}
        self.refresh()
