"""How records that were taken reach their output.

A file of lines is exact: lines to the file and synced, then records and the file's length to the
journal in one transaction. What an interrupted run left behind that length is cut. A recipient is
given a record until it has taken it: at least once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from merge_driver.errors import DriverError
from merge_driver.journal import Journal, TakenFile
from merge_driver.outputs.forms import LineForm
from merge_driver.outputs.line_file import LineFile
from merge_driver.outputs.recipient import HandOnError, Recipient
from merge_driver.progress import Progress
from merge_driver.record import TakenRecord

_LINES_AT_ONCE: Final = 10_000

IsToCome = Callable[[TakenRecord], bool]
"""Says whether a record's file is in the spool folder still, and holds it."""


@dataclass(frozen=True, slots=True)
class HandedOn:
    """How many waiting records a run handed on, how many wait still, and why."""

    records: int = 0
    waiting: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    """Transaction numbers that were refused by themselves, each with the reason."""
    trouble: str = ""
    """What keeps anything from being handed on now."""


class Output(Protocol):
    """Where a journal's records are handed on to."""

    def agree(self, journal: Journal, is_to_come: IsToCome) -> None:
        """Mend what an interrupted run left. Raises DriverError where that cannot be told."""
        ...

    def take(
        self, journal: Journal, files: Sequence[TakenFile], records: Sequence[TakenRecord]
    ) -> None:
        """Note files with their new records in the journal, all or nothing."""
        ...

    def hand_on_waiting(self, journal: Journal, is_stopped: Callable[[], bool]) -> HandedOn:
        """Hand on what waits, as far as that can be done now."""
        ...


class ToFile:
    """Records become lines of a file."""

    def __init__(self, file: LineFile, form: LineForm) -> None:
        self._file = file
        self._form = form

    def agree(self, journal: Journal, is_to_come: IsToCome) -> None:
        """Cut what an interrupted run left behind the agreed length.

        The records are in files in the spool folder still, and are written again. Others show that
        the journal is older than the output, as one that was put back from a backup: all that is
        there is noted as handed on.
        """
        agreed = journal.output_file(self._file.path)
        if agreed is None:
            self._file.expect_new()
            return
        if agreed.form != self._form.name:
            raise DriverError(
                f"{self._file.path}: its lines are {agreed.form}, not {self._form.name}; "
                "give another output with a new journal"
            )
        behind = map(self._parsed, self._tail(agreed.length_bytes))
        if any(record and not is_to_come(record) for record in behind):
            self._note_tail(journal, agreed.length_bytes)
        else:
            self._file.cut_tail(agreed.length_bytes)

    def take(
        self, journal: Journal, files: Sequence[TakenFile], records: Sequence[TakenRecord]
    ) -> None:
        """Write the lines, then note files, records and the new length in one transaction."""
        length_bytes = self._write(journal, records) if records else None
        journal.take(files, records, handed_on=True, output_bytes=length_bytes)

    def hand_on_waiting(self, journal: Journal, is_stopped: Callable[[], bool]) -> HandedOn:
        """Write the lines of records that waited for another output before this one."""
        records = 0
        while not is_stopped() and (waiting := journal.waiting(most=_LINES_AT_ONCE)):
            length_bytes = self._write(journal, waiting)
            numbers = [record.transaction_number for record in waiting]
            journal.note_handed_on(numbers, length_bytes)
            records += len(waiting)
        return HandedOn(records, journal.count_waiting())

    def _write(self, journal: Journal, records: Sequence[TakenRecord]) -> int:
        agreed = journal.output_file(self._file.path)
        if agreed is None:
            self._file.create()
            journal.bind_output(self._file.path, self._form.name)
        length_bytes = agreed.length_bytes if agreed else 0
        header = b"" if length_bytes else self._form.header
        lines = "".join(map(self._form.line, records))
        return self._file.append(header + lines.encode("ascii"), length_bytes)

    def _tail(self, agreed_bytes: int) -> Iterator[bytes]:
        for line in self._file.lines_behind(agreed_bytes):
            if agreed_bytes or line != self._form.header:
                yield line

    def _parsed(self, line: bytes) -> TakenRecord | None:
        """Return the record of a line; None for one that is torn or not ours."""
        try:
            return self._form.parse(line)
        except ValueError:
            return None

    def _note_tail(self, journal: Journal, agreed_bytes: int) -> None:
        length_bytes = agreed_bytes
        if not agreed_bytes:
            length_bytes += len(self._form.header)
        records: list[TakenRecord] = []
        for line in self._tail(agreed_bytes):
            record = self._parsed(line)
            if record is None:
                raise DriverError(
                    f"{self._file.path}: the journal is older than this output, and the line at "
                    f"byte {length_bytes} is not one that was written here; put both back as "
                    "they belong together"
                )
            records.append(record)
            length_bytes += len(line)
        known = journal.known([record.transaction_number for record in records])
        new = [record for record in records if record.transaction_number not in known]
        journal.take([], new, handed_on=True)
        journal.note_handed_on(list(known), length_bytes)  # those that waited are written, too
        self._file.cut_tail(length_bytes)


class _Waiting:
    """Records wait in the journal until somebody has taken them."""

    def agree(self, journal: Journal, is_to_come: IsToCome) -> None:
        """There is nothing to mend: what waits is in the journal."""

    def take(
        self, journal: Journal, files: Sequence[TakenFile], records: Sequence[TakenRecord]
    ) -> None:
        """Note files with their records, which wait."""
        journal.take(files, records, handed_on=False)


class ToRecipient(_Waiting):
    """Records are handed to a recipient, each until it has taken it."""

    def __init__(self, recipient: Recipient, progress: Progress) -> None:
        self._recipient = recipient
        self._progress = progress

    def hand_on_waiting(self, journal: Journal, is_stopped: Callable[[], bool]) -> HandedOn:
        """Hand each waiting record on. One that is refused waits, and does not hold up others."""
        records, last = 0, ""
        refused: list[tuple[str, str]] = []
        all_waiting = journal.count_waiting()
        while not is_stopped() and (waiting := journal.waiting(last)):
            for record in waiting:
                last = record.transaction_number
                try:
                    self._recipient.hand_on(record)
                except HandOnError as error:
                    if error.of_this_record:
                        refused.append((record.transaction_number, str(error)))
                        continue
                    waiting_records = journal.count_waiting()
                    return HandedOn(records, waiting_records, tuple(refused), str(error))
                journal.note_handed_on([record.transaction_number])
                records += 1
                self._progress.show("records handed on", records, all_waiting)
                if is_stopped():
                    break
        return HandedOn(records, journal.count_waiting(), tuple(refused))


class ToPython(_Waiting):
    """Records wait until a program acknowledges them (`merge_driver.inbox`)."""

    def hand_on_waiting(
        self,
        journal: Journal,
        is_stopped: Callable[[], bool],  # noqa: ARG002 -- the protocol's
    ) -> HandedOn:
        """Leave what waits to the program."""
        return HandedOn(waiting=journal.count_waiting())
