"""Files that are whole or not there after a crash."""

import os
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder and its parents where they are missing, each synced. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode)
    folder.mkdir(mode, exist_ok=True)
    sync_folder(folder.parent)


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write and sync a file that is not there yet; on OSError it is not there either."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        try:
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file under a dot-name and rename it over the old one.

    On OSError the file holds the old content or the new one, whole, or was not there and is not.
    """
    part = path.with_name(f".{path.name}.part")
    existed = path.exists()
    part.unlink(missing_ok=True)
    write_new(part, content, mode)
    try:
        os.rename(part, path)  # noqa: PTH104 -- beside os.fsync and os.link, by their names
        sync_folder(path.parent)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
            if not existed:
                path.unlink(missing_ok=True)
        raise


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte, however few a call takes. Raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
