"""Slips that wait for the printer: nothing waits for it but them (RCP-2).

A slip is on the disk before put() returns, and stays there until it is printed or given up. It is
printed at most once by itself: where some of it may be on paper, the operator decides.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from threading import Condition, Event, Thread

from counter_tui.printers.printer import PrinterError, ReceiptPrinter, Trouble, trouble_of
from counter_tui.printers.slips import DATA_BYTES_MAX, KeptSlip, Slip, SlipFolder

ENDS_KEPT = 1000
"""Of how many slips the end is remembered."""


class QueueError(Exception):
    """The queue's folder cannot be used; the message says why."""


class QueueFullError(QueueError):
    """The disk is full: the slip is not kept and will not be printed."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """What the queue holds."""

    waiting: tuple[Slip, ...] = ()
    printing: Slip | None = None
    trouble: Trouble | None = None
    """What came of the last attempt; None after success."""
    uncertain: tuple[Slip, ...] = ()
    """Some of each may be on paper; the operator prints them again or discards them."""
    damaged: tuple[Path, ...] = ()
    """Files that were found unreadable at the start, kept."""
    detail: str = ""
    """The trouble in technical words."""


class Stage(StrEnum):
    """How far a slip came."""

    WAITING = "WAITING"
    PRINTING = "PRINTING"
    PRINTED = "PRINTED"
    UNCERTAIN = "UNCERTAIN"
    DISCARDED = "DISCARDED"


@dataclass(frozen=True, slots=True)
class Result:
    """How far a slip came, and what holds it up or ended it."""

    stage: Stage
    trouble: Trouble | None = None


@dataclass(slots=True, eq=False)
class _Entry:
    slip: Slip
    data: bytes
    asked: int
    """How many attempts had begun when its printing was last asked for."""
    trouble: Trouble | None = None
    """Why it is uncertain, where that happened in this run."""


class PrintQueue:
    """Prints slips in order with a thread of its own.

    The waiting slips of an earlier run are printed; what was being printed then is uncertain.
    """

    def __init__(
        self,
        folder: Path,
        printer: ReceiptPrinter,
        tell: Callable[[QueueState], None],
        *,
        retry_seconds: float = 5,
    ) -> None:
        """Open the folder and begin. Raises QueueError.

        tell is called with every change, in order, by another thread than the printing one; it
        must not raise, and may take its time. The first call says what was found.
        """
        self._printer = printer
        self._tell = tell
        self._retry_seconds = retry_seconds
        self._changed = Condition()
        self._wake = Event()
        self._news: SimpleQueue[QueueState | None] = SimpleQueue()
        self._stopping = False
        self._waiting: list[_Entry] = []
        self._uncertain: list[_Entry] = []
        self._printing: _Entry | None = None
        self._ends: OrderedDict[int, Result] = OrderedDict()
        self._trouble: Trouble | None = None
        self._detail = ""
        self._begun = 0
        self._failed = 0
        self._told: QueueState | None = None
        self._path = folder
        self._folder, kept, self._damaged = _open(folder)
        for item in kept:
            entries = self._uncertain if item.was_printing else self._waiting
            entries.append(_Entry(item.slip, item.data, 0))
        self._last_id = max((item.slip.id for item in kept), default=0)
        self._say()
        self._thread = Thread(target=self._run, name="print-queue", daemon=True)
        self._teller = Thread(target=self._tell_all, name="print-queue-news", daemon=True)
        self._thread.start()
        self._teller.start()

    def put(self, title: str, data: bytes) -> int:
        """Have the bytes printed; they are on the disk on return. Returns the slip's id.

        Raises QueueFullError or QueueError; then the slip is not kept and not printed.
        """
        if len(data) > DATA_BYTES_MAX:
            raise ValueError(f"a slip of {len(data)} bytes")
        with self._changed:
            if self._stopping:
                raise QueueError("the queue is stopped")
            # By the clock, so that no id of an earlier run is used again.
            slip = Slip(max(self._last_id + 1, time.time_ns() // 1000), title)
            try:
                self._folder.write(slip, data)
            except OSError as error:
                raise _plain(self._path, error) from error
            self._last_id = slip.id
            self._waiting.append(_Entry(slip, data, self._begun))
            self._say()
        self._wake.set()
        return slip.id

    def retry(self) -> None:
        """Try again at once."""
        with self._changed:
            for entry in self._waiting:
                entry.asked = self._begun
        self._wake.set()

    def print_again(self, slip_id: int) -> bool:
        """Print an uncertain slip again; False where it is not one. Raises QueueError."""
        with self._changed:
            entry = _find(self._uncertain, slip_id)
            if entry is None:
                return False
            try:
                self._folder.mark_waiting(entry.slip)
            except OSError as error:
                raise _plain(self._path, error) from error
            self._uncertain.remove(entry)
            entry.asked = self._begun
            self._insert(entry)
            self._say()
        self._wake.set()
        return True

    def discard(self, slip_id: int) -> bool:
        """Give up a slip that waits or is uncertain; False where it is neither.

        On return it is certain that no more of it is printed. Raises QueueError.
        """
        with self._changed:
            for entries in (self._waiting, self._uncertain):
                entry = _find(entries, slip_id)
                if entry is not None:
                    try:
                        self._folder.remove(entry.slip)
                    except OSError as error:
                        raise _plain(self._path, error) from error
                    entries.remove(entry)
                    self._end(entry, Stage.DISCARDED)
                    self._say()
                    return True
        return False

    def state(self) -> QueueState:
        """Return what the queue holds now."""
        with self._changed:
            return QueueState(
                waiting=tuple(entry.slip for entry in self._waiting),
                printing=None if self._printing is None else self._printing.slip,
                trouble=self._trouble,
                uncertain=tuple(entry.slip for entry in self._uncertain),
                damaged=self._damaged,
                detail=self._detail,
            )

    def result(self, slip_id: int) -> Result:
        """Return how far a slip came. Raises KeyError for one the queue does not know.

        WAITING has trouble where an attempt failed since the slip's printing was asked for.
        """
        with self._changed:
            if self._printing is not None and self._printing.slip.id == slip_id:
                return Result(Stage.PRINTING)
            entry = _find(self._uncertain, slip_id)
            if entry is not None:
                return Result(Stage.UNCERTAIN, entry.trouble)
            entry = _find(self._waiting, slip_id)
            if entry is None:
                return self._ends[slip_id]
            failed = self._failed > entry.asked
            return Result(Stage.WAITING, self._trouble if failed else None)

    def wait(self, slip_id: int, timeout: float) -> Result:
        """Wait until a slip is printed, uncertain, discarded, or waits in trouble.

        After the time-out the result is how far it came. Raises KeyError as result() does.
        """
        with self._changed:
            self._changed.wait_for(lambda: _is_settled(self.result(slip_id)), timeout)
            return self.result(slip_id)

    def stop(self, timeout: float = 10) -> bool:
        """End the threads and let go of the folder; what waits stays on the disk.

        False where the printer did not end in time: then what it prints is uncertain at the next
        start, and the folder is in use until this process ends.
        """
        with self._changed:
            self._stopping = True
        self._wake.set()
        deadline = time.monotonic() + timeout
        self._thread.join(timeout)
        self._news.put(None)
        self._teller.join(max(0, deadline - time.monotonic()))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            # Before it is looked what there is to do: what comes later wakes.
            self._wake.clear()
            with self._changed:
                if self._stopping:
                    self._folder.close()
                    return
                entry = self._waiting[0] if self._waiting else None
                self._begun += entry is not None
            if entry is None:
                self._wake.wait()
            elif not self._attempt(entry):
                self._wake.wait(self._retry_seconds)

    def _attempt(self, entry: _Entry) -> bool:
        """Try to print a waiting slip; False where the printer is in trouble."""
        if self._trouble is not None:
            trouble = self._printer.state().trouble
            if trouble is not None:
                self._fail(trouble, self._detail if trouble == self._trouble else "")
                return False
        try:
            if not self._begin(entry):
                return True
        except OSError as error:
            self._fail(trouble_of(error), f"{self._path}: {error.strerror or error}")
            return False
        try:
            self._printer.print(entry.data)
        except PrinterError as error:
            return self._not_printed(entry, error)
        except Exception as error:  # whatever it is, the slips after this one are printed
            return self._not_printed(entry, PrinterError(Trouble.NOT_THERE, repr(error), sent=True))
        self._printed(entry)
        return True

    def _begin(self, entry: _Entry) -> bool:
        """Mark the slip on disk; False where it was discarded meanwhile. Raises OSError."""
        with self._changed:
            if self._stopping or entry not in self._waiting:
                return False
            self._folder.mark_printing(entry.slip)
            self._waiting.remove(entry)
            self._printing = entry
            self._say()
            return True

    def _printed(self, entry: _Entry) -> None:
        with self._changed:
            # Where this fails the slip is uncertain after a restart, which is safe.
            with suppress(OSError):
                self._folder.remove(entry.slip)
            self._printing = None
            self._trouble, self._detail, self._failed = None, "", 0
            self._end(entry, Stage.PRINTED)
            self._say()

    def _not_printed(self, entry: _Entry, error: PrinterError) -> bool:
        with self._changed:
            self._printing = None
            if not error.sent:
                # Where this fails the slip is uncertain after a restart, which is safe.
                with suppress(OSError):
                    self._folder.mark_waiting(entry.slip)
                self._insert(entry)
                self._fail(error.trouble, error.detail)
                return False
            entry.trouble = error.trouble
            self._uncertain.append(entry)
            self._trouble, self._detail, self._failed = error.trouble, error.detail, 0
            self._say()
            return True

    def _fail(self, trouble: Trouble, detail: str) -> None:
        with self._changed:
            self._trouble, self._detail, self._failed = trouble, detail, self._begun
            self._say()

    def _insert(self, entry: _Entry) -> None:
        self._waiting.append(entry)
        self._waiting.sort(key=lambda waiting: waiting.slip.id)

    def _end(self, entry: _Entry, stage: Stage) -> None:
        self._ends[entry.slip.id] = Result(stage)
        while len(self._ends) > ENDS_KEPT:
            self._ends.popitem(last=False)

    def _say(self) -> None:
        with self._changed:
            state = self.state()
            if state != self._told:
                self._told = state
                self._news.put(state)
            self._changed.notify_all()

    def _tell_all(self) -> None:
        while (state := self._news.get()) is not None:
            self._tell(state)


def _open(folder: Path) -> tuple[SlipFolder, list[KeptSlip], tuple[Path, ...]]:
    try:
        slips = SlipFolder(folder)
    except BlockingIOError as error:
        raise QueueError(f"{folder} is in use by another application") from error
    except OSError as error:
        raise _plain(folder, error) from error
    try:
        kept, damaged = slips.read()
    except OSError as error:
        slips.close()
        raise _plain(folder, error) from error
    return slips, kept, tuple(damaged)


def _plain(folder: Path, error: OSError) -> QueueError:
    full = trouble_of(error) is Trouble.FULL
    message = f"{folder} cannot be used: {error.strerror or error}"
    return QueueFullError(message) if full else QueueError(message)


def _find(entries: list[_Entry], slip_id: int) -> _Entry | None:
    return next((entry for entry in entries if entry.slip.id == slip_id), None)


def _is_settled(result: Result) -> bool:
    if result.stage is Stage.WAITING:
        return result.trouble is not None
    return result.stage is not Stage.PRINTING
