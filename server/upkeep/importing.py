"""Reading a whole ledger from a file into an empty database, all of it or nothing (LED-8)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from peewee import Database

from merge_driver.progress import SILENT, Progress, showing
from server.db.engine import open_database, shown_name
from server.db.errors import UnusableDatabaseError
from server.db.migrate import migrate
from server.db.queries import change, rows
from server.ledger.engines import writing
from server.ledger.snapshot import check_schema, known_schema, told
from server.upkeep.carrying import TABLES
from server.upkeep.export_file import ExportFile, Frame, JsonObject, UnfitFileError
from server.upkeep.exporting import ExportLines
from server.upkeep.loading import BatchRefusedError, Loading
from server.upkeep.verify import Verified, check

MADE_BY_MIGRATIONS = ("program", "counter")
"""Tables that hold rows in a fresh database; the file's take their place."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was stored."""

    rows: int
    verified: Verified


CheckStored = Callable[[Database], None]
"""Raises where what is stored must not be kept."""


def _check_nothing(_database: Database) -> None:
    pass


def import_ledger(
    url: str,
    path: Path,
    check_stored: CheckStored = _check_nothing,
    progress: Progress = SILENT,
) -> Imported:
    """Store what the file holds in the database of a URL, which holds no ledger yet.

    Triggers and constraints check every row; what is stored must export to the same file,
    verify, and pass `check_stored`, which may raise. Raises UnfitFileError,
    UnusableDatabaseError, or OSError where the file cannot be read; nothing is stored then.
    """
    file = ExportFile(path, progress)
    frame = file.check()
    _check_schema_of_file(path, frame)
    database = open_database(url)
    with told(database, "cannot be written"):
        _migrate_if_empty(database)
        with database.connection_context():
            try:
                verified = _store(database, file, frame, None, check_stored, progress=progress)
            except BatchRefusedError as error:
                suspect = error.first_line_number
                verified = _store(database, file, frame, suspect, check_stored, progress=progress)
    return Imported(sum(frame.rows.values()), verified)


def _store(
    database: Database,
    file: ExportFile,
    frame: Frame,
    suspect: int | None,
    check_stored: CheckStored,
    *,
    progress: Progress,
) -> Verified:
    of = sum(frame.rows.values())
    with writing(database):
        check_schema(database)
        _make_room(database)
        found = showing(progress, "rows stored", file.rows(frame), of)
        Loading(database, file, suspect).load(found, frame)
        _compare(database, file, progress, of)
        verified = check(database, progress)
        if verified.fault:
            raise UnfitFileError(f"{file.path} holds a ledger that is wrong: {verified.fault}")
        check_stored(database)
        return verified


def _check_schema_of_file(path: Path, frame: Frame) -> None:
    known = known_schema()
    if newer := [name for name in frame.schema if name not in known]:
        raise UnfitFileError(
            f"{path} was exported by a newer version ({', '.join(newer)}): import it with that one"
        )
    if missing := [name for name in known if name not in frame.schema]:
        raise UnfitFileError(
            f"{path} was exported by an older version (without {', '.join(missing)}): import it "
            "with that one, then start this one on the database"
        )


def _migrate_if_empty(database: Database) -> None:
    with database.connection_context():
        is_empty = not database.get_tables()
    if is_empty:
        migrate(database)


def _make_room(database: Database) -> None:
    """Check that nothing is there but what migrations made, and take that away."""
    for table in TABLES:
        if table.name in MADE_BY_MIGRATIONS:
            continue
        if rows(database, f"SELECT 1 FROM {table.name} LIMIT 1"):  # noqa: S608
            raise UnusableDatabaseError(
                f"{shown_name(database)} holds rows already (in {table.name}): take a new database"
            )
    for name in MADE_BY_MIGRATIONS:
        change(database, f"DELETE FROM {name}")  # noqa: S608


def _compare(database: Database, file: ExportFile, progress: Progress, of: int) -> None:
    """Compare the file with what an export of the database would write now."""
    lines = showing(progress, "rows compared", file.lines(), of)
    for (number, there), stored in zip(lines, ExportLines(database), strict=False):
        if there != stored:
            raise file.unfit(number, _difference(json.loads(there), json.loads(stored)))


def _difference(there: JsonObject, stored: JsonObject) -> str:
    mine, its = there.get("row"), stored.get("row")
    if isinstance(mine, dict) and isinstance(its, dict) and there["table"] == stored["table"]:
        order = next(table.order for table in TABLES if table.name == there["table"])
        differing = [name for name in its if mine[name] != its[name]]
        if differing and not set(differing) & set(order):
            name = differing[0]
            return f"says {name} {mine[name]!r}, but from the other lines follows {its[name]!r}"
    return "is not written as an export writes it, or not in its place"
