"""Writing the whole ledger to a file, as it stands at one moment (LED-8)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from peewee import Database, SqliteDatabase

from merge_driver.files import new_file
from merge_driver.progress import SILENT, Progress
from server.db.queries import rows
from server.ledger.snapshot import known_schema, snapshot, stream
from server.upkeep import carrying
from server.upkeep.carrying import TABLES, CarriedTable, columns_of


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    rows: int
    sha256: str
    """As the file's last line has it."""


def export_ledger(database: Database, path: Path, progress: Progress = SILENT) -> Exported:
    """Write the ledger to a new file that only its owner can read, whole or not at all.

    Bookings go on meanwhile. Raises UnusableDatabaseError where the database cannot be
    read, FileExistsError where there is such a file, OSError where it cannot be written.
    """
    lines = ExportLines(database, progress)
    with new_file(path, 0o600) as file, snapshot(database):
        file.writelines(lines)
    return Exported(sum(lines.rows.values()), lines.sha256)


class ExportLines:
    """The lines of the file; gives them in a transaction of the database."""

    def __init__(self, database: Database, progress: Progress = SILENT) -> None:
        self._database = database
        self._progress = progress
        self.rows: dict[str, int] = {}
        self.sha256 = ""

    def __iter__(self) -> Iterator[bytes]:
        hashed = hashlib.sha256()
        for line in self._before_trailer():
            hashed.update(line)
            yield line
        self.sha256 = hashed.hexdigest()
        yield carrying.trailer(self.rows, self.sha256)

    def _before_trailer(self) -> Iterator[bytes]:
        yield carrying.header(known_schema())
        done, of = 0, self._count()
        for table in TABLES:
            self.rows[table.name] = 0
            for line in self._rows_of(table):
                self.rows[table.name] += 1
                done += 1
                self._progress.show("rows written", done, of)
                yield line

    def _count(self) -> int:
        """Count the rows where somebody looks on; else 0."""
        if self._progress is SILENT:
            return 0
        queries = (f"SELECT count(*) FROM {table.name}" for table in TABLES)  # noqa: S608
        return sum(int(rows(self._database, query)[0][0]) for query in queries)

    def _rows_of(self, table: CarriedTable) -> Iterator[bytes]:
        columns = columns_of(self._database, table)
        names = ", ".join(column.name for column in columns)
        query = f"SELECT {names} FROM {table.name} ORDER BY {self._order(table)}"  # noqa: S608
        for row in stream(self._database, query):
            values = zip(columns, row, strict=True)
            written = {column.name: column.written(value) for column, value in values}
            yield carrying.line({"table": table.name, "row": written})

    def _order(self, table: CarriedTable) -> str:
        """Return the order of rows, which is that of bytes on every engine."""
        if isinstance(self._database, SqliteDatabase):
            return ", ".join(table.order)
        columns = {column.name: column for column in columns_of(self._database, table)}
        return ", ".join(
            name
            + (' COLLATE "C"' if columns[name].kind is str else "")
            + (" NULLS FIRST" if columns[name].nullable else "")
            for name in table.order
        )
