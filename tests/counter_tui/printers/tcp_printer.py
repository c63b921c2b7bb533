"""Printers in the network, played by a server on loopback."""

import re
import socket
import struct
from contextlib import suppress
from threading import Condition, Thread

from counter_tui.printers.address import TcpAddress

PATIENCE = 30
"""Seconds after which a test gives up; none takes so long."""

GOOD = {1: 0x12, 2: 0x12, 3: 0x12, 4: 0x12}
NO_PAPER = {1: 0x1A, 2: 0x32, 3: 0x12, 4: 0x7E}
PAPER_LOW = {**GOOD, 4: 0x1E}
COVER_OPEN = {1: 0x1A, 2: 0x16, 3: 0x12, 4: 0x72}
OFFLINE = {**GOOD, 1: 0x1A}
CUTTER = {1: 0x1A, 2: 0x52, 3: 0x1A, 4: 0x12}
OVERHEATED = {1: 0x1A, 2: 0x52, 3: 0x52, 4: 0x12}
MUTE: dict[int, int] = {}

_QUESTION = re.compile(rb"\x10\x04([\x01-\x04])")


class Paper:
    """What came of a printer, and the answers it gives."""

    def __init__(
        self,
        answers: dict[int, int],
        trouble_after: tuple[int, dict[int, int]] | None = None,
    ) -> None:
        self.answers = answers
        self._trouble_after = trouble_after
        self.asked: list[int] = []
        self.printed = b""
        self._rest = b""
        self._came = Condition()

    def take(self, data: bytes) -> bytes:
        """Print what is a slip's, and return the answers to what is a question."""
        with self._came:
            said = b""
            self._rest += data
            while match := _QUESTION.search(self._rest):
                self.printed += self._rest[: match.start()]
                self._rest = self._rest[match.end() :]
                question = match[1][0]
                self.asked.append(question)
                self._meet_trouble()
                if question in self.answers:
                    said += bytes((self.answers[question],))
            if not self._rest.endswith((b"\x10", b"\x10\x04")):
                self.printed += self._rest
                self._rest = b""
            self._came.notify_all()
            return said

    def _meet_trouble(self) -> None:
        if self._trouble_after and len(self.printed) >= self._trouble_after[0]:
            self.answers = self._trouble_after[1]

    def wait_for(self, printed: bytes) -> None:
        with self._came:
            self._came.wait_for(lambda: len(self.printed) >= len(printed), PATIENCE)
            assert self.printed == printed


class TcpPrinter:
    """A server that takes one connection after the other."""

    def __init__(
        self,
        answers: dict[int, int],
        *,
        reads: bool = True,
        reset_after: int | None = None,
        close_after: int | None = None,
        silent_after: int | None = None,
        trouble_after: tuple[int, dict[int, int]] | None = None,
        greeting: bytes = b"",
        port: int = 0,
    ) -> None:
        self.paper = Paper(answers, trouble_after)
        self.connections = 0
        self._reads = reads
        self._reset_after = reset_after
        self._close_after = close_after
        self._silent_after = silent_after
        self._greeting = greeting
        self._open: list[socket.socket] = []
        self._server = socket.socket()
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._server.bind(("127.0.0.1", port))
        self._server.listen()
        self.address = TcpAddress("127.0.0.1", self._server.getsockname()[1])
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def receive(self) -> bytes:
        """Take what the first connection brought, where the printer does not read."""
        self._open[0].settimeout(PATIENCE)
        return self._open[0].recv(1 << 20)

    def switch_off(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            if self._reads:
                with suppress(OSError):
                    self._converse(connection)
                connection.close()

    def _converse(self, connection: socket.socket) -> None:
        connection.sendall(self._greeting)
        before = len(self.paper.printed)
        while True:
            data = connection.recv(4096)
            if not data:
                return
            answer = self.paper.take(data)
            printed = len(self.paper.printed) - before
            if self._reset_after is not None and printed >= self._reset_after:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return
            if self._close_after is not None and printed >= self._close_after:
                return
            if self._silent_after is None or printed < self._silent_after:
                connection.sendall(answer)
