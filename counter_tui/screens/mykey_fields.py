"""Fields and lists on the screens of a MyKey ID: secrets, what is typed twice, choices, pages."""

import unicodedata
from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message

from counter_tui.texts import _
from counter_tui.widgets import NumberedList, PlainInput

LINES_ON_A_PAGE = 9
"""As many as there are number keys."""


class SecretInput(PlainInput):
    """A field shown as dots; nothing of it goes to a clipboard."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, password=True)

    def action_copy(self) -> None:
        """Do nothing: a secret is not copied."""

    def action_cut(self) -> None:
        """Do nothing: a secret is not copied."""


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


class PagedList(NumberedList):
    """A list of any length, nine lines at a time: arrows go over its pages, PageUp and PageDown
    turn them, number keys choose on the page that is shown."""

    class Picked(Message):
        """A line of the whole list was chosen."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.whole: Sequence[str] = ()
        self.page = 0

    @property
    def page_count(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-len(self.whole) // LINES_ON_A_PAGE))

    @property
    def page_text(self) -> str:
        """Which page this is; empty where there is only one."""
        if self.page_count == 1:
            return ""
        text = _("{page}/{pages}ページ  ↑↓・PageUp・PageDown で送ります。")
        return text.format(page=self.page + 1, pages=self.page_count)

    def fill(self, lines: Sequence[str], index: int = 0) -> None:
        """Show another list, at a line of it."""
        self.whole = lines
        self._go_to(index)

    def _go_to(self, index: int) -> None:
        index = min(max(index, 0), max(len(self.whole) - 1, 0))
        self.page, here = divmod(index, LINES_ON_A_PAGE)
        first = self.page * LINES_ON_A_PAGE
        self.show(list(self.whole[first : first + LINES_ON_A_PAGE]), here)
        self.post_message(self.Turned())

    class Turned(Message):
        """Another page may be shown."""

    def on_key(self, event: events.Key) -> None:
        """Go over the pages; the rest is as in a list of one page."""
        step = {
            "up": -1,
            "down": 1,
            "pageup": -LINES_ON_A_PAGE,
            "pagedown": LINES_ON_A_PAGE,
            "home": -len(self.whole),
            "end": len(self.whole),
        }.get(event.key)
        if step is None or not self.whole:
            return
        present = self.page * LINES_ON_A_PAGE + self.index
        index = present + step
        if abs(step) == 1:
            index %= len(self.whole)
        self._go_to(index)
        event.stop()
        event.prevent_default()

    def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Say which line of the whole list it is."""
        chosen.stop()
        self.post_message(self.Picked(self.page * LINES_ON_A_PAGE + chosen.index))
