"""Small things that the operating system needs told: syncing a folder, holding a lock."""

import fcntl
import os
import stat
from pathlib import Path
from typing import BinaryIO

from merge_driver.errors import DriverError


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last over a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is not there yet; it appears whole and synced, or not at all.

    Raises FileExistsError where there is one, and OSError.
    """
    hidden = path.with_name(f".{path.name}.new")
    hidden.unlink(missing_ok=True)
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(hidden, path)
    finally:
        hidden.unlink(missing_ok=True)
    sync_folder(path.parent)


def announce(path: Path) -> None:
    """Wake readers that watch the folder: unlike a rename, a link tells them nothing."""
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC))


def open_regular(path: Path, flags: int = 0) -> BinaryIO | None:
    """Open a regular file for reading; None for a folder, a pipe or a device, without waiting."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")


def shown(name: str) -> str:
    """Return a file name fit for a terminal and for UTF-8: what cannot be printed is escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in name
    )


def hold_lock(path: Path) -> int:
    """Return the descriptor of the lock file, locked until closed, or raise DriverError.

    The kernel frees the lock when the process ends, however it ends.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise DriverError(
            f"{path}: another merge driver uses this journal; stop it first"
        ) from None
    return descriptor
