"""A cursor over the bytes, which knows where the present command began."""

from tests.paper.errors import CommandError


class Reader:
    """Gives the bytes one after the other; at the end it says that they are cut short."""

    def __init__(self, data: bytes):
        self._data = data
        self._position = 0
        self.start = 0

    @property
    def at_end(self) -> bool:
        return self._position >= len(self._data)

    @property
    def seen(self) -> bytes:
        """What has been read of the present command."""
        return self._data[self.start : self._position]

    def begin(self) -> None:
        """Begin the next command or character here."""
        self.start = self._position

    def take(self, count: int) -> bytes:
        """Read so many bytes."""
        end = self._position + count
        taken = self._data[self._position : end]
        self._position = min(end, len(self._data))
        if len(taken) < count:
            raise CommandError(f"cut short: {count - len(taken)} more bytes expected")
        return taken

    def byte(self) -> int:
        """Read one byte."""
        return self.take(1)[0]

    def number(self, size: int = 2) -> int:
        """Read a number, the low byte first."""
        return int.from_bytes(self.take(size), "little")

    def rest(self) -> bytes:
        """Read all that is left."""
        return self.take(len(self._data) - self._position)

    def until_nul(self) -> bytes:
        """Read up to a NUL, which is read too and left out."""
        end = self._data.find(b"\0", self._position)
        if end < 0:
            self._position = len(self._data)
            raise CommandError("cut short: no NUL ends the data")
        return self.take(end + 1 - self._position)[:-1]
