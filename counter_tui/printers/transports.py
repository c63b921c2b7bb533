"""Receipt printers by USB, network, serial line or file (RCP-1)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from counter_tui.printers.address import (
    Address,
    FileAddress,
    SerialAddress,
    TcpAddress,
    UsbAddress,
)
from counter_tui.printers.connection import Connection
from counter_tui.printers.device_file import FileConnection, NoPaperError
from counter_tui.printers.printer import PrinterError, PrinterState, Trouble, trouble_of
from counter_tui.printers.serial_line import SerialConnection
from counter_tui.printers.status import ask_status
from counter_tui.printers.tcp import TcpConnection
from counter_tui.printers.usb_line import UsbConnection

TIMEOUT_SECONDS = 5.0
ANSWER_SECONDS = 0.5

_PART_BYTES = 256
"""Small enough to leave within the time-out at 1200 baud."""


def open_printer(address: Address, *, timeout: float = TIMEOUT_SECONDS) -> "EscposPrinter":
    """Return the printer at an address. Nothing is opened before it is used."""
    return EscposPrinter(lambda: _connect(address, timeout), timeout=timeout)


def _connect(address: Address, timeout: float) -> Connection:
    match address:
        case UsbAddress():
            return UsbConnection(address, timeout)
        case TcpAddress():
            return TcpConnection(address, timeout)
        case SerialAddress():
            return SerialConnection(address, timeout)
        case FileAddress():
            return FileConnection(address, timeout)


class EscposPrinter:
    """An ESC/POS printer that is opened anew for each slip, so that it may come and go.

    One that answers is asked before a slip, and again behind it: an answer shows that the whole
    slip arrived, and one that tells of trouble then may have stopped in it. One that never
    answered is printed on without, and no longer asked; it is asked again after it was away. One
    that has answered once is expected to.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        timeout: float = TIMEOUT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._connect = connect
        self._timeout = timeout
        self._answer_seconds = answer_seconds
        self._lock = Lock()
        self._answers: bool | None = None
        """None where it was not asked yet."""

    def print(self, data: bytes) -> None:
        """Print the bytes; they are with the printer on return. Raises PrinterError."""
        with self._lock, self._opened() as connection:
            trouble = self._ask(connection).trouble
            if trouble is not None:
                raise PrinterError(trouble, "the printer says so", sent=False)
            for start in range(0, len(data), _PART_BYTES):
                connection.send(data[start : start + _PART_BYTES])
            connection.drain()
            self._confirm(connection)

    def state(self) -> PrinterState:
        """Ask the printer how it is.

        While it prints for longer than the time-out it cannot be asked; print() then says itself
        what comes of it.
        """
        if not self._lock.acquire(timeout=self._timeout):
            return PrinterState(None, paper_low=False, can_tell=False)
        try:
            with self._opened() as connection:
                return self._ask(connection)
        except PrinterError as error:
            return PrinterState(error.trouble, paper_low=False, can_tell=self._answers is True)
        finally:
            self._lock.release()

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        """Open and close; whatever fails raises PrinterError."""
        try:
            connection = self._connect()
        except Exception as error:  # python-escpos and pyusb raise many kinds
            if self._answers is False:
                self._answers = None
            raise _printer_error(error, sent=False) from error
        try:
            yield connection
        except PrinterError:
            raise
        except Exception as error:
            raise _printer_error(error, sent=connection.sent) from error
        finally:
            connection.close()

    def _ask(self, connection: Connection) -> PrinterState:
        """Raises OSError, TimeoutError where it does not answer as it did before."""
        if not connection.answers or self._answers is False:
            return PrinterState(None, paper_low=False, can_tell=False)
        # One that is known to answer may be busy; for an unknown one nobody waits long.
        status = ask_status(connection, self._timeout if self._answers else self._answer_seconds)
        if status is None and self._answers:
            raise TimeoutError("the printer does not answer")
        self._answers = status is not None
        if status is None:
            return PrinterState(None, paper_low=False, can_tell=False)
        return PrinterState(status.trouble, status.paper_low, can_tell=True)

    def _confirm(self, connection: Connection) -> None:
        """Raises OSError where the slip did not arrive, PrinterError where it may be cut off."""
        if not connection.answers:
            return
        if self._answers:
            status = ask_status(connection, self._timeout)
            if status is None:
                raise TimeoutError("the printer does not answer behind the slip")
            if status.trouble is not None:
                raise PrinterError(status.trouble, "the printer says so behind it", sent=True)
            return
        # One that tells nothing may still break the connection off.
        try:
            connection.receive(self._answer_seconds)
        except ConnectionAbortedError:
            return


def _printer_error(error: Exception, *, sent: bool) -> PrinterError:
    trouble = trouble_of(error) if isinstance(error, OSError) else Trouble.NOT_THERE
    if isinstance(error, NoPaperError):
        trouble = Trouble.NO_PAPER
    return PrinterError(trouble, str(error) or repr(error), sent=sent)
