"""The command `run`: settles files, hands records on, tells the server; once, or watching."""

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from merge_driver.compose import OpenDriver, open_driver
from merge_driver.driver import RunReport
from merge_driver.errors import SettingsError
from merge_driver.exit_codes import EXIT_QUARANTINED, EXIT_STOPPED
from merge_driver.files import shown
from merge_driver.progress import NoProgress, Progress, StatusLine
from merge_driver.settings import OutputKind, Settings
from merge_driver.stopping import StopEvent
from merge_driver.telling import (
    tell,
    tell_acknowledged,
    tell_file,
    tell_handed_on,
    tell_noted,
    tell_sums,
)

_RECORDS_BETWEEN_COLLECTIONS: Final = 100_000  # they are in no cycle, and looking takes a tenth


class Runner:
    """A run of the driver, told on the standard output."""

    def __init__(self, settings: Settings, *, as_json: bool) -> None:
        """Raise SettingsError where a Python program is to take the records."""
        if settings.output.kind is OutputKind.PYTHON:
            raise SettingsError(
                'output.kind is "python": the program that takes the records opens the inbox itself'
            )
        gc.set_threshold(_RECORDS_BETWEEN_COLLECTIONS)
        self._settings = settings
        self._as_json = as_json
        self._status = StatusLine(sys.stderr) if sys.stderr.isatty() else None
        self._report = RunReport()
        self._waiting = 0

    def run(self, *, watching: bool = False, before: Callable[[], object] = lambda: None) -> int:
        """Run and return the exit code. `before` is done once the journal is held.

        Raises DriverError and KeyFileError.
        """
        with (
            _stop_by_signal() as stop_event,
            open_driver(self._settings, stop_event.wait, self._progress()) as opened,
        ):
            before()
            tell_noted(opened.driver.prepare(), as_json=self._as_json)
            if watching:
                self._watch(opened, stop_event)
            else:
                self._pass(opened, stop_event)
        tell_sums(self._report, as_json=self._as_json)
        if watching:
            return 0
        if self._report.quarantined:
            return EXIT_QUARANTINED
        return EXIT_STOPPED if self._waiting or stop_event.is_set() else 0

    def _watch(self, opened: OpenDriver, stop_event: StopEvent) -> None:
        from merge_driver.watch import watch  # noqa: PLC0415 -- inotify takes its time

        spool = self._settings.spool
        is_ready = False
        for _ in watch(spool, stop_event):
            if not is_ready:
                tell({"watching": shown(str(spool))} if self._as_json else f"watching {spool}")
                is_ready = True
            self._pass(opened, stop_event)

    def _pass(self, opened: OpenDriver, stop_event: StopEvent) -> None:
        """Settle what is there, hand on what waits, and tell the server."""
        for result in opened.driver.run_files(stop_event.is_set):
            self._clear()
            tell_file(result, as_json=self._as_json)
            self._report = self._report.plus(result)
        handed_on = opened.driver.hand_on_waiting(stop_event.is_set)
        self._clear()
        self._waiting = handed_on.waiting
        tell_handed_on(handed_on, as_json=self._as_json)
        tell_acknowledged(opened.acknowledge(stop_event.is_set), as_json=self._as_json)

    def _progress(self) -> Progress:
        return self._status or NoProgress()

    def _clear(self) -> None:
        if self._status is not None:
            self._status.clear()


@contextmanager
def _stop_by_signal() -> Iterator[StopEvent]:
    """Give a stop event that SIGTERM and SIGINT set; the handlers before come back at the end.

    Python runs a handler only between two steps of its own. One that comes just before the wait
    would not end it, so the interpreter itself writes to the pipe that is waited for.
    """
    stop_event = StopEvent()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop_event.set()) for number in numbers]
    wake_fd_before = signal.set_wakeup_fd(stop_event.wake_fd(), warn_on_full_buffer=False)
    try:
        yield stop_event
    finally:
        signal.set_wakeup_fd(wake_fd_before)
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        stop_event.close()
