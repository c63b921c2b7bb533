"""Printers that are a file: a device file that takes their bytes, or a file that keeps them."""

import errno
import os
import select
import stat
from contextlib import suppress
from pathlib import Path

from counter_tui.core import files
from counter_tui.printers.address import FileAddress

_PRINTER_MAJORS = frozenset((6, 180))
"""Linux's parallel and USB printers; their 'no space left' is 'no paper'."""


class NoPaperError(OSError):
    """The printer's driver says that it has no paper."""


class FileConnection:
    """A file that is written; nothing is read from it.

    python-escpos has no part in it: that empties a regular file first, would make one in the place
    of an unplugged device, and waits without bound for a device.
    """

    answers = False

    def __init__(self, address: FileAddress, timeout: float) -> None:
        """Open the file. Raises OSError."""
        self.sent = False
        self._timeout = timeout
        self._descriptor = _open(address.path)
        try:
            self._check(os.fstat(self._descriptor))
        except OSError:
            os.close(self._descriptor)
            raise

    def send(self, data: bytes) -> None:
        """Send a part of a slip: a regular file has all of it or none. Raises OSError."""
        try:
            if self._is_regular:
                self.sent = True
                files.write_all(self._descriptor, data)
            else:
                self._write_device(data)
        except OSError as error:
            if self._is_regular:
                self._take_back()
            if error.errno == errno.ENOSPC and self._is_printer:
                raise NoPaperError(error.errno, "the driver says: no paper") from error
            raise

    def ask(self, request: bytes) -> None:
        """Send a question, in vain. Raises OSError."""
        raise NotImplementedError

    def receive(self, seconds: float) -> bytes:
        """Return nothing."""
        raise NotImplementedError

    def drain(self) -> None:
        """Wait until everything is on the disk or taken by the device. Raises OSError."""
        if self._is_regular:
            try:
                os.fsync(self._descriptor)
            except OSError:
                self._take_back()
                raise
        else:
            self._wait()

    def close(self) -> None:
        """Let go."""
        with suppress(OSError):
            os.close(self._descriptor)

    def _check(self, status: os.stat_result) -> None:
        self._is_regular = stat.S_ISREG(status.st_mode)
        is_device = stat.S_ISCHR(status.st_mode)
        self._is_printer = is_device and os.major(status.st_rdev) in _PRINTER_MAJORS
        self._length = status.st_size
        if not self._is_regular and not is_device and not stat.S_ISFIFO(status.st_mode):
            raise OSError(errno.ENODEV, "neither a file nor a device that prints")

    def _take_back(self) -> None:
        """Leave a regular file as it was."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, self._length)
            self.sent = False

    def _write_device(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                written = os.write(self._descriptor, rest)
            except BlockingIOError:
                self._wait()
            else:
                self.sent = self.sent or written > 0
                rest = rest[written:]

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        if not poll.poll(self._timeout * 1000):
            raise TimeoutError("the device takes no bytes")


def _open(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        # An unplugged device is not replaced by a file.
        if path.is_relative_to("/dev") and not path.is_relative_to("/dev/shm"):  # noqa: S108
            raise
    descriptor = os.open(path, flags | os.O_CREAT, 0o600)
    try:
        files.sync_folder(path.parent)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
