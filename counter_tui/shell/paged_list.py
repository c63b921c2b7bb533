"""A list of any length to choose from, a page at a time."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from counter_tui.shell.widgets import NumberedList
from counter_tui.texts import _

LINES_ON_A_PAGE = 9
"""As many as there are number keys."""


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
