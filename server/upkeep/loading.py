"""Storing the rows of an export's file: every trigger and constraint checks them."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from peewee import Database, SqliteDatabase

from server.db.queries import change
from server.ledger.snapshot import one_line, unfit_errors
from server.upkeep.carrying import TABLES, CarriedTable, Column, Value, columns_of
from server.upkeep.export_file import ExportFile, FileRow, Frame

ROWS_AT_ONCE = 500

_POSITIONS = {table.name: position for position, table in enumerate(TABLES)}
_CLOSED_BY_REFERENCES = ("hold", "voucher")
_CLOSE = """UPDATE {table} SET is_open = FALSE WHERE EXISTS
    (SELECT 1 FROM ledger_transaction r WHERE r.refers_to = {table}.transaction_id)"""

NumberedValues = tuple[int, tuple[Value, ...]]
"""The values of a row, and the line that it came from."""


class BatchRefusedError(Exception):
    """The database refused one of several rows that were stored together."""

    def __init__(self, first_line_number: int) -> None:
        super().__init__(f"one of the rows from line {first_line_number} on is refused")
        self.first_line_number = first_line_number


class Loading:
    """Stores the rows of a file in a transaction that the caller has begun.

    The rows of the batch that begins in line `suspect` are stored one by one: so the line
    is found at which a batch was refused. Savepoints would find it at once, but make
    PostgreSQL several times slower.
    """

    def __init__(self, database: Database, file: ExportFile, suspect: int | None) -> None:
        self._database = database
        self._file = file
        self._suspect = suspect
        self._unfit = unfit_errors(database)

    def load(self, found: Iterable[FileRow], frame: Frame) -> None:
        """Store rows, each table's in turn, and compare how many there are.

        Raises UnfitFileError or BatchRefusedError, after which the transaction is at its end.
        """
        counted = {table.name: 0 for table in TABLES}
        for name, of_table in itertools.groupby(self._in_place(found), key=lambda row: row.table):
            counted[name] = self._load_table(TABLES[_POSITIONS[name]], of_table)
        for table in _CLOSED_BY_REFERENCES:
            change(self._database, _CLOSE.format(table=table))
        for name in sorted(counted.keys() | frame.rows.keys()):
            there, said = counted.get(name, 0), frame.rows.get(name, 0)
            if there != said:
                last = frame.last_line_number
                raise self._file.unfit(last, f"says {said} rows of {name}, there are {there}")

    def _in_place(self, found: Iterable[FileRow]) -> Iterator[FileRow]:
        newest = 0
        for one in found:
            position = _POSITIONS.get(one.table, -1)
            if position < newest:
                raise self._file.unfit(
                    one.line_number, f"holds a row of {one.table}, which has no place there"
                )
            newest = position
            yield one

    def _load_table(self, table: CarriedTable, found: Iterable[FileRow]) -> int:
        columns = columns_of(self._database, table)
        at_once = [one.name for one in columns if one.name not in (*table.derived, table.later)]
        names, places = ", ".join(at_once), ", ".join("?" * len(at_once))
        insert = f"INSERT INTO {table.name} ({names}) VALUES ({places})"  # noqa: S608
        later: list[NumberedValues] = []
        key = table.order[0]
        count = 0
        for batch in self._batches(found, columns):
            count += len(batch)
            values = [(number, tuple(row[one] for one in at_once)) for number, row in batch]
            self._run(insert, values)
            if table.later is not None:
                later += [
                    (number, (row[table.later], row[key]))
                    for number, row in batch
                    if row[table.later] is not None
                ]
        if table.later is not None:
            self._run(f"UPDATE {table.name} SET {table.later} = ? WHERE {key} = ?", later)  # noqa: S608
        if not isinstance(self._database, SqliteDatabase):
            # Triggers on the tables that follow look up rows of this one, which has grown.
            self._database.execute_sql(f"ANALYZE {table.name}")
        return count

    def _batches(
        self, found: Iterable[FileRow], columns: Sequence[Column]
    ) -> Iterator[list[tuple[int, dict[str, Value]]]]:
        found = iter(found)
        while few := list(itertools.islice(found, ROWS_AT_ONCE)):
            yield [(one.line_number, self._read(one, columns)) for one in few]

    def _read(self, found: FileRow, columns: Sequence[Column]) -> dict[str, Value]:
        names = {column.name for column in columns}
        if found.row.keys() != names:
            odd = ", ".join(sorted(found.row.keys() ^ names))
            raise self._file.unfit(
                found.line_number, f"has not the columns of {found.table} ({odd[:100]})"
            )
        try:
            return {column.name: column.read(found.row[column.name]) for column in columns}
        except ValueError as error:
            raise self._file.unfit(found.line_number, f"({found.table}): {error}") from error

    def _run(self, statement: str, batch: Sequence[NumberedValues]) -> None:
        if not batch:
            return
        first_line_number = batch[0][0]
        text = statement.replace("?", self._database.param)
        cursor = self._database.connection().cursor()
        if first_line_number != self._suspect:
            try:
                cursor.executemany(text, [values for _, values in batch])
            except self._unfit as error:
                raise BatchRefusedError(first_line_number) from error
            return
        for line_number, values in batch:
            try:
                cursor.execute(text, values)
            except self._unfit as error:
                raise self._file.unfit(line_number, f"is refused: {one_line(error)}") from error
