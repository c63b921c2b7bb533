"""What a receipt printer is to the application."""

from typing import Protocol


class PrinterError(Exception):
    """Printer trouble in words; the booking stands whatever the printer does (RCP-2)."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class ReceiptPrinter(Protocol):
    """Takes bytes made by counter_tui.core.escpos."""

    def print(self, data: bytes) -> None:
        """Print the bytes; they are with the printer on return. Raises PrinterError."""
        ...
