"""Kills the driver before every single step that touches the disk, and runs it again."""

import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest

from merge_driver.codec import Record
from merge_driver.journal import Journal
from merge_driver.spool import Outcome
from tests.merge_driver.samples import RECORD_A, RECORD_B, put, put_records
from tests.merge_driver.street import Street

RECORD_C = Record("C-3", 30, "2017123100003")
RECORD_D = Record("D-4", 40, "2017123100004")
SYSTEM_CALLS = ("fsync", "pwrite", "ftruncate", "rename", "mkdir")


class KillSwitch:
    """Counts steps and ends this process, as kill -9 does, before the given one."""

    def __init__(self, last_step: int) -> None:
        self.steps_left = last_step

    def step(self) -> None:
        if self.steps_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.steps_left -= 1

    def guard(self, name: str) -> None:
        """Make a function of `os` a step; a write is torn in the middle besides."""
        real: Callable[..., int | None] = getattr(os, name)

        def guarded(*arguments: "int | str | Path | memoryview", **options: int) -> int | None:
            self.step()
            if name == "pwrite" and self.steps_left == 0:
                descriptor, content, place = arguments
                assert isinstance(content, memoryview)
                real(descriptor, content[: len(content) // 2], place)
                self.step()
            return real(*arguments, **options)

        setattr(os, name, guarded)

    def guard_journal(self) -> None:
        """Make every statement of the journal a step."""
        switch = self

        class GuardedConnection(sqlite3.Connection):
            def execute(  # type: ignore[override]
                self, statement: str, values: Sequence[str | int] = ()
            ) -> sqlite3.Cursor:
                switch.step()
                return super().execute(statement, values)

        real_connect = sqlite3.connect
        sqlite3.connect = lambda path, isolation_level: real_connect(  # type: ignore[assignment]
            path, isolation_level=isolation_level, factory=GuardedConnection
        )


def run_and_kill(street: Street, last_step: int) -> bool:
    """Run in a child process that is killed before a step; False if the run got to its end."""
    child = os.fork()
    if child == 0:
        switch = KillSwitch(last_step)
        try:
            for name in SYSTEM_CALLS:
                switch.guard(name)
            switch.guard_journal()
            street.run()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def fill(street: Street) -> None:
    """Put one file of each kind: new, overlapping, all there before, bad inside, bad name."""
    put_records(street.spool, RECORD_A, RECORD_B)
    put_records(street.spool, RECORD_C, RECORD_A)
    put_records(street.spool, RECORD_B)
    put_records(street.spool, RECORD_D)
    put(street.spool, b"bad", "000002-2017123100009.mrg")
    put(street.spool, b"bad", "bad.mrg")


def state(street: Street) -> tuple[object, ...]:
    """What must be the same in the end, however often the run was interrupted."""
    return (
        street.output.read_bytes(),
        street.journal_rows(),
        *(street.names(outcome) for outcome in Outcome),
        sorted(path.name for path in street.spool.iterdir()),
    )


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """The state after a run that nothing interrupts."""
    street = Street(tmp_path_factory.mktemp("whole") / "street")
    fill(street)
    report = street.run()
    assert (report.done, report.duplicate, report.quarantined, report.records) == (3, 1, 2, 4)
    return state(street)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("second_kill", [None, 5, 14])
def test_killed_before_any_step_nothing_is_lost_and_nothing_is_twice(
    tmp_path: Path, expected: tuple[object, ...], second_kill: int | None
) -> None:
    for last_step in count():
        street = Street(tmp_path / f"{last_step}" / "street")
        fill(street)
        was_killed = run_and_kill(street, last_step)
        if second_kill is not None:
            run_and_kill(street, second_kill)
        street.run()
        assert state(street) == expected, f"killed before step {last_step}"
        street.run()
        assert state(street) == expected
        if not was_killed:
            break
    assert last_step > 40


def test_killed_between_journal_and_move_the_file_still_goes_to_done(tmp_path: Path) -> None:
    street = Street(tmp_path / "street")
    path = put_records(street.spool, RECORD_A)
    content = path.read_bytes()
    street.run()
    (street.spool / "done" / path.name).rename(path)
    (result,) = street.results()
    assert (result.outcome, result.records, result.skipped) == (Outcome.DONE, 0, 1)
    put(street.spool, content, path.name)
    (again,) = street.results()
    assert again.outcome is Outcome.DUPLICATE
    assert len(street.lines()) == 1


def test_every_step_is_synced_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill -9 leaves what the kernel holds; power loss does not, so the order is looked at."""
    street = Street(tmp_path / "street")
    put_records(street.spool, RECORD_A)
    street.run()
    put_records(street.spool, RECORD_D)
    put(street.spool, b"bad", "bad.mrg")
    steps: list[str] = []
    for name in ("fsync", "pwrite", "rename"):
        monkeypatch.setattr(os, name, noting(steps, name, getattr(os, name)))
    monkeypatch.setattr(Journal, "take", noting(steps, "take", Journal.take))
    street.run()
    prepare = ["fsync spool"]
    take = ["pwrite points.jsonl", "fsync points.jsonl", "take"]
    reason = ["fsync bad.mrg.reason.txt", "fsync quarantine"]
    moves = ["rename", "rename", "fsync done", "fsync quarantine", "fsync spool"]
    assert steps == prepare + take + reason + moves


def noting(steps: list[str], name: str, real: Callable[..., object]) -> Callable[..., object]:
    """Return the function, noting its name and the file of the descriptor it is given."""

    def noted(*arguments: object, **options: object) -> object:
        first = arguments[0]
        if isinstance(first, int):
            steps.append(f"{name} {Path(f'/proc/self/fd/{first}').readlink().name}")
        else:
            steps.append(name)
        return real(*arguments, **options)

    return noted
