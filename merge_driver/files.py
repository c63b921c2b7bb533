"""Small things that the operating system needs told: syncing a folder, holding a lock."""

import errno
import fcntl
import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from merge_driver.errors import DriverError

_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What a file system says that has no links; those are the ones of memory sticks and cameras."""
_BESIDE_DATABASES: Final = ("-wal", "-shm", "-journal")
"""What SQLite writes beside a database ends so; it comes and goes, with whatever is in it."""


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
    with new_file(path, mode) as file:
        file.write(content)


@contextmanager
def new_file(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Give a file to write and read that is not there yet.

    It appears under its name at the end, whole and synced, or not at all where the block fails.
    Raises FileExistsError where there is one, at once or at the end, and OSError, also for a name
    that no file should have.
    """
    if path.is_symlink() or path.exists():
        raise _there_already(path)
    if why := why_no_name(path):
        raise OSError(errno.EINVAL, why, str(path))
    hidden = path.with_name(f".{path.name}.new")
    hidden.unlink(missing_ok=True)
    descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb+") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(hidden, path)
    finally:
        hidden.unlink(missing_ok=True)
    sync_folder(path.parent)


def why_no_name(path: Path) -> str:
    """Say why no file should be called so; '' where it may."""
    if any(unicodedata.category(letter) == "Cc" for letter in path.name):
        return "the name has a line feed or another control character"
    for ending in _BESIDE_DATABASES:
        database = path.with_name(path.name.removesuffix(ending))
        if path.name.endswith(ending) and database.exists():
            return f"SQLite writes {path.name} itself, beside {database.name}: name another file"
    return ""


def _name(hidden: Path, path: Path) -> None:
    """Give a file its name, unless another has it."""
    try:
        os.link(hidden, path)
    except FileExistsError:
        raise _there_already(path) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A disk without links, such as a memory stick's: the name is taken first.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        hidden.replace(path)


def _there_already(path: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


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
