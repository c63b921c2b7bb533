"""Kills the real command with SIGKILL at every call that changes the disk, and runs it again."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from merge_driver.cli import main
from tests.merge_driver.killing import CHANGING, Call, calls_of, kill_at, needs_strace, some_of
from tests.merge_driver.place import Place
from tests.merge_driver.twenty import (
    CSV_LINES,
    DONE,
    DUPLICATE,
    HANDED_ON,
    JSON_LINES,
    QUARANTINE,
    merge_name,
    put_twenty,
)
from tests.sizes import IS_DEEP

pytestmark = needs_strace

# Without -B the interpreter writes what it compiled, which is no business of the driver.
COMMAND = [sys.executable, "-B", "-m", "merge_driver.cli"]
FORMS = {
    "jsonl": ('kind = "jsonl"\npath = "points.jsonl"', "jsonl", "".join(JSON_LINES).encode()),
    "csv": ('kind = "csv"\npath = "points.jsonl"', "csv utf-8", "".join(CSV_LINES).encode()),
}
if IS_DEEP:
    FORMS["csv in Shift_JIS"] = (
        'kind = "csv"\npath = "points.jsonl"\nencoding = "shift_jis"',
        "csv shift_jis",
        "".join(CSV_LINES).encode("shift_jis"),
    )
LEFT = [("jsonl", "a tail of the output"), ("csv", "files to move")]
if IS_DEEP:
    LEFT += [("csv", "a tail of the output"), ("jsonl", "files to move")]


def new_place(folder: Path, form: str) -> Place:
    folder.mkdir()
    place = Place(folder, FORMS[form][0])
    put_twenty(place.spool)
    return place


def copy_of(place: Place, folder: Path) -> Place:
    """The same place, with all its files, in another folder."""
    copy = Place.__new__(Place)
    shutil.copytree(place.folder, folder, symlinks=True)
    for name, value in vars(place).items():
        inside = isinstance(value, Path)
        setattr(copy, name, folder / value.relative_to(place.folder) if inside else value)
    return copy


def command_of(place: Place) -> list[str]:
    return [*COMMAND, *place.run_arguments()]


def run(place: Place) -> tuple[int, str]:
    """Run the command in this process, which is faster; return exit code and what it complains."""
    result = CliRunner().invoke(main, place.run_arguments())
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr


def assert_all_is_settled(place: Place, form: str) -> None:
    """What must hold at the end, however it came about; written down, not computed."""
    _, form_name, content = FORMS[form]
    assert place.output.read_bytes() == content
    assert place.rows(
        "SELECT id, points, transaction_number, file, is_handed_on FROM record ORDER BY 3"
    ) == [(one.id, one.points, one.transaction_number, file, 1) for one, file in HANDED_ON]
    assert place.rows("SELECT form, length_bytes FROM output") == [(form_name, len(content))]
    assert place.rows("SELECT count(*) FROM file") == [(len(DONE),)]
    assert place.names("done") == [merge_name(one) for one in DONE]
    assert place.names("duplicate") == [merge_name(one) for one in DUPLICATE]
    assert place.names("quarantine") == list(QUARANTINE)
    assert {name: place.reason(name) for name in QUARANTINE} == QUARANTINE
    folders = ["done", "duplicate", "quarantine"]
    assert sorted(path.name for path in place.spool.iterdir()) == folders


def assert_mended(place: Place, form: str, expected: dict[str, object], killed_at: str) -> None:
    """Run to the end: all is as if nothing had happened; and once more: nothing is done again."""
    code, complaint = run(place)
    assert (code in (0, 3), complaint) == (True, ""), killed_at
    assert place.state() == expected, killed_at
    assert_all_is_settled(place, form)
    assert run(place) == (0, ""), killed_at
    assert place.state() == expected, killed_at


@pytest.mark.parametrize("form", FORMS)
def test_killed_at_any_call_output_journal_and_folders_agree(tmp_path: Path, form: str) -> None:
    whole = new_place(tmp_path / "whole", form)
    calls = calls_of(command_of(whole), CHANGING, tmp_path / "log", {3})
    assert_all_is_settled(whole, form)
    kinds = {call.kind for call in calls}
    assert {"write", "pwrite64", "fsync", "fdatasync", "ftruncate"} <= kinds
    assert len([call for call in calls if call.kind.startswith("rename")]) == 20
    template = new_place(tmp_path / "template", form)
    for call in some_of(calls, every=IS_DEEP):
        place = copy_of(template, tmp_path / f"{call.kind}-{call.n}")
        kill_at(command_of(place), call)
        assert_mended(place, form, whole.state(), f"killed at {call}")


@pytest.mark.parametrize(("form", "left"), LEFT)
def test_killed_again_while_it_mends(tmp_path: Path, form: str, left: str) -> None:
    """What the first kill left is mended by the second run, which is killed at any call."""
    whole = new_place(tmp_path / "whole", form)
    calls = calls_of(command_of(whole), CHANGING, tmp_path / "log", {3})
    template = new_place(tmp_path / "template", form)
    has_tail = left == "a tail of the output"
    kill_at(command_of(template), commit_of_records(calls) if has_tail else seventh_move(calls))
    length_bytes = len(FORMS[form][2])
    assert template.output.stat().st_size == length_bytes
    agreed = template.rows("SELECT length_bytes FROM output")
    assert agreed == [(0 if has_tail else length_bytes,)]
    second = copy_of(template, tmp_path / "second")
    calls = calls_of(command_of(second), CHANGING, tmp_path / "log", {3})
    assert_all_is_settled(second, form)
    for call in some_of(calls, every=IS_DEEP):
        place = copy_of(template, tmp_path / f"{call.kind}-{call.n}")
        kill_at(command_of(place), call)
        assert_mended(place, form, whole.state(), f"{left}, killed again at {call}")


def seventh_move(calls: Sequence[Call]) -> Call:
    return [call for call in calls if call.kind.startswith("rename")][6]


def commit_of_records(calls: Sequence[Call]) -> Call:
    """The first write to the journal after the lines were written and synced.

    They are synced by the last fsync that follows a pwrite64: SQLite uses fdatasync.
    """
    pairs = zip(calls, calls[1:], calls[2:], strict=False)
    return [
        after
        for before, sync, after in pairs
        if (before.kind, sync.kind, after.kind) == ("pwrite64", "fsync", "pwrite64")
    ][-1]
