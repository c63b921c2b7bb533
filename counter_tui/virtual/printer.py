"""A printer that is a file."""

import os
from pathlib import Path

from counter_tui.core import files
from counter_tui.core.printing import PrinterError


class VirtualPrinter:
    """Appends what it is given to a file: an ESC/POS stream as a printer would see it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def print(self, data: bytes) -> None:
        """Append the bytes, synced. Raises PrinterError."""
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
            try:
                files.write_all(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise PrinterError(
                f"{self._path} cannot be written: {error.strerror or error}"
            ) from error
