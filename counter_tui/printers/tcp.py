"""Printers in the network."""

import errno
import fcntl
import os
import socket
import struct
import termios
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from counter_tui.printers.address import TcpAddress
from counter_tui.printers.connection import is_readable
from counter_tui.printers.drain import wait_until_empty
from counter_tui.printers.escpos_package import escpos_printers

_Found = list[tuple[Any, ...]]


class TcpConnection:
    """A connection to a printer's raw port.

    It is opened here: python-escpos knows IPv4 only, leaves a socket open where it is refused,
    and waits for a name server without bound.
    """

    answers = True

    def __init__(self, address: TcpAddress, timeout: float) -> None:
        """Connect. Raises OSError."""
        self.sent = False
        self._timeout = timeout
        self._printer = escpos_printers().Network(address.host, address.port, timeout)
        self._socket = _connect(address, timeout)
        self._socket.settimeout(timeout)
        self._printer.device = self._socket

    def send(self, data: bytes) -> None:
        """Send a part of a slip. Raises OSError."""
        self.sent = True
        self._printer._raw(data)

    def ask(self, request: bytes) -> None:
        """Send a question. Raises OSError."""
        self._printer._raw(request)

    def receive(self, seconds: float) -> bytes:
        """Return what the printer says. Raises OSError."""
        if not is_readable(self._socket.fileno(), seconds):
            return b""
        received: bytes = self._printer._read()
        if not received:
            raise ConnectionAbortedError(errno.ECONNABORTED, "the printer ended the connection")
        return received

    def drain(self) -> None:
        """Wait until the printer's side has acknowledged everything. Raises OSError."""
        wait_until_empty(self._queued, self._timeout)
        failed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            raise OSError(failed, os.strerror(failed))

    def close(self) -> None:
        """Let go; bytes that the printer did not take are dropped."""
        with suppress(OSError):
            if self._queued():
                linger = struct.pack("ii", 1, 0)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self._socket.close()
        self._printer.close()

    def _queued(self) -> int:
        answer = fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", answer)[0])


def _connect(address: TcpAddress, timeout: float) -> socket.socket:
    deadline = time.monotonic() + timeout
    failure: OSError = OSError(errno.EHOSTUNREACH, "the name stands for no address")
    for family, kind, protocol, _, where in _look_up(address, timeout):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(left)
            connection.connect(where)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    if isinstance(failure, TimeoutError):
        # A printer that is switched off refuses nothing.
        raise OSError(errno.EHOSTUNREACH, "nobody answers at this address") from failure
    raise failure


def _look_up(address: TcpAddress, timeout: float) -> _Found:
    """Return a host's addresses. Raises OSError, also where the name server is silent."""
    answers: SimpleQueue[_Found | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            kind = socket.SOCK_STREAM
            answers.put(list(socket.getaddrinfo(address.host, address.port, type=kind)))
        except (OSError, UnicodeError) as error:
            answers.put(OSError(errno.EHOSTUNREACH, f"the name cannot be looked up: {error}"))

    # It cannot be interrupted; a daemon thread keeps nothing from ending.
    Thread(target=look_up, name="printer-name", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except Empty:
        raise OSError(errno.EHOSTUNREACH, "the name server does not answer") from None
    if isinstance(answer, OSError):
        raise answer
    return answer
