"""The spool folder: which files in it count, and where they go when they are settled."""

import hashlib
import itertools
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from merge_driver.codec import FILE_BYTES_MAX, parse_file_name
from merge_driver.errors import DriverError, MergeFileError, Reason
from merge_driver.files import open_regular, sync_folder

_SUFFIX: Final = ".mrg"
_SETTLED: Final = re.compile(r"(.+\.(?i:mrg))(?:\.[0-9]+)?", re.DOTALL)
_NAME_BYTES_MAX: Final = 200  # leaves room for ".reason.txt" and a number in a name of 255


class Outcome(StrEnum):
    """What became of a merge file; also the folder inside the spool folder that it is moved to."""

    DONE = "done"
    DUPLICATE = "duplicate"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Move:
    """A file that goes from the spool folder to one of the folders for settled files, and why."""

    name: str
    outcome: Outcome
    reason: str | None = None


class Spool:
    """A spool folder with its three folders for settled files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folders for settled files, or raise DriverError if there is no spool folder."""
        if not self.folder.is_dir():
            raise DriverError(f"{self.folder}: there is no such spool folder")
        for outcome in Outcome:
            place = self.folder / outcome
            place.mkdir(exist_ok=True)
            if place.is_symlink():
                raise DriverError(f"{place}: a link in place of a folder; remove it")
        sync_folder(self.folder)

    def names(self) -> list[str]:
        """Return the names to settle, in order: those that end in `.mrg`, in capitals too.

        Hidden ones are left out.
        """
        with os.scandir(self.folder) as entries:
            return sorted(entry.name for entry in entries if is_spool_name(entry.name))

    def read(self, name: str) -> bytes | None:
        """Return a file's content, None if it is gone, or raise MergeFileError."""
        path = self.folder / name
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise MergeFileError(Reason.NOT_A_FILE, "a link, a folder or a device")
            if parse_file_name(name) is None:
                raise MergeFileError(Reason.NAME, "not the name of a merge file")
            return read_merge_file(path)
        except FileNotFoundError:
            return None

    def move_all(self, moves: Sequence[Move]) -> None:
        """Move files to their folders, never over others; with what was told beside them.

        The reasons are synced beside the files' places before any file arrives there.
        """
        targets = [self._target(move) for move in moves]
        told = {target.parent for move, target in zip(moves, targets, strict=True) if move.reason}
        for move, target in zip(moves, targets, strict=True):
            if move.reason is not None:
                _write_synced(_reason_path(target), move.reason + "\n")
        for folder in sorted(told):
            sync_folder(folder)
        for move, target in zip(moves, targets, strict=True):
            (self.folder / move.name).rename(target)
        for folder in sorted({target.parent for target in targets}):
            sync_folder(folder)
        if moves:
            sync_folder(self.folder)

    def _target(self, move: Move) -> Path:
        places = _places(self.folder / move.outcome, move.name)
        return next(path for path in places if not os.path.lexists(path))

    def settled(self, outcome: Outcome) -> Iterator[tuple[str, Path]]:
        """Yield the files in a folder for settled ones, in order: the name each had, its place."""
        with os.scandir(self.folder / outcome) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file())
        for name in names:
            if match := _SETTLED.fullmatch(name):
                yield match[1], self.folder / outcome / name

    def put_back(self, path: Path, name: str) -> None:
        """Move a settled file back into the spool folder, under the name that it had.

        Raises DriverError where a file of that name is there.
        """
        target = self.folder / name
        if os.path.lexists(target):
            raise DriverError(f"{target}: a file of this name is in the spool folder; run first")
        path.rename(target)
        sync_folder(self.folder)
        _reason_path(path).unlink(missing_ok=True)
        sync_folder(path.parent)

    def holds(self, outcome: Outcome, name: str, sha256: str) -> bool:
        """Say whether a file of this name and content was moved to the folder before."""
        present = itertools.takewhile(os.path.lexists, _places(self.folder / outcome, name))
        return any(
            hashlib.sha256(path.read_bytes()).hexdigest() == sha256
            for path in present
            if path.is_file()
        )


def is_spool_name(name: str) -> bool:
    """Say whether a name in the spool folder is the driver's business."""
    return name.lower().endswith(_SUFFIX) and not name.startswith(".")


def read_merge_file(path: Path) -> bytes:
    """Return the content of a regular file of at most 64 MiB, or raise MergeFileError.

    A larger file is not read. Raises FileNotFoundError as it is.
    """
    try:
        file = open_regular(path, os.O_NOFOLLOW)
    except PermissionError:
        raise MergeFileError(Reason.NOT_READABLE, "the driver may not read the file") from None
    if file is None:
        raise MergeFileError(Reason.NOT_A_FILE, "a folder or a device")
    with file:
        size_bytes = os.fstat(file.fileno()).st_size
        content = file.read(FILE_BYTES_MAX + 1) if size_bytes <= FILE_BYTES_MAX else None
    if content is None or len(content) > FILE_BYTES_MAX:
        raise MergeFileError(Reason.TOO_LARGE, f"the file is over {FILE_BYTES_MAX} bytes")
    return content


def _reason_path(path: Path) -> Path:
    return path.with_name(path.name + ".reason.txt")


def _places(folder: Path, name: str) -> Iterator[Path]:
    """Yield the folder's places for a file: under its name, then with .1, .2 and so on."""
    short_name = _shortened(name)
    yield folder / short_name
    for number in itertools.count(1):
        yield folder / f"{short_name}.{number}"


def _shortened(name: str) -> str:
    """Return the name, or the beginning and a hash of one that leaves no room for endings."""
    name_bytes = os.fsencode(name)
    if len(name_bytes) <= _NAME_BYTES_MAX:
        return name
    ending = hashlib.sha256(name_bytes).hexdigest()[:16] + _SUFFIX
    return os.fsdecode(name_bytes[: _NAME_BYTES_MAX - len(ending) - 1]) + "-" + ending


def _write_synced(path: Path, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o640), "wb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
