"""Puts merge files into the street's spool folder, whole or not at all (MRG-4)."""

import errno
import os
import re
import stat
from contextlib import suppress
from enum import StrEnum, auto
from pathlib import Path

from counter_tui.core import files

FILE_MODE = 0o640
"""The street's program may run as another user of the folder's group; the content is encrypted."""

_NAME = re.compile(r"[0-9]{6}-[0-9]{13,20}\.mrg")
_NO_LINKS = frozenset((errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP))


class SpoolFault(StrEnum):
    """Why a merge file is not in the spool folder."""

    MISSING = auto()
    READ_ONLY = auto()
    FULL = auto()
    OTHER_CONTENT = auto()
    BAD_NAME = auto()
    OTHER = auto()


_FAULT_BY_ERRNO = {
    errno.ENOENT: SpoolFault.MISSING,
    errno.ENOTDIR: SpoolFault.MISSING,
    errno.EROFS: SpoolFault.READ_ONLY,
    errno.EACCES: SpoolFault.READ_ONLY,
    errno.EPERM: SpoolFault.READ_ONLY,
    errno.ENOSPC: SpoolFault.FULL,
    errno.EDQUOT: SpoolFault.FULL,
}


class SpoolError(Exception):
    """The merge file could not be delivered; delivering it again is safe."""

    def __init__(self, reason: SpoolFault, message: str) -> None:
        self.reason = reason
        super().__init__(message)


def deliver(folder: Path, name: str, content: bytes) -> None:
    """Put a merge file into the folder; it is there and durable on return.

    A file of the same name and content is done, one of other content is never replaced. Readers
    never see a part of a file: it has a dot-name until it is whole. Raises SpoolError.
    """
    if not _NAME.fullmatch(name):
        raise SpoolError(SpoolFault.BAD_NAME, f"not a merge file's name: {name!r}")
    try:
        _deliver(folder, name, content)
    except OSError as error:
        reason = _FAULT_BY_ERRNO.get(error.errno or 0, SpoolFault.OTHER)
        raise SpoolError(reason, f"{folder}: {error.strerror or error}") from error


def _deliver(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    part = folder / f".{name}.part"
    try:
        if not _is_there(path, content):
            part.unlink(missing_ok=True)
            files.write_new(part, content, FILE_MODE)
            _publish(part, path, content)
            _announce(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    files.sync_folder(folder)


def _publish(part: Path, path: Path, content: bytes) -> None:
    """Give the file its name unless another has it."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS | {errno.EEXIST}:
            raise
        if _is_there(path, content):
            return
        if error.errno == errno.EEXIST:
            raise
        # A file system without hard links, such as a FAT stick.
        os.rename(part, path)  # noqa: PTH104 -- beside os.link and os.fsync, by their names


def _announce(path: Path) -> None:
    """Wake readers that watch the folder: unlike a rename, a link tells them nothing.

    They wait for files that are closed after writing; nothing is written here.
    """
    with suppress(FileNotFoundError):
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC))


def _is_there(path: Path, content: bytes) -> bool:
    """Return whether the file is there, synced. Raises SpoolError where it is another."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _other_content(path) from error
        raise
    try:
        if not _holds(descriptor, content):
            raise _other_content(path)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def _holds(descriptor: int, content: bytes) -> bool:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size != len(content):
        return False
    with open(descriptor, "rb", closefd=False) as file:
        return file.read(len(content) + 1) == content


def _other_content(path: Path) -> SpoolError:
    return SpoolError(SpoolFault.OTHER_CONTENT, f"{path} is there with other content")
