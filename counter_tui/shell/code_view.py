"""The widget that shows a QR code or a barcode to a scanner."""

from textual.color import Color
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

DARK_ON_LIGHT = Style(
    background=Color(255, 255, 255), foreground=Color(0, 0, 0), dim=False, reverse=False
)
"""Fixed, whatever the theme: many scanners read no code that is light on dark."""


class CodeView(Static):
    """Rows of `counter_tui.slips.cell_codes`, each cell as it is.

    The widget is as large as the code. A container that is smaller cuts it, and then no scanner
    reads it: compare `len(rows[0])` and `len(rows)` with the room there is before showing it.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    CodeView { width: auto; height: auto; }
    """

    def __init__(
        self,
        rows: list[str] | None = None,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(_content(rows or []), id=id, classes=classes)

    def show(self, rows: list[str]) -> None:
        """Show another code; no rows: none."""
        self.update(_content(rows))


def _content(rows: list[str]) -> Content:
    return Content.styled("\n".join(rows), DARK_ON_LIGHT)
