"""Reading a file that an export wrote: line by line, and never more than a line in memory."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeGuard

from merge_driver.progress import SILENT, Progress
from server.upkeep.carrying import FORMAT, LINE_BYTES_MAX, VERSION

JsonObject = dict[str, object]


class UnfitFileError(Exception):
    """The file cannot be imported; the message says what is wrong, and in which line."""


class FileRow(NamedTuple):
    """A line of the file that holds a row of a table."""

    line_number: int
    table: str
    row: JsonObject


@dataclass(frozen=True, slots=True)
class Frame:
    """What the first and the last line say."""

    schema: tuple[str, ...]
    rows: dict[str, int]
    sha256: str
    last_line_number: int


class ExportFile:
    """A file, each reading of which begins at its start."""

    def __init__(self, path: Path, progress: Progress = SILENT) -> None:
        self.path = path
        self._progress = progress

    def check(self) -> Frame:
        """Read it through, and return what frames it; the hash in its last line is right.

        Raises UnfitFileError, or OSError where it cannot be read.
        """
        if self.path.exists() and not self.path.is_file():
            raise UnfitFileError(
                f"{self.path} is no file: give one that can be read more than once, and no pipe"
            )
        schema: tuple[str, ...] | None = None
        hashed = hashlib.sha256()
        number, newest = 0, b""
        done, size = 0, self.path.stat().st_size
        for number, content in self.lines():
            done += len(content)
            self._progress.show("bytes checked", done, size)
            hashed.update(newest)
            newest = content
            schema = schema or self._schema(content)
            self._text(number, content)
        if schema is None:
            raise UnfitFileError(f"{self.path} is empty")
        rows, sha256 = self._trailer(number, newest)
        if sha256 != hashed.hexdigest():
            raise UnfitFileError(
                f"{self.path} was changed after it was exported: its SHA-256 is not that of "
                f"line {number}"
            )
        return Frame(schema, rows, sha256, number)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Give every line with its number, from 1."""
        with self.path.open("rb") as file:
            for number in itertools.count(1):
                content = file.readline(LINE_BYTES_MAX)
                if not content:
                    return
                if len(content) == LINE_BYTES_MAX:
                    mebibytes = LINE_BYTES_MAX // 2**20
                    raise self.unfit(number, f"is longer than {mebibytes} MiB, no export has that")
                if not content.endswith(b"\n"):
                    raise self.unfit(number, "has no end: the file is cut off")
                yield number, content

    def rows(self, frame: Frame) -> Iterator[FileRow]:
        """Give the rows between the first and the last line."""
        for number, content in itertools.islice(self.lines(), 1, frame.last_line_number - 1):
            found = self._object(number, content)
            table, row = found.get("table"), found.get("row")
            if len(found) != 2 or not isinstance(table, str) or not _is_object(row):
                raise self.unfit(number, "is no row of a table")
            yield FileRow(number, table, row)

    def unfit(self, line_number: int, what: str) -> UnfitFileError:
        """Return the error that a line is not as it should be."""
        return UnfitFileError(f"{self.path}: line {line_number} {what}")

    def _schema(self, content: bytes) -> tuple[str, ...]:
        try:
            found = self._object(1, content)
        except UnfitFileError:
            found = {}
        if found.get("format") != FORMAT:
            raise UnfitFileError(f"{self.path} is no export of a ledger: line 1 does not say so")
        if found.get("version") != VERSION:
            raise self.unfit(
                1,
                f"names version {found.get('version')} of the format, this program reads {VERSION}",
            )
        schema = found.get("schema")
        if not isinstance(schema, list) or not schema:
            raise self.unfit(1, "names no schema")
        return tuple(str(name) for name in schema)

    def _trailer(self, number: int, content: bytes) -> tuple[dict[str, int], str]:
        found = self._object(number, content)
        rows, sha256 = found.get("rows"), found.get("sha256")
        if not _is_object(rows) or not isinstance(sha256, str):
            raise self.unfit(number, "is the last and no trailer: the file is cut off")
        return {table: count for table, count in rows.items() if isinstance(count, int)}, sha256

    def _object(self, number: int, content: bytes) -> JsonObject:
        try:
            found = json.loads(self._text(number, content))
        except (ValueError, RecursionError):
            raise self.unfit(number, "is no JSON") from None
        if not _is_object(found):
            raise self.unfit(number, "is no JSON object")
        return found

    def _text(self, number: int, content: bytes) -> str:
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise self.unfit(number, "is not UTF-8") from None


def _is_object(found: object) -> TypeGuard[JsonObject]:
    return isinstance(found, dict)
