"""Judges the files of a spool folder: each whole, against its keys and what was taken before."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from merge_driver.codec import (
    Decoded,
    Profile,
    Record,
    StreetKey,
    decode,
    parse_file_name,
    transaction_day,
)
from merge_driver.errors import MergeFileError, Reason
from merge_driver.files import shown
from merge_driver.journal import Journal, TakenFile
from merge_driver.progress import Progress
from merge_driver.record import TakenRecord
from merge_driver.spool import Move, Outcome, Spool, read_merge_file

_CLOCK_DAYS_OFF_MAX: Final = 1  # a street's clock may be behind the server's
_SEQUENCE_DIGITS_MAX: Final = 7  # in profile 1, see check_sequences
_ALL_KNOWN: Final = "all of its records were taken before"


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file: new records, records skipped, and why it was not taken."""

    name: str
    outcome: Outcome
    records: int = 0
    skipped: int = 0
    reason: Reason | None = None
    message: str = ""


@dataclass(slots=True)
class Batch:
    """Files that are settled together: with one commit, and then moved."""

    files: list[TakenFile] = field(default_factory=list)
    records: dict[str, TakenRecord] = field(default_factory=dict)
    """The new ones, by transaction number."""
    moves: list[Move] = field(default_factory=list)
    results: list[FileResult] = field(default_factory=list)


class Judge:
    """Decides what becomes of the files of one street. `keys` are those of one issuer."""

    def __init__(
        self,
        spool: Spool,
        keys: Sequence[StreetKey],
        journal: Journal,
        today: Callable[[], date],
        progress: Progress,
    ) -> None:
        self._spool = spool
        self._keys = keys
        self._issuer_id = keys[0].issuer_id
        self._journal = journal
        self._today = today
        self._progress = progress

    def judge(self, name: str, batch: Batch) -> None:
        """Add a file of the spool folder to the batch, unless it is gone."""
        try:
            content = self._spool.read(name)
            if content is None:
                return
            decoded = self._decoded(name, content)
            new_records = self._new_records(decoded, batch)
        except MergeFileError as error:
            batch.moves.append(Move(name, Outcome.QUARANTINE, str(error)))
            batch.results.append(
                FileResult(name, Outcome.QUARANTINE, reason=error.reason, message=error.message)
            )
            return
        file = TakenFile(name, hashlib.sha256(content).hexdigest())
        skipped = len(decoded.records) - len(new_records)
        if not new_records:
            self._add_known(file, skipped, batch)
            return
        self._add(file, new_records, batch)
        batch.moves.append(Move(name, Outcome.DONE))
        batch.results.append(FileResult(name, Outcome.DONE, len(new_records), skipped))

    def judge_settled(self, name: str, path: Path, batch: Batch) -> None:
        """Add a file that was moved to done before, but of which the journal knows nothing.

        One that cannot be read, for example because its key is gone, adds nothing.
        """
        try:
            content = read_merge_file(path)
            file = TakenFile(name, hashlib.sha256(content).hexdigest())
            if self._journal.has_taken(file.sha256):
                return
            new_records = self._new_records(decode(content, self._keys, self._issuer_id), batch)
        except MergeFileError:
            return
        self._add(file, new_records, batch)

    def records_in(self, name: str) -> frozenset[TakenRecord]:
        """Return the records of a file in the spool folder; none of one that is gone or bad."""
        if parse_file_name(name) is None:
            return frozenset()
        try:
            content = self._spool.read(name)
            decoded = self._decoded(name, content) if content is not None else None
        except MergeFileError:
            return frozenset()
        records = decoded.records if decoded else ()
        return frozenset(self._taken(record, name) for record in records)

    def _decoded(self, name: str, content: bytes) -> Decoded:
        def tell(checked: int, of: int) -> None:
            self._progress.show(f"{shown(name)}, records", checked, of)

        decoded = decode(content, self._keys, self._issuer_id, tell)
        check_sequences(decoded)
        check_name(name, self._issuer_id, decoded)
        check_days(decoded, self._today())
        return decoded

    def _new_records(self, decoded: Decoded, batch: Batch) -> list[Record]:
        """Return the records not taken before; MergeFileError if one was another then."""
        known = self._journal.known([record.transaction_number for record in decoded.records])
        new_records: list[Record] = []
        for record in decoded.records:
            number = record.transaction_number
            before = known.get(number) or batch.records.get(number)
            if before is None:
                new_records.append(record)
            elif before != self._taken(record, before.file):
                raise MergeFileError(
                    Reason.OTHER_CONTENT, f"{number} was taken before with another ID or points"
                )
        return new_records

    def _add(self, file: TakenFile, new_records: Sequence[Record], batch: Batch) -> None:
        batch.files.append(file)
        issuer_id, name = self._issuer_id, file.name
        for customer_id, points, number in new_records:
            batch.records[number] = TakenRecord(issuer_id, customer_id, points, number, name)

    def _taken(self, record: Record, file: str) -> TakenRecord:
        number = record.transaction_number
        return TakenRecord(self._issuer_id, record.id, record.points, number, file)

    def _add_known(self, file: TakenFile, skipped: int, batch: Batch) -> None:
        """Settle a file all of whose records were there: a duplicate, or an interrupted run's."""
        was_moved = self._spool.holds(Outcome.DONE, file.name, file.sha256)
        if self._journal.has_taken(file.sha256) and not was_moved:
            batch.moves.append(Move(file.name, Outcome.DONE))
            batch.results.append(FileResult(file.name, Outcome.DONE, skipped=skipped))
            return
        batch.moves.append(Move(file.name, Outcome.DUPLICATE, _ALL_KNOWN))
        batch.results.append(
            FileResult(file.name, Outcome.DUPLICATE, skipped=skipped, message=_ALL_KNOWN)
        )


def check_sequences(decoded: Decoded) -> None:
    """Refuse, in profile 1, a number that may be another's with digits of POINTS in front.

    Where POINTS end in the digits of a day, the comma behind them can be moved as that before them
    can (formats, "What profile 1 cannot do"). Three digits or more must move to make a day that
    is neither before the keys' nor to come; the 13 digits that were there are then a sequence of
    at least 8. By MergeFileError.
    """
    if decoded.profile is not Profile.CBC_MD5:
        return
    for record in decoded.records:
        if len(record.transaction_number) > 8 + _SEQUENCE_DIGITS_MAX:
            raise MergeFileError(
                Reason.TRANSACTION_NUMBER,
                f"the sequence in {record.transaction_number} is over {_SEQUENCE_DIGITS_MAX} "
                "digits, which profile 1 does not protect",
            )


def check_name(name: str, issuer_id: str, decoded: Decoded) -> None:
    """Refuse a file whose name is not made of issuer and first record, by MergeFileError."""
    first = decoded.records[0].transaction_number
    if parse_file_name(name) != (issuer_id, first):
        raise MergeFileError(
            Reason.NAME_DIFFERS, f"inside are issuer {issuer_id} and first {first}"
        )


def check_days(decoded: Decoded, today: date) -> None:
    """Refuse a record from the future, by MergeFileError."""
    numbers = (record.transaction_number for record in decoded.records)
    one_of_each_day = {number[:8]: number for number in numbers}.values()
    for number in one_of_each_day:
        if transaction_day(number) > today + timedelta(days=_CLOCK_DAYS_OFF_MAX):
            raise MergeFileError(
                Reason.FROM_THE_FUTURE, f"the day of {number} is not yet; is this clock right?"
            )
