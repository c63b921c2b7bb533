"""Stands between a server and PostgreSQL, and cuts its connections at the worst moment."""

import socket
import threading
from collections.abc import Callable
from enum import Enum
from urllib.parse import parse_qs, urlsplit

COMMIT = b"COMMIT\0"
"""In what a client sends, and in PostgreSQL's answer when it is done."""


class Cut(Enum):
    """Where a connection is cut."""

    BEFORE_COMMIT = "before COMMIT reaches PostgreSQL"
    AFTER_COMMIT = "after it is committed, before the client hears of it"


class Proxy:
    """A TCP port that leads to the socket of a PostgreSQL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        (folder,) = parse_qs(parts.query)["host"]
        self._target = f"{folder}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}{parts.path}?sslmode=disable"
        self.cut_next: Cut | None = None
        self.cuts = 0
        self.left: int | None = None
        """How many connections it still lets through; None for any number."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                inside, _ = self._listener.accept()
            except OSError:
                return
            outside = socket.socket(socket.AF_UNIX)
            try:
                if self.left is not None:
                    self.left -= 1
                    if self.left < 0:
                        raise ConnectionRefusedError
                outside.connect(self._target)
            except OSError:  # PostgreSQL is down
                inside.close()
                outside.close()
                continue
            for carry in (
                lambda a=inside, b=outside: _carry(a, b, self._cuts_before),
                lambda a=inside, b=outside: _carry(b, a, self._cuts_after),
            ):
                threading.Thread(target=carry, daemon=True).start()

    def _cuts_before(self, content: bytes) -> bool:
        return self._cuts(Cut.BEFORE_COMMIT, content)

    def _cuts_after(self, content: bytes) -> bool:
        return self._cuts(Cut.AFTER_COMMIT, content)

    def _cuts(self, where: Cut, content: bytes) -> bool:
        if self.cut_next != where or COMMIT not in content:
            return False
        self.cut_next = None
        self.cuts += 1
        return True


def _carry(source: socket.socket, target: socket.socket, cuts: Callable[[bytes], bool]) -> None:
    """Carry what comes on, until one side ends or it is to be cut; then both end."""
    try:
        while content := source.recv(1 << 16):
            if cuts(content):
                break
            target.sendall(content)
    except OSError:
        pass
    for one in (source, target):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
