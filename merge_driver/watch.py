"""Waits until something arrives in the spool folder, or until it is told to stop."""

import select
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from inotify_simple import INotify, flags

from merge_driver.errors import DriverError
from merge_driver.spool import is_spool_name
from merge_driver.stopping import StopEvent

_RESCAN_SECONDS: Final = 60
_GONE: Final = flags.DELETE_SELF | flags.MOVE_SELF | flags.IGNORED | flags.UNMOUNT


def watch(spool_folder: Path, stop_event: StopEvent) -> Iterator[None]:
    """Yield each time the folder is to be looked at: at once, then whenever a file arrived.

    After 60 seconds without news it yields all the same, because a file that another computer
    puts on a network drive makes no news. Ends with the stop; raises DriverError if the folder
    is gone or cannot be watched.
    """
    try:
        with INotify(nonblocking=True) as inotify:
            mask = flags.MOVED_TO | flags.CLOSE_WRITE | flags.DELETE_SELF | flags.MOVE_SELF
            inotify.add_watch(spool_folder, mask | flags.ONLYDIR)
            yield
            while not stop_event.is_set():
                ready, _, _ = select.select([inotify, stop_event], [], [], _RESCAN_SECONDS)
                if not stop_event.is_set() and (not ready or _has_news(inotify, spool_folder)):
                    yield
    except OSError as error:
        raise DriverError(f"{spool_folder}: cannot be watched: {error.strerror}") from error


def _has_news(inotify: INotify, spool_folder: Path) -> bool:
    """Say whether one of the waiting events is about a merge file, or the kernel lost some."""
    has_news = False
    for event in inotify.read(timeout=0):
        if event.mask & _GONE:
            raise DriverError(f"{spool_folder}: the spool folder is gone")
        has_news |= bool(event.mask & flags.Q_OVERFLOW) or is_spool_name(event.name)
    return has_news
