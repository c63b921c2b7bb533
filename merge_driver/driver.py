"""Takes the files of a spool folder, batch by batch, each file whole and each record once.

The order is what makes it exact: the new records of a batch are noted in the journal in one
transaction (for a file of lines, after the lines are written and synced), and only then its files
go to their folders. A run that ends in between leaves at most a tail of the output, which the next
run cuts, or files to move.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Final

from merge_driver.codec import StreetKey
from merge_driver.errors import DriverError
from merge_driver.files import shown
from merge_driver.handing_on import HandedOn, Output
from merge_driver.journal import Journal
from merge_driver.progress import NoProgress, Progress
from merge_driver.record import TakenRecord
from merge_driver.spool import Outcome, Spool
from merge_driver.taking import Batch, FileResult, Judge

__all__ = ["DriverError", "FileResult", "MergeDriver", "RunReport", "plain_stop", "tokyo_today"]

_TOKYO: Final = timezone(timedelta(hours=9))
_FILES_AT_ONCE: Final = 256
_RECORDS_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class RunReport:
    """The sums of a run: files by outcome, new records, and records skipped."""

    done: int = 0
    duplicate: int = 0
    quarantined: int = 0
    records: int = 0
    skipped: int = 0

    def plus(self, result: FileResult) -> "RunReport":
        """Return the sums with one more file."""
        return RunReport(
            done=self.done + (result.outcome is Outcome.DONE),
            duplicate=self.duplicate + (result.outcome is Outcome.DUPLICATE),
            quarantined=self.quarantined + (result.outcome is Outcome.QUARANTINE),
            records=self.records + result.records,
            skipped=self.skipped + result.skipped,
        )


@dataclass(frozen=True, slots=True)
class Noted:
    """Files in done that the journal knew nothing of, and their records that it knew nothing of."""

    files: int
    records: int
    handed_on_again: bool


def tokyo_today() -> date:
    """Return the day in Asia/Tokyo, which has had no summer time since 1951."""
    return datetime.now(_TOKYO).date()


def never() -> bool:
    """Ask for no stop."""
    return False


class MergeDriver:
    """Hands the records of one street's merge files on.

    `keys` are those of one issuer and at least one; `journal` is open.
    """

    def __init__(
        self,
        spool: Spool,
        keys: Sequence[StreetKey],
        journal: Journal,
        output: Output,
        *,
        today: Callable[[], date] = tokyo_today,
        progress: Progress | None = None,
    ) -> None:
        self._spool = spool
        self._journal = journal
        self._output = output
        self._progress = progress or NoProgress()
        self._judge = Judge(spool, keys, journal, today, self._progress)

    def prepare(self) -> Noted:
        """Mend what an interrupted run left; once, before the first files are settled.

        Raises DriverError if output and journal do not belong together.
        """
        with plain_stop(self._spool.folder):
            self._spool.prepare()
            records_in = lru_cache(maxsize=1)(self._judge.records_in)
            self._output.agree(self._journal, lambda record: record in records_in(record.file))
            return self._note_settled()

    def run_files(self, is_stopped: Callable[[], bool] = never) -> Iterator[FileResult]:
        """Settle the files in the order of their names and yield what became of each.

        `is_stopped` is asked between batches. Raises DriverError if the computer does not let the
        driver go on, for example when the disk is full; the files at hand and those after them
        stay where they are.
        """
        with plain_stop(self._spool.folder):
            names = self._spool.names()
        for batch in self._batches(names):
            yield from batch.results
            if is_stopped():
                return

    def hand_on_waiting(self, is_stopped: Callable[[], bool] = never) -> HandedOn:
        """Hand on the records that wait. Raises DriverError."""
        with plain_stop(self._journal.path):
            return self._output.hand_on_waiting(self._journal, is_stopped)

    def note_handed_on(self, record: TakenRecord) -> None:
        """Note that a program is done with a record. Raises DriverError."""
        with plain_stop(self._journal.path):
            self._journal.note_handed_on([record.transaction_number])

    def _batches(self, names: Sequence[str]) -> Iterator[Batch]:
        batch = Batch()
        for number, name in enumerate(names):
            self._progress.show("files", number, len(names))
            with plain_stop(self._spool.folder / name):
                self._judge.judge(name, batch)
            if len(batch.moves) >= _FILES_AT_ONCE or len(batch.records) >= _RECORDS_AT_ONCE:
                self._settle(batch)
                yield batch
                batch = Batch()
        if batch.moves:
            self._settle(batch)
            yield batch

    def _settle(self, batch: Batch) -> None:
        with plain_stop(self._spool.folder):
            self._take(batch)
            self._spool.move_all(batch.moves)

    def _take(self, batch: Batch) -> None:
        if batch.files:
            self._output.take(self._journal, batch.files, list(batch.records.values()))

    def _note_settled(self) -> Noted:
        """Note files in done of which the journal knows nothing.

        With a new journal, their records were handed on under an earlier one. Else the journal was
        put back from a backup, and what became of them is not known: they are handed on again.
        """
        known = self._journal.file_names()
        batch = Batch()
        for name, path in self._spool.settled(Outcome.DONE):
            if name not in known or path.name != name:
                self._judge.judge_settled(name, path, batch)
        is_new = self._journal.is_new()
        if batch.files and is_new:
            records = list(batch.records.values())
            self._journal.take(batch.files, records, handed_on=True, elsewhere=True)
        elif batch.files:
            self._take(batch)
        again = bool(batch.records) and not is_new
        return Noted(len(batch.files), len(batch.records), handed_on_again=again)


@contextmanager
def plain_stop(path: Path) -> Iterator[None]:
    """Turn what the computer refuses into a DriverError that a shopkeeper can act on."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise DriverError(
            f"stopped at {shown(str(path))}: {cause}; nothing is lost, run again when it is mended"
        ) from error
