import signal
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from inotify_simple import INotify, flags

from merge_driver import watch as watch_module
from merge_driver.errors import DriverError
from merge_driver.running import _stop_by_signal
from merge_driver.stopping import StopEvent
from merge_driver.watch import watch
from tests.merge_driver.samples import put


class Event(NamedTuple):
    """An event as the kernel gives it."""

    wd: int
    mask: int
    cookie: int
    name: str


def test_it_yields_at_once_and_for_each_arrival(tmp_path: Path) -> None:
    stop_event = StopEvent()
    looks = watch(tmp_path, stop_event)
    next(looks)
    put(tmp_path, b"x", "a.mrg")
    next(looks)
    (tmp_path / "note.txt").write_text("not the driver's business")
    (tmp_path / "b.mrg").write_text("x")
    next(looks)
    stop_event.set()
    stop_event.set()
    assert list(looks) == []
    assert stop_event.is_set()
    stop_event.close()


@pytest.mark.parametrize(
    ("event", "has_news"),
    [
        (Event(-1, int(flags.Q_OVERFLOW), 0, ""), True),
        (Event(1, int(flags.MOVED_TO), 0, "a.mrg"), True),
        (Event(1, int(flags.MOVED_TO), 0, ".a.mrg"), False),
        (Event(1, int(flags.CLOSE_WRITE), 0, "note.txt"), False),
    ],
)
def test_which_events_are_a_reason_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: Event, has_news: bool
) -> None:
    """A queue that overflowed is one: the kernel lost events, so the folder is read again."""
    other = Event(1, int(flags.CLOSE_WRITE), 0, "other.txt")
    monkeypatch.setattr(INotify, "read", lambda *_, **__: [event, other])
    with INotify() as inotify:
        assert watch_module._has_news(inotify, tmp_path) is has_news


def test_without_news_it_yields_after_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive makes no news."""
    monkeypatch.setattr(watch_module, "_RESCAN_SECONDS", 0)
    stop_event = StopEvent()
    looks = watch(tmp_path, stop_event)
    assert [next(looks), next(looks), next(looks)] == [None, None, None]
    stop_event.set()
    assert list(looks) == []
    stop_event.close()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    stop_event = StopEvent()
    with pytest.raises(DriverError, match="cannot be watched"):
        next(watch(tmp_path / "missing", stop_event))
    looks = watch(tmp_path, stop_event)
    next(looks)
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    with pytest.raises(DriverError, match="the spool folder is gone"):
        next(looks)
    stop_event.close()


def test_a_signal_ends_a_wait_though_its_handler_has_not_run() -> None:
    """It is taken by another thread, so that the wait itself is not interrupted.

    The same happens where it comes between the interpreter's last look and the wait.
    """
    with _stop_by_signal() as stop_event:
        timer = threading.Timer(
            0.1, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        )
        timer.start()
        began = time.monotonic()
        assert stop_event.wait(20)
        assert time.monotonic() - began < 10
        timer.join()
