"""What a receipt printer is to the application (RCP-2)."""

import errno
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Trouble(StrEnum):
    """Why a printer does not print."""

    NO_PAPER = "NO_PAPER"
    PAPER_LOW = "PAPER_LOW"
    """A warning: it still prints."""
    COVER_OPEN = "COVER_OPEN"
    OFFLINE = "OFFLINE"
    """Switched to off-line, or its feed button is held."""
    MECHANICAL = "MECHANICAL"
    """Its cutter is jammed, it is overheated, or broken."""
    NOT_THERE = "NOT_THERE"
    """Switched off, unplugged, at another address, or refusing."""
    SILENT = "SILENT"
    """It takes no bytes, or does not answer as it did before."""
    NOT_ALLOWED = "NOT_ALLOWED"
    """This user may not use the device."""
    FULL = "FULL"
    """The disk is full."""


@dataclass(frozen=True, slots=True)
class PrinterState:
    """What a printer says of itself."""

    trouble: Trouble | None
    """What keeps it from printing; never PAPER_LOW."""
    paper_low: bool
    can_tell: bool
    """False where the printer takes bytes and tells nothing: no trouble then means little."""

    @property
    def shown(self) -> Trouble | None:
        """What to tell the operator: the trouble, else that the paper is low."""
        return Trouble.PAPER_LOW if self.trouble is None and self.paper_low else self.trouble


class PrinterError(Exception):
    """A slip was not printed, or nobody knows; the booking stands whatever the printer does."""

    def __init__(self, trouble: Trouble, detail: str, *, sent: bool) -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble = trouble
        self.detail = detail
        self.sent = sent
        """Whether a part of the slip may be on paper; False: certainly nothing was sent."""


class ReceiptPrinter(Protocol):
    """A printer for the bytes of slips; it may be used by several threads."""

    def print(self, data: bytes) -> None:
        """Print the bytes; they are with the printer on return. Raises PrinterError."""
        ...

    def state(self) -> PrinterState:
        """Ask the printer how it is; trouble of every kind is part of the answer."""
        ...


_NOT_ALLOWED = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def trouble_of(error: OSError) -> Trouble:
    """Return what an error of the operating system says about a device or a disk."""
    if isinstance(error, TimeoutError):
        return Trouble.SILENT
    if error.errno in _NOT_ALLOWED:
        return Trouble.NOT_ALLOWED
    return Trouble.FULL if error.errno in _FULL else Trouble.NOT_THERE
