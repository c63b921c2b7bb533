"""Who is in a demo town: locks that a process gives back however it ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from demo.processes import DemoError

STEP_SECONDS = 0.1
MOMENT_SECONDS = 1.0
"""Longer than anybody holds a lock only to look."""
KEEPER_ENDS_SECONDS = 60.0


class Locks:
    """The locks of one town, beside its folder: starting over removes that. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.with_name(f"{folder.name}.locks")
        self._folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def only_one(self, name: str, told: str) -> Iterator[None]:
        """Be the only one of a name, or raise DemoError with what is told then."""
        with self._open(name) as lock:
            if not _try(lock, fcntl.LOCK_EX):
                raise DemoError(told)
            yield

    @contextmanager
    def member(self) -> Iterator[None]:
        """Be in the town: it is kept while anybody is."""
        with self._open("members") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    def is_empty(self) -> bool:
        """Whether nobody is in the town."""
        with self._open("members") as lock:
            return _try(lock, fcntl.LOCK_EX)

    @contextmanager
    def empty(self, told: str) -> Iterator[None]:
        """Have the town to oneself, without a keeper, or raise DemoError with what is told."""
        with self._open("keeper") as keeper, self._open("members") as members:
            if not _try(members, fcntl.LOCK_EX, MOMENT_SECONDS):
                raise DemoError(told)
            fcntl.flock(members, fcntl.LOCK_UN)  # The last keeper looks whether it may end.
            alone = _try(keeper, fcntl.LOCK_EX, KEEPER_ENDS_SECONDS)
            if not alone or not _try(members, fcntl.LOCK_EX):
                raise DemoError(told)
            keeper.truncate(0)
            yield

    @contextmanager
    def keeper(self) -> Iterator["Kept | None"]:
        """Be the town's keeper; None where it has one."""
        with self._open("keeper") as lock, self._open("members") as members:
            if not _try(lock, fcntl.LOCK_EX, MOMENT_SECONDS):
                yield None
                return
            lock.truncate(0)
            try:
                yield Kept(lock, members)
            finally:
                lock.truncate(0)

    def kept_address(self) -> str | None:
        """Return where the town's server listens, empty while it starts; None without keeper."""
        with self._open("keeper") as lock:
            return None if _try(lock, fcntl.LOCK_SH) else lock.read()

    def _open(self, name: str) -> IO[str]:
        lock = (self._folder / name).open("a+")
        lock.seek(0)
        return lock


class Kept:
    """A keeper's hold on its town."""

    def __init__(self, lock: IO[str], members: IO[str]) -> None:
        self._lock = lock
        self._members = members

    def tell(self, address: str) -> None:
        """Tell those who join where the server listens."""
        self._lock.write(address)
        self._lock.flush()

    def is_left(self) -> bool:
        """Whether nobody is in the town any more; who comes now is told no address."""
        if not _try(self._members, fcntl.LOCK_EX):
            return False
        self._lock.truncate(0)
        fcntl.flock(self._members, fcntl.LOCK_UN)
        return True


def _try(lock: IO[str], kind: int, seconds: float = 0.0) -> bool:
    """Take a lock, trying for some seconds; closing its file gives it back."""
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(STEP_SECONDS)
        else:
            return True
