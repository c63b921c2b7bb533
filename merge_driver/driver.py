"""Takes the files of a spool folder, one after the other, each whole and each record once.

The order is what makes it exact: lines to the output and synced, then records and the output's
length to the journal in one transaction, then the file to its folder. A run that ends in between
leaves at most a tail of the output, which the next run cuts, or a file to move.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from merge_driver.codec import Decoded, Record, StreetKey, decode, parse_file_name, transaction_day
from merge_driver.errors import DriverError, MergeFileError, Reason
from merge_driver.files import shown
from merge_driver.journal import Journal, TakenFile
from merge_driver.jsonl import JsonLinesOutput, json_line
from merge_driver.spool import Outcome, Spool

__all__ = ["DriverError", "FileResult", "MergeDriver", "RunReport", "open_driver", "tokyo_today"]

_TOKYO: Final = timezone(timedelta(hours=9))
_CLOCK_DAYS_OFF_MAX: Final = 1  # a street's clock may be behind the server's


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file: records handed on, records skipped, and why it was not taken."""

    name: str
    outcome: Outcome
    records: int = 0
    skipped: int = 0
    reason: Reason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class RunReport:
    """The sums of a run: files by outcome, records handed on and records skipped."""

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


def tokyo_today() -> date:
    """Return the day in Asia/Tokyo, which has had no summer time since 1951."""
    return datetime.now(_TOKYO).date()


class MergeDriver:
    """Hands the records of one street's merge files on exactly once.

    `keys` are those of one issuer and at least one; `journal` is open.
    """

    def __init__(
        self,
        spool: Spool,
        keys: Sequence[StreetKey],
        journal: Journal,
        output: JsonLinesOutput,
        today: Callable[[], date] = tokyo_today,
    ) -> None:
        self._spool = spool
        self._keys = keys
        self._issuer_id = keys[0].issuer_id
        self._journal = journal
        self._output = output
        self._today = today

    def run_once(self) -> RunReport:
        """Settle every file that is there and return the sums, or raise DriverError."""
        report = RunReport()
        for result in self.run_files():
            report = report.plus(result)
        return report

    def run_files(self) -> Iterator[FileResult]:
        """Settle the files in the order of their names and yield what became of each.

        Raises DriverError if the computer does not let the driver go on, for example when the
        disk is full; the file at hand and those after it stay where they are.
        """
        with _plain_stop(self._spool.folder):
            self._spool.prepare()
            self._bring_into_agreement()
            names = self._spool.names()
        for name in names:
            with _plain_stop(self._spool.folder / name):
                result = self._settle(name)
            if result is not None:
                yield result

    def _bring_into_agreement(self) -> None:
        agreed_bytes = self._journal.output_length(self._output.path)
        if agreed_bytes is None:
            self._output.expect_new()
        else:
            self._output.cut_tail(agreed_bytes)

    def _settle(self, name: str) -> FileResult | None:
        """Take, skip or quarantine one file; None if it is gone."""
        try:
            content = self._spool.read(name)
            if content is None:
                return None
            decoded = decode(content, self._keys, self._issuer_id)
            self._check_name(name, decoded)
            self._check_days(decoded)
            new_records = self._new_records(decoded)
        except MergeFileError as error:
            self._spool.move(name, Outcome.QUARANTINE, str(error))
            return FileResult(name, Outcome.QUARANTINE, reason=error.reason, message=error.message)
        file = TakenFile(self._issuer_id, name, hashlib.sha256(content).hexdigest())
        skipped = len(decoded.records) - len(new_records)
        if not new_records:
            return self._settle_known(file, skipped)
        self._hand_on(file, new_records)
        self._spool.move(name, Outcome.DONE)
        return FileResult(name, Outcome.DONE, len(new_records), skipped)

    def _check_name(self, name: str, decoded: Decoded) -> None:
        first = decoded.records[0].transaction_number
        if parse_file_name(name) != (self._issuer_id, first):
            raise MergeFileError(
                Reason.NAME_DIFFERS, f"inside are issuer {self._issuer_id} and first {first}"
            )

    def _check_days(self, decoded: Decoded) -> None:
        last_day = self._today() + timedelta(days=_CLOCK_DAYS_OFF_MAX)
        for record in decoded.records:
            if transaction_day(record.transaction_number) > last_day:
                raise MergeFileError(
                    Reason.FROM_THE_FUTURE,
                    f"the day of {record.transaction_number} is not yet; is this clock right?",
                )

    def _new_records(self, decoded: Decoded) -> list[Record]:
        """Return the records that the journal lacks; MergeFileError if it has one otherwise."""
        known = self._journal.known(record.transaction_number for record in decoded.records)
        new_records: list[Record] = []
        for record in decoded.records:
            before = known.get(record.transaction_number)
            if before is None:
                new_records.append(record)
            elif before != (self._issuer_id, record):
                raise MergeFileError(
                    Reason.OTHER_CONTENT,
                    f"{record.transaction_number} was taken before with another ID or points",
                )
        return new_records

    def _settle_known(self, file: TakenFile, skipped: int) -> FileResult:
        """Settle a file all of whose records were there: a duplicate, or an interrupted run's."""
        was_moved = self._spool.holds(Outcome.DONE, file.name, file.sha256)
        if self._journal.has_taken(file.sha256) and not was_moved:
            self._spool.move(file.name, Outcome.DONE)
            return FileResult(file.name, Outcome.DONE, skipped=skipped)
        message = "all of its records were taken before"
        self._spool.move(file.name, Outcome.DUPLICATE, message)
        return FileResult(file.name, Outcome.DUPLICATE, skipped=skipped, message=message)

    def _hand_on(self, file: TakenFile, records: Sequence[Record]) -> None:
        agreed_bytes = self._journal.output_length(self._output.path)
        if agreed_bytes is None:
            self._output.create()
            self._journal.bind_output(self._output.path)
            agreed_bytes = 0
        lines = b"".join(json_line(file.issuer_id, record, file.name) for record in records)
        self._journal.commit(file, records, self._output.append(lines, agreed_bytes))


@contextmanager
def open_driver(
    spool_folder: Path, keys: Sequence[StreetKey], journal_path: Path, output_path: Path
) -> Iterator[MergeDriver]:
    """Open the journal and return a driver on it, or raise DriverError."""
    with Journal(journal_path) as journal:
        yield MergeDriver(Spool(spool_folder), keys, journal, JsonLinesOutput(output_path))


@contextmanager
def _plain_stop(path: Path) -> Iterator[None]:
    """Turn what the computer refuses into a DriverError that a shopkeeper can act on."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise DriverError(
            f"stopped at {shown(str(path))}: {cause}; nothing is lost, run again when it is mended"
        ) from error
