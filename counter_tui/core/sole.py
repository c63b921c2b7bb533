"""One application at a time for each terminal: two would share an outbox and a print queue."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from counter_tui.core import files
from counter_tui.core.settings import StateError


class AlreadyRunningError(Exception):
    """Another application has the state folder."""


@contextmanager
def sole(state_folder: Path) -> Iterator[None]:
    """Keep the state folder for this process, which lets go of it however it ends.

    The folder is made where it is missing. Raises AlreadyRunningError, StateError.
    """
    descriptor = _opened(state_folder)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError from error
        except OSError as error:
            raise _unusable(state_folder, error) from error
        yield
    finally:
        os.close(descriptor)


def _opened(state_folder: Path) -> int:
    try:
        files.make_folder(state_folder)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        return os.open(state_folder / "running.lock", flags, 0o600)
    except OSError as error:
        raise _unusable(state_folder, error) from error


def _unusable(state_folder: Path, error: OSError) -> StateError:
    return StateError(f"{state_folder} cannot be used: {error.strerror or error}")
