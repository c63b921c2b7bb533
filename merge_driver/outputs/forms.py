"""The forms of a record's line: JSON Lines and CSV."""

import json
from dataclasses import dataclass
from typing import Final, Protocol

from merge_driver.errors import MergeFileError
from merge_driver.record import IdKind, Record, TakenRecord, check_record, parse_points

CSV_HEADER: Final = (
    "ID付与事業者ID",
    "商店街ポイントID",
    "合算ポイント数",
    "取引済番号",
    "ファイル",
)


class LineForm(Protocol):
    """How a record is written as a line, and read back where the journal is behind."""

    @property
    def name(self) -> str:
        """The name that the journal keeps, so that one file never has lines of two forms."""
        ...

    @property
    def header(self) -> bytes:
        """The first line of a new file; empty where there is none."""
        ...

    def line(self, record: TakenRecord) -> str:
        """Return the line of a record, with its end, all of it ASCII; the same in every run."""
        ...

    def parse(self, line: bytes) -> TakenRecord:
        """Return the record of a line with its end, or raise ValueError."""
        ...


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One JSON object a line, UTF-8."""

    name: str = "jsonl"
    header: bytes = b""

    def line(self, record: TakenRecord) -> str:
        """Return the line of a record."""
        return json_line(record)

    def parse(self, line: bytes) -> TakenRecord:
        """Return the record of a line, or raise ValueError."""
        fields: object = json.loads(line.decode("utf-8"))
        if not isinstance(fields, dict):
            raise ValueError("not an object")
        try:
            record = _checked(*(fields[name] for name in TakenRecord._fields))
        except KeyError as error:
            raise ValueError(f"{error} is missing") from None
        return _same(record, line, self)


@dataclass(frozen=True, slots=True)
class Csv:
    """Fields separated by commas, lines ended by CR LF, with a header (RFC 4180)."""

    encoding: str

    @property
    def name(self) -> str:
        """The name that the journal keeps."""
        return f"csv {self.encoding}"

    @property
    def header(self) -> bytes:
        """The names of the fields, in the manual's words (S39)."""
        return (",".join(CSV_HEADER) + "\r\n").encode(self.encoding)

    def line(self, record: TakenRecord) -> str:
        """Return the line of a record; no field can hold a comma, a quote or a line's end."""
        fields = (record.issuer_id, record.id, str(record.points), record.transaction_number)
        return ",".join((*fields, record.file)) + "\r\n"

    def parse(self, line: bytes) -> TakenRecord:
        """Return the record of a line, or raise ValueError."""
        fields = line.decode("ascii").removesuffix("\r\n").split(",")
        if len(fields) != len(CSV_HEADER):
            raise ValueError(f"{len(fields)} fields in place of {len(CSV_HEADER)}")
        issuer_id, customer_id, points, number, file = fields
        try:
            record = _checked(issuer_id, customer_id, parse_points(points), number, file)
        except MergeFileError as error:
            raise ValueError(error.message) from None
        return _same(record, line, self)


def json_line(record: TakenRecord) -> str:
    """Return a record as a line of JSON Lines; no field can hold what JSON writes otherwise."""
    issuer_id, customer_id, points, number, file = record
    return (
        f'{{"issuer_id": "{issuer_id}", "id": "{customer_id}", "points": {points}, '
        f'"transaction_number": "{number}", "file": "{file}"}}\n'
    )


def _checked(
    issuer_id: object, customer_id: object, points: object, number: object, file: object
) -> TakenRecord:
    match issuer_id, customer_id, points, number, file:
        case str(), str(), int(), str(), str() if points is not True:
            record = TakenRecord(issuer_id, customer_id, points, number, file)
        case _:
            raise ValueError("a field is of another kind")
    try:
        check_record(Record(record.id, record.points, record.transaction_number), IdKind.STREET)
    except MergeFileError as error:
        raise ValueError(error.message) from None
    return record


def _same(record: TakenRecord, line: bytes, form: LineForm) -> TakenRecord:
    """Return the record if the line is just what would be written for it, else ValueError."""
    if form.line(record).encode("ascii", "replace") != line:
        raise ValueError("not a line of this form")
    return record
