"""The application's printer: slips become bytes, and wait in a queue until they are printed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counter_tui.printers.address import Address
from counter_tui.printers.printer import PrinterState, ReceiptPrinter
from counter_tui.printers.queue import PrintQueue, QueueError, QueueState, Result, Stage
from counter_tui.slips.document import Slip
from counter_tui.slips.escpos import Paper, encode
from counter_tui.slips.raster import FontError
from counter_tui.texts import _

if TYPE_CHECKING:
    from counter_tui.printers.transports import EscposPrinter

WAIT_SECONDS = 8.0
"""So long a screen waits to say that a slip is printed; then it says what holds it up."""


class NotPrintableError(Exception):
    """The slip cannot be printed by this machine; the message says why."""


@dataclass(slots=True)
class Printing:
    """A printer with its queue. What blocks is called in threads."""

    address: Address
    paper: Paper
    folder: Path
    _printer: "EscposPrinter | None" = None
    _queue: PrintQueue | None = None

    def start(self, tell: Callable[[QueueState], None]) -> None:
        """Open the queue; what an earlier run left in it goes on. Raises QueueError."""
        from counter_tui.printers.transports import open_printer  # noqa: PLC0415

        self._printer = open_printer(self.address)
        self._queue = PrintQueue(self.folder, self._printer, tell)

    def state(self) -> PrinterState:
        """Ask the printer how it is. Raises QueueError before start()."""
        return self._opened().state()

    def print(self, slip: Slip) -> Result:
        """Put a slip into the queue, and wait a while for its end.

        Raises NotPrintableError where it cannot be printed here at all, QueueError where it
        cannot be kept: then it is not printed.
        """
        try:
            data = encode(slip, self.paper)
        except (FontError, ValueError) as error:
            raise NotPrintableError(str(error)) from error
        if self._queue is None:
            raise QueueError(_("印字待ちの記録が開いていないため、印字できません。"))
        return self._queue.wait(self._queue.put(slip.title, data), WAIT_SECONDS)

    def retry(self) -> None:
        """Try again at once what waits."""
        if self._queue is not None:
            self._queue.retry()

    def discard(self, slip_id: int) -> bool:
        """Give up a slip that waits or may be on paper in part. Raises QueueError."""
        return self._queue is not None and self._queue.discard(slip_id)

    def discard_titled(self, title: str) -> None:
        """Give up the slips of a title that wait or may be on paper in part. Raises QueueError."""
        state = self.queue_state()
        for slip in (*state.waiting, *state.uncertain):
            if slip.title == title:
                self.discard(slip.id)

    def print_again(self, slip_id: int) -> bool:
        """Print a slip again that may be on paper in part. Raises QueueError."""
        return self._queue is not None and self._queue.print_again(slip_id)

    def queue_state(self) -> QueueState:
        """Return what waits."""
        return self._queue.state() if self._queue is not None else QueueState()

    def stop(self) -> None:
        """End the queue; what waits is printed at the next start."""
        if self._queue is not None:
            self._queue.stop()

    def _opened(self) -> ReceiptPrinter:
        if self._printer is None or self._queue is None:
            raise QueueError(_("印字待ちの記録が開いていないため、印字できません。"))
        return self._printer


def is_printed(result: Result) -> bool:
    """Whether a slip is on paper, whole."""
    return result.stage is Stage.PRINTED
