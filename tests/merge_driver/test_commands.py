"""verify, report, retry and keys import, as commands."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from merge_driver.codec import IdKind, Record
from merge_driver.keys import load_keys
from tests.merge_driver.place import NAME_A, Place, assert_usage_error, call
from tests.merge_driver.samples import (
    KEY_1,
    KEY_2,
    RECORD_A,
    RECORD_B,
    put,
    put_records,
    write_key_file,
)

OTHER_KEY = replace(KEY_2, key_id=8, key=bytes(16), valid_from=date(2017, 12, 1))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def with_config(place: Place, command: str, *more: str) -> subprocess.CompletedProcess[str]:
    place.run_arguments()
    return call(command, "--config", str(place.configuration), *more)


def keys(place: Place) -> tuple[str, str]:
    return "--keys", str(place.keys)


def test_verify_checks_and_changes_nothing(place: Place) -> None:
    good = put_records(place.spool, RECORD_A, RECORD_B)
    content = good.read_bytes()
    done = call("verify", str(good), *keys(place))
    points = RECORD_A.points + RECORD_B.points
    assert (done.returncode, done.stdout) == (0, f"good {NAME_A} 2 records, {points} points\n")
    done = call("verify", str(good), "--json", *keys(place))
    assert json.loads(done.stdout) == {
        "file": NAME_A,
        "reason": None,
        "records": 2,
        "points": points,
    }
    assert good.read_bytes() == content
    assert [path.name for path in place.spool.iterdir()] == [NAME_A]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("000002-2017123100002.mrg", "NAME_DIFFERS"), ("renamed.mrg", "NAME_DIFFERS")],
)
def test_verify_looks_at_the_name_as_run_does(place: Place, name: str, reason: str) -> None:
    path = put_records(place.spool, RECORD_A).rename(place.spool / name)
    done = call("verify", str(path), *keys(place))
    assert done.returncode == 1
    assert done.stdout.startswith(f"refused {name} {reason}: ")


def test_verify_goes_on_with_the_next_file(place: Place) -> None:
    bad = put(place.spool, b"", NAME_A)
    future = put_records(place.spool, Record("A", 1, "2999123100001"))
    good = put_records(place.spool, RECORD_B)
    lines = [str(path) for path in (bad, future, good)]
    done = call("verify", *lines, "--json", *keys(place))
    assert done.returncode == 1
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["reason"] for one in told] == ["EMPTY", "FROM_THE_FUTURE", None]


def test_a_report_gives_the_sums_of_each_day(place: Place) -> None:
    put_records(place.spool, RECORD_A, Record("B", 7, "2017123100002"))
    put_records(place.spool, Record("C", 9, "2018010100001"))
    place.run()
    told = [json.loads(line) for line in with_config(place, "report", "--json").stdout.splitlines()]
    sums = {"waiting": 0, "acknowledged": 0, "refused": 0}
    assert told == [
        {"day": "2017-12-31", "records": 2, "points": 507, **sums},
        {"day": "2018-01-01", "records": 1, "points": 9, **sums},
    ]
    lines = with_config(place, "report").stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["day", "records", "points", "waiting", "acknowl.", "refused"],
        ["2017-12-31", "2", "507", "0", "0", "0"],
        ["2018-01-01", "1", "9", "0", "0", "0"],
        ["all", "3", "516", "0", "0", "0"],
    ]
    one = with_config(place, "report", "--from", "2018-01-01", "--until", "2018-01-01", "--json")
    assert [json.loads(line)["records"] for line in one.stdout.splitlines()] == [1]


def test_a_report_disturbs_no_driver(place: Place) -> None:
    put_records(place.spool, RECORD_A)
    place.run()
    with closing(sqlite3.connect(place.journal)) as journal:
        journal.execute("BEGIN IMMEDIATE")
        assert with_config(place, "report").returncode == 0


def test_a_report_without_a_journal_is_told(place: Place) -> None:
    done = with_config(place, "report")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "there is no journal yet" in done.stderr
    assert not place.journal.exists()
    place.journal.write_bytes(b"no journal at all" * 200)
    assert "cannot be read" in with_config(place, "report").stderr
    first_last = ("--from", "2018-01-02", "--until", "2018-01-01")
    assert_usage_error(with_config(place, "report", *first_last), "is after --until")


def test_what_a_report_lacks_is_said_in_words(place: Place) -> None:
    no_day = with_config(place, "report", "--from", "9999-99-01")
    assert (no_day.returncode, no_day.stderr.splitlines()[-1]) == (
        2,
        "Error: Invalid value for '--from': '9999-99-01' is no day like 2026-07-01",
    )
    assert "--until YYYY-MM-DD" in call("report", "--help").stdout
    assert "MERGE_DRIVER_CONFIG" in call("report").stderr


def test_what_lacked_a_key_is_taken_after_the_key_is_imported(place: Place, tmp_path: Path) -> None:
    path = put_records(place.spool, RECORD_A, key=OTHER_KEY)
    done = place.run()
    assert (done.returncode, "KEY_UNKNOWN" in done.stdout) == (3, True)
    key_file = write_key_file(tmp_path / "handed-over.json", OTHER_KEY)
    imported = call("keys", "import", str(key_file), *keys(place))
    assert imported.stdout == f"{place.keys}/000002-8.json: imported\n"
    again = with_config(place, "retry", path.name)
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"done {path.name} 1 record, 0 skipped" in again.stdout
    assert list((place.spool / "quarantine").iterdir()) == [], "the reason has gone too"
    assert len(place.output.read_text().splitlines()) == 1


def test_retry_of_all_and_what_is_bad_still(place: Place) -> None:
    put(place.spool, b"", NAME_A)
    put(place.spool, b"x", "bad.mrg")
    place.run()
    again = with_config(place, "retry", "--all", "--json")
    assert again.returncode == 3
    outcomes = [json.loads(line) for line in again.stdout.splitlines()]
    assert [one.get("outcome") for one in outcomes] == ["quarantine", "quarantine", None]
    names = sorted(path.name for path in (place.spool / "quarantine").iterdir())
    assert names == sorted(
        name for file in (NAME_A, "bad.mrg") for name in (file, f"{file}.reason.txt")
    )


def test_retry_of_one_of_two_with_one_name(place: Place) -> None:
    for content in (b"", b"x"):
        put(place.spool, content, NAME_A)
        place.run()
    both = with_config(place, "retry", "--all")
    assert (both.returncode, both.stderr.count("\n")) == (1, 1)
    assert "more than one file of this name" in both.stderr
    assert len(list((place.spool / "quarantine").iterdir())) == 4, "nothing was moved"
    assert with_config(place, "retry", f"{NAME_A}.1").returncode == 3


@pytest.mark.parametrize("name", ["missing.mrg", "../000002-2017123100001.mrg", "a\x1b.mrg"])
def test_retry_of_what_is_not_there(place: Place, name: str) -> None:
    place.run()
    done = with_config(place, "retry", name)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "there is no such file in quarantine" in done.stderr


def test_retry_takes_names_or_all(place: Place) -> None:
    assert_usage_error(with_config(place, "retry"), "or give --all")
    assert_usage_error(with_config(place, "retry", "--all", NAME_A), "or give --all")


def test_a_key_file_is_imported_once(place: Place, tmp_path: Path) -> None:
    key_file = write_key_file(tmp_path / "new.json", OTHER_KEY)
    first = call("keys", "import", str(key_file), "--json", *keys(place))
    assert json.loads(first.stdout) == {
        "key_file": f"{place.keys}/000002-8.json",
        "imported": True,
    }
    assert (place.keys / "000002-8.json").stat().st_mode & 0o777 == 0o600
    assert load_keys(place.keys) == [OTHER_KEY, KEY_2]
    again = call("keys", "import", str(key_file), *keys(place))
    assert (again.returncode, again.stdout) == (
        0,
        f"{place.keys}/000002-8.json: is there already\n",
    )
    assert key_file.exists(), "the file that was handed over stays"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (replace(OTHER_KEY, issuer_id="000003"), "keep one keys folder for each issuer"),
        (replace(OTHER_KEY, key_id=7), "remove one of them"),
    ],
)
def test_a_key_that_does_not_belong_is_not_imported(
    place: Place, tmp_path: Path, key: object, says: str
) -> None:
    key_file = write_key_file(tmp_path / "new.json", key)  # type: ignore[arg-type]
    assert_usage_error(call("keys", "import", str(key_file), *keys(place)), says)
    assert load_keys(place.keys) == [KEY_2]


def test_what_is_no_key_file_is_not_imported(place: Place, tmp_path: Path) -> None:
    for name, content, mode, says in (
        ("a.json", "{}", 0o600, "not a merge key file"),
        ("b.json", "{}", 0o644, "not a merge key file"),
    ):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(mode)
        assert_usage_error(call("keys", "import", str(tmp_path / name), *keys(place)), says)
    assert_usage_error(call("keys", "import", str(tmp_path / "no"), *keys(place)), "cannot be read")
    missing = ("--keys", str(tmp_path / "missing"))
    good = write_key_file(tmp_path / "good.json", OTHER_KEY)
    assert_usage_error(call("keys", "import", str(good), *missing), "cannot be read")


def test_a_first_key_goes_into_an_empty_folder(place: Place, tmp_path: Path) -> None:
    (place.keys / "7.json").unlink()
    good = write_key_file(
        tmp_path / "good.json", replace(KEY_1, id_kind=IdKind.MYKEY, id_pattern="[0-9A-Z]{8}")
    )
    assert call("keys", "import", str(good), *keys(place)).returncode == 0
    assert len(load_keys(place.keys)) == 1


def test_help_imports_nothing_that_takes_time() -> None:
    line = "import sys; sys.argv[1:] = ['--help']\n"
    line += "from merge_driver.cli import main\n"
    line += "try:\n    main()\nexcept SystemExit:\n    pass\n"
    line += "print(sorted({'cryptography', 'sqlite3', 'grpc', 'tomllib'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", line], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_program_s_records_are_not_for_run(place: Place) -> None:
    place.run_arguments()
    text = place.configuration.read_text().partition("[output]")[0]
    place.configuration.write_text(text + '[output]\nkind = "python"\n')
    done = call("run", "--config", str(place.configuration))
    assert_usage_error(done, 'output.kind is "python"')


def test_what_waits_is_told_one_by_one(place: Place) -> None:
    put_records(place.spool, RECORD_A, RECORD_B)
    place.run_arguments()
    text = place.configuration.read_text().partition("[output]")[0]
    place.configuration.write_text(text + '[output]\nkind = "command"\ncommand = ["false"]\n')
    done = call("run", "--config", str(place.configuration))
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:4] == [
        f"waits {RECORD_A.transaction_number} false: exit code 1",
        f"waits {RECORD_B.transaction_number} false: exit code 1",
        "handed on 0 records, 2 waiting",
    ]
    told = call("run", "--config", str(place.configuration), "--json").stdout.splitlines()
    assert json.loads(told[0])["handed_on"]["refused"][0][0] == RECORD_A.transaction_number
