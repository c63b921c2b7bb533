"""Puts a driver together from its settings."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from merge_driver.acknowledging import Acknowledged, StreetServer, acknowledge
from merge_driver.driver import MergeDriver, plain_stop
from merge_driver.errors import DriverError
from merge_driver.handing_on import Output, ToFile, ToPython, ToRecipient
from merge_driver.journal import Journal
from merge_driver.keys import KeyFile, load_key_files, newest
from merge_driver.outputs.forms import Csv, JsonLines
from merge_driver.outputs.line_file import LineFile
from merge_driver.progress import Progress
from merge_driver.record import TakenRecord
from merge_driver.settings import OutputKind, OutputSettings, Settings
from merge_driver.spool import Spool

Wait = Callable[[float], bool]
"""Waits so many seconds, and says whether it was told to stop."""


@dataclass(frozen=True, slots=True)
class OpenDriver:
    """A driver with its journal open, and the server where it is to be told."""

    driver: MergeDriver
    journal: Journal
    server: StreetServer | None

    def acknowledge(self, is_stopped: Callable[[], bool]) -> Acknowledged:
        """Tell the server what was taken, if it is to be told. Raises DriverError."""
        if self.server is None:
            return Acknowledged()
        with plain_stop(self.journal.path):
            return acknowledge(self.journal, self.server, is_stopped)

    def waiting(self, after: str) -> list[TakenRecord]:
        """Return records that are not handed on, as `Journal.waiting` does. Raises DriverError."""
        with plain_stop(self.journal.path):
            return self.journal.waiting(after)

    def count_waiting(self) -> int:
        """Return how many records are not handed on yet. Raises DriverError."""
        with plain_stop(self.journal.path):
            return self.journal.count_waiting()


@contextmanager
def open_driver(settings: Settings, wait: Wait, progress: Progress) -> Iterator[OpenDriver]:
    """Open the journal and return a driver on it. Raises DriverError and KeyFileError."""
    files = list(load_key_files(settings.keys).values())
    output = _output(settings.output, wait, progress)
    with (
        _server(settings, newest(files)) as server,
        Journal(settings.journal, acknowledges=settings.acknowledge) as journal,
    ):
        keys = [file.key for file in files]
        spool = Spool(settings.spool)
        driver = MergeDriver(spool, keys, journal, output, progress=progress)
        yield OpenDriver(driver, journal, server)


def _output(settings: OutputSettings, wait: Wait, progress: Progress) -> Output:
    match settings.kind:
        case OutputKind.JSONL:
            return ToFile(LineFile(settings.path), JsonLines())
        case OutputKind.CSV:
            return ToFile(LineFile(settings.path), Csv(settings.encoding))
        case OutputKind.HTTP:
            from merge_driver.outputs.http_post import HttpPost  # noqa: PLC0415 -- takes its time

            post = HttpPost(
                settings.url,
                settings.token_file,
                settings.timeout_seconds,
                settings.attempts,
                wait,
            )
            return ToRecipient(post, progress)
        case OutputKind.COMMAND:
            from merge_driver.outputs.command import Command  # noqa: PLC0415

            return ToRecipient(Command(settings.command, settings.timeout_seconds), progress)
        case OutputKind.PYTHON:
            return ToPython()


@contextmanager
def _server(settings: Settings, file: KeyFile) -> Iterator[StreetServer | None]:
    if not settings.acknowledge:
        yield None
        return
    try:
        from merge_driver.street_service import StreetService  # noqa: PLC0415
    except ImportError as error:
        raise DriverError(
            f"acknowledge = true needs packages that are missing ({error.name}): "
            "install jichipoint[merge-acknowledge]"
        ) from None
    server = settings.server or file.server
    to_server = (server, settings.certificate_authority, settings.client_identity)
    with closing(StreetService(file, *to_server)) as service:
        yield service
