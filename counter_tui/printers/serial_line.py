"""Printers at a serial line."""

import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from counter_tui.printers.address import SerialAddress
from counter_tui.printers.connection import is_readable
from counter_tui.printers.drain import wait_until_empty
from counter_tui.printers.escpos_package import escpos_printers


class SerialConnection:
    """A serial line, opened for this application alone.

    It is opened and closed here: python-escpos sets no time-out for writing, and on closing waits
    without bound for a line that takes nothing.
    """

    answers = True

    def __init__(self, address: SerialAddress, timeout: float) -> None:
        """Open the line. Raises OSError."""
        self.sent = False
        self._timeout = timeout
        self._printer = escpos_printers().Serial(str(address.device), address.baud)
        import serial  # type: ignore[import-untyped]  # noqa: PLC0415 -- with python-escpos

        self._serial = serial
        with self._plain_errors():
            self._line = serial.Serial(
                port=str(address.device),
                baudrate=address.baud,
                timeout=0,
                write_timeout=timeout,
                exclusive=True,
            )
        self._printer.device = self._line

    def send(self, data: bytes) -> None:
        """Send a part of a slip. Raises OSError."""
        self.sent = True
        self.ask(data)

    def ask(self, request: bytes) -> None:
        """Send a question. Raises OSError."""
        with self._plain_errors():
            self._printer._raw(request)

    def receive(self, seconds: float) -> bytes:
        """Return what the printer says. Raises OSError."""
        with self._plain_errors():
            if not is_readable(self._line.fileno(), seconds):
                return b""
            return bytes(self._printer._read())

    def drain(self) -> None:
        """Wait until everything is on the line. Raises OSError."""
        with self._plain_errors():
            wait_until_empty(lambda: int(self._line.out_waiting), self._timeout)

    def close(self) -> None:
        """Let go; bytes that are not on the line are dropped."""
        with suppress(OSError), self._plain_errors():
            self._line.reset_output_buffer()
        with suppress(OSError):
            self._line.close()
        self._printer.device = None

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except self._serial.SerialTimeoutException as error:
            raise TimeoutError("the line takes no bytes") from error
        except termios.error as error:
            raise OSError(*error.args) from error
