"""Records in a Python program: until they are acknowledged (DRV-4)."""

import threading
from pathlib import Path

import pytest

from merge_driver.codec import Record
from merge_driver.inbox import DriverError, FileResult, SettingsError, StopEvent, open_inbox
from merge_driver.spool import Outcome
from tests.merge_driver.samples import RECORD_A, RECORD_B, put, put_records, write_key_file

CONFIGURATION = """spool = "spool"
keys = "keys"
journal = "journal.db"

[output]
kind = "python"
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    for name in ("spool", "keys"):
        (tmp_path / name).mkdir()
    write_key_file(tmp_path / "keys" / "7.json")
    path = tmp_path / "merge-driver.toml"
    path.write_text(CONFIGURATION)
    return path


@pytest.fixture
def spool(configuration: Path) -> Path:
    return configuration.parent / "spool"


def test_a_record_comes_until_it_is_acknowledged(configuration: Path, spool: Path) -> None:
    put_records(spool, RECORD_A, RECORD_B)
    with open_inbox(configuration) as inbox:
        assert [record.id for record in inbox] == [RECORD_A.id, RECORD_B.id]
        first, second = inbox
        assert (first.points, first.file) == (RECORD_A.points, "000002-2017123100001.mrg")
        inbox.acknowledge(second)
        inbox.acknowledge(second)
        assert [record.id for record in inbox] == [RECORD_A.id]
        assert inbox.waiting() == 1
    with open_inbox(str(configuration)) as inbox:
        for record in inbox:
            inbox.acknowledge(record)
        assert inbox.waiting() == 0
    with open_inbox(configuration) as inbox:
        assert list(inbox) == []


def test_what_is_acknowledged_while_iterating_comes_once(configuration: Path, spool: Path) -> None:
    many = [Record("A", 1, f"20171231{number:05}") for number in range(1, 2501)]
    put_records(spool, *many)
    with open_inbox(configuration) as inbox:
        seen = []
        for record in inbox:
            seen.append(record.transaction_number)
            if len(seen) % 2:
                inbox.acknowledge(record)
        assert seen == [record.transaction_number for record in many]
        assert inbox.waiting() == 1250


def test_the_program_is_told_what_became_of_files(configuration: Path, spool: Path) -> None:
    put_records(spool, RECORD_A)
    put(spool, b"", "000002-2017123100009.mrg")
    told: list[FileResult] = []
    with open_inbox(configuration, told.append) as inbox:
        assert len(list(inbox)) == 1
    assert [one.outcome for one in told] == [Outcome.DONE, Outcome.QUARANTINE]


def test_it_waits_for_what_arrives_until_it_is_told_to_stop(
    configuration: Path, spool: Path
) -> None:
    put_records(spool, RECORD_A)
    stop_event = StopEvent()
    seen: list[str] = []
    with open_inbox(configuration) as inbox:
        for record in inbox.watch(stop_event):
            seen.append(record.id)
            inbox.acknowledge(record)
            if len(seen) == 1:
                threading.Thread(target=put_records, args=(spool, RECORD_B)).start()
            else:
                stop_event.set()
    assert seen == [RECORD_A.id, RECORD_B.id]
    stop_event.close()


def test_two_programs_on_one_journal_are_refused(configuration: Path) -> None:
    with (
        open_inbox(configuration),
        pytest.raises(DriverError, match="stop it first"),
        open_inbox(configuration),
    ):
        raise AssertionError("it must not open")


def test_the_configuration_must_say_so(configuration: Path) -> None:
    other = CONFIGURATION.replace('kind = "python"', 'kind = "jsonl"\npath = "points.jsonl"')
    configuration.write_text(other)
    with (
        pytest.raises(SettingsError, match=r'output\.kind is not "python"'),
        open_inbox(configuration),
    ):
        raise AssertionError("it must not open")
