"""The merge driver as a part of another Python program: records are taken by `for`.

    with open_inbox("merge-driver.toml") as inbox:
        for record in inbox:
            add_points(record)          # once for each transaction number
            inbox.acknowledge(record)

The configuration says `kind = "python"` in its table `output`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from merge_driver.acknowledging import Acknowledged
from merge_driver.compose import OpenDriver, open_driver
from merge_driver.driver import never
from merge_driver.errors import DriverError, KeyFileError, SettingsError
from merge_driver.progress import NoProgress
from merge_driver.record import TakenRecord
from merge_driver.settings import OutputKind, load_settings
from merge_driver.stopping import StopEvent
from merge_driver.taking import FileResult
from merge_driver.watch import watch

__all__ = [
    "DriverError",
    "FileResult",
    "Inbox",
    "KeyFileError",
    "SettingsError",
    "StopEvent",
    "TakenRecord",
    "open_inbox",
]


class Inbox:
    """The records of a street's merge files that were not acknowledged yet.

    A record comes again, in this run or a later one, until it is acknowledged. So what is done
    with it is done once for each transaction number: for example in one database transaction that
    also notes the number under a unique key.
    """

    def __init__(
        self, opened: OpenDriver, spool: Path, tell_file: Callable[[FileResult], None]
    ) -> None:
        self._opened = opened
        self._spool = spool
        self._tell_file = tell_file
        self.server: Acknowledged = Acknowledged()
        """What became of the acknowledgements that were last sent to the server."""

    def __iter__(self) -> Iterator[TakenRecord]:
        """Take the files that are there, and yield every record that waits, by transaction number.

        Then the server is told what was acknowledged. Raises DriverError.
        """
        return self._pass(never)

    def watch(self, stop_event: StopEvent) -> Iterator[TakenRecord]:
        """Yield what waits, and then what arrives, until the stop. Raises DriverError."""
        for _ in watch(self._spool, stop_event):
            yield from self._pass(stop_event.is_set)

    def acknowledge(self, record: TakenRecord) -> None:
        """Note that a record is done with; it does not come again. More than once is no different.

        It is on disk on return. Raises DriverError.
        """
        self._opened.driver.note_handed_on(record)

    def waiting(self) -> int:
        """Return how many records are not acknowledged. Raises DriverError."""
        return self._opened.count_waiting()

    def _pass(self, is_stopped: Callable[[], bool]) -> Iterator[TakenRecord]:
        for result in self._opened.driver.run_files(is_stopped):
            self._tell_file(result)
        last = ""
        while not is_stopped() and (some := self._opened.waiting(last)):
            for record in some:
                last = record.transaction_number
                yield record
                if is_stopped():
                    break
        self.server = self._opened.acknowledge(is_stopped)


def _tell_nobody(_result: FileResult) -> None:
    pass


@contextmanager
def open_inbox(
    configuration: str | Path, tell_file: Callable[[FileResult], None] = _tell_nobody
) -> Iterator[Inbox]:
    """Open the inbox of a configuration file. `tell_file` is told what became of each merge file.

    Raises SettingsError, KeyFileError, and DriverError where the journal is in use or cannot be
    opened.
    """
    path = Path(configuration)
    settings = load_settings(path)
    if settings.output.kind is not OutputKind.PYTHON:
        raise SettingsError(f'{path}: output.kind is not "python"')
    with open_driver(settings, _no_wait, NoProgress()) as opened:
        opened.driver.prepare()
        yield Inbox(opened, settings.spool, tell_file)


def _no_wait(_seconds: float) -> bool:
    return True
