"""A list to choose from with arrows, whose present line is marked by a sign too."""

from rich.segment import Segment
from textual.strip import Strip
from textual.widgets import OptionList

MARK = ">"
HEAD_INDENT = "   "
"""Sets the heads of columns above the columns: the frame, the mark and a space."""


class MarkedList(OptionList):
    """Marks the present line in the cell before it: colour alone does not tell everybody."""

    def render_line(self, y: int) -> Strip:
        """Draw a line of the list."""
        strip = super().render_line(y)
        number = self.scroll_offset.y + y
        if number >= len(self._lines) or self._lines[number] != (self.highlighted, 0):
            return strip
        first, rest = strip.divide([1, strip.cell_length])
        return Strip.join([Strip([Segment(MARK, segment.style) for segment in first]), rest])
