"""A card that one process holds in the reader, and another one takes out.

The file `in-reader` of the folder is locked for as long as a card of it is in, and tells which
card that is and who holds it. The lock goes with the process, however that ends.
"""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.card_header import CardFileError
from counter_tui.virtual.vpcd import VpcdSlot

SECONDS_MAX = 5.0
WANTED = "apt-get install pcscd vsmartcard-vpcd"


class HeldCard(VpcdSlot):
    """A card in vpcd's slot that knows whether the reader takes notice of it."""

    def __init__(self, card: VirtualCard, port: int) -> None:
        try:
            super().__init__(card, port)
        except (OSError, OverflowError) as error:
            raise CardFileError(f"no vpcd listens on port {port}: {WANTED}") from error
        self._seen, self._ended = threading.Event(), threading.Event()

    def wait(self) -> None:
        """Wait for as long as the reader is there. Raises CardFileError when it is gone."""
        self._ended.wait()
        raise CardFileError("the card is out: vpcd is gone")

    def __enter__(self) -> "HeldCard":
        super().__enter__()
        if not self._seen.wait(SECONDS_MAX):
            self.pull_out()
            raise CardFileError("the reader does not take the card: is another one in it?")
        return self

    def _receive(self) -> bytes | None:
        message = super()._receive()
        self._seen.set()
        if message is None:
            self._ended.set()
        return message


@contextmanager
def in_reader(folder: Path, serial_number: str) -> Iterator[None]:
    """Say of a card that it is in the reader. Raises CardFileError where one is already."""
    descriptor = _open(folder)
    try:
        if not _locked(descriptor):
            raise CardFileError(f"{folder}: a card is in the reader already; remove it first")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {serial_number}".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def take_out(folder: Path) -> str:
    """Take the card of a folder out, and return which it was. Raises CardFileError."""
    descriptor = _open(folder)
    try:
        holder, serial_number = _holder(descriptor)
        if not holder:
            raise CardFileError(f"{folder}: no card is in the reader")
        os.kill(holder, signal.SIGTERM)
        until = time.monotonic() + SECONDS_MAX
        while not _locked(descriptor):
            if time.monotonic() > until:
                raise CardFileError(f"{serial_number} does not come out: see process {holder}")
            time.sleep(0.02)
    except OSError as error:
        raise CardFileError(f"{folder}: {error.strerror}") from error
    finally:
        os.close(descriptor)
    return serial_number


def refuse_in_reader(folder: Path, serial_number: str) -> None:
    """See that a card is not in the reader, where it cannot be changed. Raises CardFileError."""
    descriptor = _open(folder)
    try:
        if _holder(descriptor)[1] == serial_number:
            raise CardFileError(f"{serial_number} is in the reader; remove it first")
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    try:
        return os.open(folder / "in-reader", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CardFileError(f"{folder} cannot be used: {error.strerror or error}") from error


def _locked(descriptor: int) -> bool:
    """Take the lock, if nobody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> tuple[int, str]:
    """Return the process that holds a card, and the card; 0 and nothing, if there is none."""
    if _locked(descriptor):
        return 0, ""
    process, _, serial_number = os.pread(descriptor, 100, 0).decode().partition(" ")
    return (int(process), serial_number) if serial_number else (0, "")
