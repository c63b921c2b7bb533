"""Puts a virtual card into vpcd, a virtual reader of pcscd, where every program sees it."""

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from counter_tui.virtual.card import ATR, VirtualCard

PORT = 35963
"""Of the first slot; the second is one above."""

POWER_OFF, GET_ATR = 0, 4
"""Switching on and resetting change nothing that the card remembers."""


class VpcdSlot:
    """A card in a slot, for as long as it is entered; leaving takes it out.

    vpcd is told of a card by a connection to it; closing the connection takes the card out.
    """

    def __init__(self, card: VirtualCard, port: int = PORT, atr: bytes = ATR) -> None:
        self._card = card
        self._atr = atr
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._serve, name="vpcd-card", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.pull_out()

    def pull_out(self) -> None:
        """Take the card out, in the middle of whatever it does."""
        with suppress(OSError):  # pcscd may be gone, and the card with it
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while (message := self._receive()) is not None:
            if len(message) != 1:
                self._send(self._card.transmit(message))
            elif message[0] == GET_ATR:
                self._send(self._atr)
            elif message[0] == POWER_OFF:
                self._card.power_off()

    def _receive(self) -> bytes | None:
        head = self._exactly(2)
        return self._exactly(struct.unpack(">H", head)[0]) if head else None

    def _exactly(self, count: int) -> bytes | None:
        content = b""
        while len(content) < count:
            try:
                # vpcd sends length and body apart: without this each command takes 40 ms.
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                part = self._socket.recv(count - len(content))
            except OSError:
                return None
            if not part:
                return None
            content += part
        return content

    def _send(self, content: bytes) -> None:
        try:
            self._socket.sendall(struct.pack(">H", len(content)) + content)
        except OSError:
            return
