"""Conditions under which a database cannot be used: a disk that is full, another's lock."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

LOCKING = """
import sys
from server.db.engine import open_database
database = open_database(sys.argv[1])
with database.connection_context():
    for statement in sys.argv[2:]:
        database.execute_sql(statement)
    print("locked", flush=True)
    sys.stdin.read()
    database.execute_sql("ROLLBACK")
"""


@contextmanager
def small_disk(folder: Path, megabytes: int, owner: int = 0) -> Iterator[Path]:
    """A file system of its own; needs root."""
    folder.mkdir()
    options = f"size={megabytes}m,uid={owner},mode=700"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("mounting a file system takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk to the last block, and return the file to delete."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    return ballast


@contextmanager
def locked(url: str, *statements: str) -> Iterator[None]:
    """While this lasts another process has run the statements, and has not ended them."""
    arguments = [sys.executable, "-c", LOCKING, url, *statements]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            process.stdin.close()
            assert process.wait(30) == 0


def with_options(url: str, options: str) -> str:
    """The URL of a PostgreSQL database with settings for the session."""
    return f"{url}&options={quote(options)}"
