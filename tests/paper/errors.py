"""What goes wrong: a fault inside a command, and the error that says where it was."""

SHOWN_MAX = 32


class CommandError(Exception):
    """What is wrong with the command being read; the renderer adds where it stands."""


class UnknownCommandError(Exception):
    """The bytes hold what a printer does not know, or would silently drop."""

    def __init__(self, offset: int, data: bytes, reason: str):
        shown = data[:SHOWN_MAX].hex(" ") + (" ..." if len(data) > SHOWN_MAX else "")
        super().__init__(f"offset {offset}: {reason} [{shown}]")
        self.offset = offset
        self.data = data
        self.reason = reason


class MissingFontError(Exception):
    """The Japanese font that the paper is drawn with is not installed."""
