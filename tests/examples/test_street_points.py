"""The example of a street's point system: each merge is added once, whatever happens."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from merge_driver.codec import Record
from tests.merge_driver.samples import RECORD_A, RECORD_B, put, put_records, write_key_file

PROGRAM = Path(__file__).parents[2] / "examples" / "street_points" / "street_points.py"
CONFIGURATION = """spool = "spool"
keys = "keys"
journal = "journal.db"

[output]
kind = "python"
"""


class Street:
    """A street's folder, with the program in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.spool.mkdir()
        (folder / "keys").mkdir()
        write_key_file(folder / "keys" / "7.json")
        (folder / "street.toml").write_text(CONFIGURATION, "utf-8")

    def line(self, *more: str) -> list[str]:
        return [sys.executable, str(PROGRAM), "street.toml", "street.db", *more]

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.line(), cwd=self.folder, check=False, capture_output=True, text=True, timeout=60
        )

    def customers(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.folder / "street.db")) as database:
            return dict(database.execute("SELECT id, points FROM customer"))

    def waiting(self) -> int:
        with closing(sqlite3.connect(self.folder / "journal.db")) as journal:
            query = "SELECT count(*) FROM record WHERE is_handed_on = 0"
            (count,) = journal.execute(query).fetchone()
            return int(count)


@pytest.fixture
def street(tmp_path: Path) -> Street:
    return Street(tmp_path)


def test_merges_are_added_up_for_each_customer(street: Street) -> None:
    put_records(street.spool, RECORD_A, Record(RECORD_A.id, 30, "2017123100002"), RECORD_B)
    put(street.spool, b"", "000002-2017123100009.mrg")
    done = street.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert f"added 500 to {RECORD_A.id} ({RECORD_A.transaction_number})" in done.stdout
    assert "quarantine 000002-2017123100009.mrg EMPTY" in done.stdout
    assert street.customers() == {RECORD_A.id: 530, RECORD_B.id: RECORD_B.points}
    assert street.waiting() == 0
    assert "added" not in street.run().stdout


def test_killed_between_adding_and_acknowledging_nothing_is_added_twice(street: Street) -> None:
    put_records(street.spool, RECORD_A)
    street.run()
    with closing(sqlite3.connect(street.folder / "journal.db")) as journal, journal:
        journal.execute("UPDATE record SET is_handed_on = 0")
    done = street.run()
    assert f"had added before 500 to {RECORD_A.id}" in done.stdout
    assert street.customers() == {RECORD_A.id: 500}
    assert street.waiting() == 0


def test_it_stays_and_takes_what_arrives(street: Street) -> None:
    watching = subprocess.Popen(
        street.line("--watch"),
        cwd=street.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "street points: open\n"
        put_records(street.spool, RECORD_A)
        assert "added 500" in watching.stdout.readline()
        put_records(street.spool, RECORD_B)
        assert "added" in watching.stdout.readline()
        watching.send_signal(signal.SIGTERM)
        _, errors = watching.communicate(timeout=60)
    assert (watching.returncode, errors) == (0, "")
    assert len(street.customers()) == 2


def test_what_is_wrong_is_told_in_one_line(street: Street) -> None:
    (street.folder / "street.toml").write_text(CONFIGURATION.replace("spool", "spol", 1), "utf-8")
    done = street.run()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "spool is missing" in done.stderr
