import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from merge_driver.codec import Record
from merge_driver.journal import Journal
from tests.merge_driver.place import COMMAND, NAME_A, PROJECT, Place, assert_usage_error, call
from tests.merge_driver.samples import (
    FILE_ID,
    KEY_1,
    KEY_2,
    RECORD_A,
    RECORD_B,
    put,
    put_records,
    write_key_file,
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_run_tells_each_file_and_the_sums(place: Place) -> None:
    put_records(place.spool, RECORD_A, RECORD_B)
    done = place.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"done {NAME_A} 2 records, 0 skipped",
        "1 done, 0 duplicate, 0 quarantined; 2 new records, 0 skipped",
    ]
    assert len(place.output.read_text().splitlines()) == 2


def test_a_duplicate_is_no_failure(place: Place) -> None:
    content = put_records(place.spool, RECORD_A).read_bytes()
    place.run()
    put(place.spool, content, NAME_A)
    done = place.run()
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == (
        f"duplicate {NAME_A} all of its records were taken before"
    )


def test_quarantine_is_exit_code_3(place: Place) -> None:
    put(place.spool, b"", NAME_A)
    put(place.spool, b"", "a\n\x1b.mrg")
    done = place.run()
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.splitlines() == [
        f"quarantine {NAME_A} EMPTY: the file is empty",
        r"quarantine a\n\x1b.mrg NAME: not the name of a merge file",
        "0 done, 0 duplicate, 2 quarantined; 0 new records, 0 skipped",
    ]


def test_run_with_json(place: Place) -> None:
    put_records(place.spool, RECORD_A)
    put(place.spool, b"", os.fsdecode(b"\xff.mrg"))
    lines = [json.loads(line) for line in place.run("--json").stdout.splitlines()]
    assert lines[0] == {
        "name": NAME_A,
        "outcome": "done",
        "records": 1,
        "skipped": 0,
        "reason": None,
        "message": "",
    }
    assert (lines[1]["name"], lines[1]["reason"]) == ("\\udcff.mrg", "NAME")
    sums = {"done": 1, "duplicate": 0, "quarantined": 1, "records": 1, "skipped": 0}
    assert lines[2] == {"sums": sums}


def test_a_missing_spool_is_told_in_one_line(place: Place) -> None:
    place.spool.rmdir()
    assert_usage_error(place.run(), f"spool {place.spool}: there is no such folder")


def test_a_missing_output_folder_is_told_in_one_line(place: Place) -> None:
    place.output = place.output.parent / "missing" / "points.jsonl"
    assert_usage_error(place.run(), "there is no such folder")


def test_bad_keys_are_told_in_one_line(place: Place) -> None:
    (place.keys / "7.json").chmod(0o644)
    assert_usage_error(place.run(), "chmod 600")
    (place.keys / "7.json").unlink()
    assert_usage_error(place.run(), "no key file")
    place.keys.rmdir()
    assert_usage_error(place.run(), "there is no such folder")
    assert_usage_error(call("inspect", "x", "--keys", str(place.keys)), "cannot be read")


def test_a_second_driver_is_told_in_one_line(place: Place) -> None:
    with Journal(place.journal):
        done = place.run()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "another merge driver uses this journal" in done.stderr


def test_wrong_use_is_exit_code_2() -> None:
    assert call("run").returncode == 2
    assert call("inspect").returncode == 2


def test_inspect_shows_a_file_and_changes_nothing(place: Place) -> None:
    path = put_records(place.spool, RECORD_A, RECORD_B)
    content = path.read_bytes()
    done = call("inspect", str(path), "--keys", str(place.keys))
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["profile", "2", "(AES-128-GCM", "with", "HMAC-SHA-256)"],
        ["key", "ID", "7"],
        ["issuer", "000002"],
        ["file", "ID", FILE_ID.hex()],
        ["records", "2"],
        ["123456789", "500", "2017123100001"],
        ["MY123456", "9999999999", "20171231100000"],
    ]
    assert path.read_bytes() == content
    assert [child.name for child in place.spool.iterdir()] == [NAME_A]


def test_inspect_with_json_in_profile_1(place: Place) -> None:
    key = replace(KEY_1, key_id=8, id_pattern="[0-9]{9}")
    write_key_file(place.keys / "8.json", key)
    path = put_records(place.spool, RECORD_A, key=key)
    done = call("inspect", str(path), "--keys", str(place.keys), "--json")
    assert json.loads(done.stdout) == {
        "file": NAME_A,
        "profile": 1,
        "key_id": 8,
        "issuer_id": "000002",
        "file_id": None,
        "records": [{"id": "123456789", "points": 500, "transaction_number": "2017123100001"}],
    }


def test_inspect_tells_why_a_file_is_refused(place: Place) -> None:
    path = put_records(place.spool, RECORD_A, key=replace(KEY_2, key_id=9))
    done = call("inspect", str(path), "--keys", str(place.keys))
    message = "there is no key with the ID 9"
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == f"refused {NAME_A} KEY_UNKNOWN: {message}\n"
    done = call("inspect", str(path), "--keys", str(place.keys), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "file": NAME_A,
        "reason": "KEY_UNKNOWN",
        "message": message,
    }


def test_inspect_of_a_missing_file_is_told_in_one_line(place: Place) -> None:
    assert_usage_error(
        call("inspect", "missing.mrg", "--keys", str(place.keys)), "No such file or directory"
    )


@contextmanager
def watching(place: Place, *more: str) -> Iterator[tuple["subprocess.Popen[str]", IO[str]]]:
    """Start the command; it is killed after 60 seconds, so that no test waits for ever."""
    process = subprocess.Popen(
        [*COMMAND, *place.run_arguments("--watch", *more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=PROJECT,
    )
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        assert process.stdout is not None
        yield process, process.stdout
    finally:
        killer.cancel()
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watch_takes_what_is_there_and_what_arrives(place: Place, number: signal.Signals) -> None:
    put_records(place.spool, RECORD_A)
    with watching(place) as (process, stdout):
        assert stdout.readline() == f"watching {place.spool}\n"
        assert stdout.readline() == f"done {NAME_A} 1 record, 0 skipped\n"
        for sequence in (2, 3):
            record = Record("B", 1, f"201712310000{sequence}")
            name = put_records(place.spool, record).name
            assert stdout.readline() == f"done {name} 1 record, 0 skipped\n"
        (place.spool / "x.mrg").write_bytes(b"written in place")
        assert stdout.readline() == "quarantine x.mrg NAME: not the name of a merge file\n"
        process.send_signal(number)
        rest, errors = process.communicate()
    assert process.returncode == 0
    assert errors == ""
    assert rest == "3 done, 0 duplicate, 1 quarantined; 3 new records, 0 skipped\n"
    assert len(place.output.read_text().splitlines()) == 3


def test_watch_ends_plainly_when_the_folder_goes(place: Place) -> None:
    put_records(place.spool, RECORD_A)
    with watching(place, "--json") as (process, stdout):
        assert json.loads(stdout.readline()) == {"watching": str(place.spool)}
        assert json.loads(stdout.readline())["outcome"] == "done"
        place.spool.rename(place.spool.with_name("elsewhere"))
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.count("\n") == 1
    assert "the spool folder is gone" in errors
