"""A file of lines: as long as the journal says and no longer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from merge_driver.errors import DriverError
from merge_driver.files import sync_folder


class LineFile:
    """A file that only grows, from the length that the journal holds.

    It is opened anew for every use, so that a file that was moved away is noticed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def expect_new(self) -> None:
        """Raise DriverError if there is content that the journal knows nothing of."""
        if self.path.exists() and (not self.path.is_file() or self.path.stat().st_size):
            raise DriverError(
                f"{self.path}: the output is there already and the journal knows nothing of it; "
                "give the journal that belongs to it, or another output"
            )

    def create(self) -> None:
        """Make the empty output, or raise DriverError if there is one with content."""
        self.expect_new()
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640))
        sync_folder(self.path.parent)

    def lines_behind(self, agreed_bytes: int) -> Iterator[bytes]:
        """Yield the whole lines behind the agreed length; DriverError if it is too short."""
        with self._open(agreed_bytes) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
            file.seek(agreed_bytes)
            for line in file:
                if line.endswith(b"\n"):
                    yield line

    def cut_tail(self, agreed_bytes: int) -> None:
        """Cut what is behind the agreed length; DriverError if it is too short."""
        with self._open(agreed_bytes) as descriptor:
            _cut(descriptor, agreed_bytes)

    def append(self, content: bytes, agreed_bytes: int) -> int:
        """Write the content behind the agreed length, synced, and return the new length."""
        with self._open(agreed_bytes) as descriptor:
            _cut(descriptor, agreed_bytes)
            written = 0
            view = memoryview(content)
            while written < len(content):
                written += os.pwrite(descriptor, view[written:], agreed_bytes + written)
            os.fsync(descriptor)
        return agreed_bytes + len(content)

    @contextmanager
    def _open(self, agreed_bytes: int) -> Iterator[int]:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise DriverError(
                f"{self.path}: the output is missing, the journal says it has {agreed_bytes} "
                "bytes; put it back"
            ) from None
        try:
            self._check(descriptor, agreed_bytes)
            yield descriptor
        finally:
            os.close(descriptor)

    def _check(self, descriptor: int, agreed_bytes: int) -> None:
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes < agreed_bytes:
            raise DriverError(
                f"{self.path}: the output has {size_bytes} bytes, the journal says it has "
                f"{agreed_bytes}; records that were handed on are missing, put the file back"
            )
        if agreed_bytes and os.pread(descriptor, 1, agreed_bytes - 1) != b"\n":
            raise DriverError(
                f"{self.path}: no line ends where the journal says, at byte {agreed_bytes}; "
                "this is not the file that was written, put it back"
            )


def _cut(descriptor: int, agreed_bytes: int) -> None:
    if os.fstat(descriptor).st_size > agreed_bytes:
        os.ftruncate(descriptor, agreed_bytes)
        os.fsync(descriptor)
