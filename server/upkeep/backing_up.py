"""Backups: the whole ledger in a file, taken while the server runs, and made a ledger again.

A backup is an export, compressed: the same file for every engine, which is checked line by line
when it is restored (OPS-3).
"""

import errno
import gzip
import os
import re
import tempfile
import time
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from peewee import Database

from merge_driver.files import new_file
from merge_driver.progress import SILENT, Progress, showing
from server.ledger.snapshot import snapshot
from server.upkeep.export_file import UnfitFileError
from server.upkeep.exporting import ExportLines
from server.upkeep.importing import CheckStored, Imported, import_ledger

SUFFIX = ".jsonl.gz"
_PREFIX = "ledger-"
_COMPRESSION = 6
_BYTES_AT_ONCE = 1024 * 1024
_OURS = re.compile(r"ledger-\d{8}T\d{6}Z\.jsonl\.gz")
_PART_SECONDS_MAX = 86_400


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What was written."""

    file: Path
    rows: int
    bytes: int
    sha256: str
    """Of the export in it, as its last line has it."""
    removed: int
    """Older backups that were removed."""


def back_up(
    database: Database,
    folder: Path,
    now: datetime,
    keep: int | None,
    progress: Progress = SILENT,
) -> BackedUp:
    """Write a backup into a folder, whole or not at all, and remove all but the newest `keep`.

    Bookings go on meanwhile; every one that was answered before is in it. Raises
    UnusableDatabaseError where the database cannot be read, OSError where the folder cannot
    be written.
    """
    if not folder.exists():
        raise FileNotFoundError(errno.ENOENT, "the folder is missing: make it first", str(folder))
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is no folder", str(folder))
    file = folder / f"{_PREFIX}{now:%Y%m%dT%H%M%SZ}{SUFFIX}"
    _remove_parts(folder)
    lines = ExportLines(database, progress)
    with new_file(file, 0o600) as part:
        _pack(part, database, lines)
        _check_packed(part, lines, progress)
    removed = _remove_older(folder, file, keep) if keep is not None else 0
    size = file.stat().st_size
    return BackedUp(file, sum(lines.rows.values()), size, lines.sha256, removed)


def restore(url: str, file: Path, check: CheckStored, progress: Progress = SILENT) -> Imported:
    """Make a ledger of a backup in the database of a URL, which holds no ledger yet.

    Everything is checked as an import checks it, and by `check`, before anything is kept. Raises
    UnfitFileError, UnusableDatabaseError, OSError where the file cannot be read, and what
    `check` raises.
    """
    with tempfile.TemporaryDirectory(prefix="jichipoint-restore-") as folder:
        unpacked = Path(folder) / "ledger.jsonl"
        try:
            _unpack(file, unpacked, progress)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise UnfitFileError(f"{file} is no whole backup: it is cut or was changed") from None
        try:
            return import_ledger(url, unpacked, check, progress)
        except UnfitFileError as error:
            raise UnfitFileError(str(error).replace(str(unpacked), str(file))) from None


def _pack(part: BinaryIO, database: Database, lines: ExportLines) -> None:
    with gzip.GzipFile("", "wb", _COMPRESSION, part, mtime=0) as packed, snapshot(database):
        packed.writelines(lines)


def _check_packed(part: BinaryIO, lines: ExportLines, progress: Progress) -> None:
    """See that what lies on the disk ends as it was written."""
    last = b""
    part.seek(0)
    with gzip.open(part, "rb") as packed:
        for line in showing(progress, "rows read again", packed, sum(lines.rows.values())):
            last = line
    if lines.sha256.encode() not in last:
        raise OSError(errno.EIO, "the file does not hold what was written to it")


def _unpack(file: Path, unpacked: Path, progress: Progress) -> None:
    with file.open("rb") as raw, gzip.open(raw) as packed, unpacked.open("wb") as out:
        size = os.fstat(raw.fileno()).st_size
        while part := packed.read(_BYTES_AT_ONCE):
            out.write(part)
            progress.show("bytes unpacked", raw.tell(), size)


def _remove_older(folder: Path, newest: Path, keep: int) -> int:
    """Remove backups that are older than the newest, but for so many with it; no other file."""
    older = sorted(
        path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path.name < newest.name
    )
    removed = older[: max(0, len(older) - (keep - 1))]
    for path in removed:
        path.unlink()
    return len(removed)


def _remove_parts(folder: Path) -> None:
    """Remove what backups left behind that were killed, a day ago or earlier."""
    for part in folder.glob(f".{_PREFIX}*{SUFFIX}.new"):
        if part.stat().st_mtime < time.time() - _PART_SECONDS_MAX:
            part.unlink(missing_ok=True)
