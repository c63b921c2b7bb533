"""What waits in the journal reaches its recipient at least once, and refusals hold up nobody."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from merge_driver.codec import Record
from merge_driver.driver import MergeDriver, Noted, RunReport
from merge_driver.errors import DriverError
from merge_driver.handing_on import HandedOn, ToFile, ToPython, ToRecipient
from merge_driver.journal import Journal
from merge_driver.outputs.forms import Csv
from merge_driver.outputs.line_file import LineFile
from merge_driver.outputs.recipient import HandOnError
from merge_driver.progress import NoProgress
from merge_driver.record import TakenRecord
from merge_driver.spool import Spool
from tests.merge_driver.samples import KEY_2, RECORD_A, RECORD_B, put_records
from tests.merge_driver.street import Street

RECORD_C = Record("C-3", 30, "2017123100003")


class System:
    """A street's system, which says no where it is told to."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.refuses: dict[str, HandOnError] = {}
        self.after: Callable[[], None] = lambda: None

    def hand_on(self, record: TakenRecord) -> None:
        if record.id in self.refuses:
            raise self.refuses[record.id]
        self.got.append(record.id)
        self.after()


@pytest.fixture
def system() -> System:
    return System()


@pytest.fixture
def street(tmp_path: object, system: System) -> Street:
    street = Street(tmp_path / "street")  # type: ignore[operator]
    street.to = ToRecipient(system, NoProgress())
    put_records(street.spool, RECORD_A, RECORD_B)
    put_records(street.spool, RECORD_C)
    return street


def waiting(street: Street) -> list[str]:
    with closing(sqlite3.connect(street.journal)) as journal:
        query = "SELECT id FROM record WHERE is_handed_on = 0 ORDER BY transaction_number"
        return [name for (name,) in journal.execute(query)]


def test_records_are_handed_on_by_their_numbers(street: Street, system: System) -> None:
    assert street.run() == RunReport(done=2, records=3)
    assert system.got == [RECORD_A.id, RECORD_C.id, RECORD_B.id]
    assert street.handed_on == [HandedOn(records=3)]
    street.run()
    assert len(system.got) == 3
    assert street.handed_on[-1] == HandedOn()


def test_a_refused_record_waits_and_holds_up_nobody(street: Street, system: System) -> None:
    system.refuses[RECORD_B.id] = HandOnError("no such customer", of_this_record=True)
    street.run()
    assert system.got == [RECORD_A.id, RECORD_C.id]
    assert waiting(street) == [RECORD_B.id]
    (handed_on,) = street.handed_on
    assert (handed_on.records, handed_on.waiting) == (2, 1)
    assert handed_on.refused == ((RECORD_B.transaction_number, "no such customer"),)
    system.refuses.clear()
    street.run()
    assert system.got[-1] == RECORD_B.id
    assert waiting(street) == []


def test_a_system_that_is_away_ends_the_run(street: Street, system: System) -> None:
    system.refuses[RECORD_A.id] = HandOnError("is away", of_this_record=False)
    assert street.run() == RunReport(done=2, records=3), "the files are taken all the same"
    assert system.got == []
    assert len(waiting(street)) == 3


def test_killed_after_the_system_took_it_hands_it_on_again(street: Street, system: System) -> None:
    def killed() -> None:
        raise KeyboardInterrupt

    system.after = killed
    with pytest.raises(KeyboardInterrupt):
        street.run()
    system.after = lambda: None
    street.run()
    assert system.got == [RECORD_A.id, RECORD_A.id, RECORD_C.id, RECORD_B.id]


def test_a_stop_is_between_two_records(street: Street, system: System) -> None:
    street.to = ToPython()
    street.run()
    asked: list[int] = []

    def is_stopped() -> bool:
        asked.append(1)
        return len(system.got) == 1

    with Journal(street.journal) as journal:
        handed_on = ToRecipient(system, NoProgress()).hand_on_waiting(journal, is_stopped)
    assert (handed_on.records, handed_on.waiting) == (1, 2)


def test_what_waited_for_a_system_goes_into_a_file(street: Street, system: System) -> None:
    system.refuses[RECORD_A.id] = HandOnError("is away", of_this_record=False)
    street.run()
    street.to = None
    street.run()
    assert [line["id"] for line in street.lines()] == [RECORD_A.id, RECORD_C.id, RECORD_B.id]
    assert street.handed_on[-1] == HandedOn(records=3)
    street.run()
    assert len(street.lines()) == 3


def test_a_file_keeps_its_form(street: Street) -> None:
    street.to = None
    street.run()
    street.to = ToFile(LineFile(street.output), Csv("utf-8"))
    with pytest.raises(DriverError, match="its lines are jsonl, not csv utf-8"):
        street.run()


def test_csv_has_one_header(street: Street) -> None:
    street.to = ToFile(LineFile(street.output), Csv("shift_jis"))
    street.run()
    put_records(street.spool, Record("D", 1, "2017123100004"))
    street.run()
    lines = street.output.read_bytes().decode("shift_jis").split("\r\n")
    assert lines[0].startswith("ID付与事業者ID,")
    assert [line.split(",")[1] for line in lines[1:5]] == [RECORD_A.id, RECORD_B.id, "C-3", "D"]
    assert lines[5:] == [""]


def test_a_journal_of_version_1_becomes_one_of_this(street: Street) -> None:
    """The schema as version 1 had it, with a record and an output of it."""
    line = (
        b'{"issuer_id": "000002", "id": "OLD", "points": 5, '
        b'"transaction_number": "2017123000001", "file": "000002-2017123000001.mrg"}\n'
    )
    street.output.write_bytes(line)
    with closing(sqlite3.connect(street.journal)) as old:
        old.executescript(
            f"""CREATE TABLE record (transaction_number TEXT PRIMARY KEY, issuer_id TEXT NOT NULL,
                id TEXT NOT NULL, points INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            CREATE TABLE file (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
            CREATE TABLE output (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL,
                length_bytes INTEGER NOT NULL CHECK (length_bytes >= 0)) STRICT;
            INSERT INTO record VALUES ('2017123000001', '000002', 'OLD', 5);
            INSERT INTO file VALUES ('{"0" * 64}', '000002-2017123000001.mrg');
            INSERT INTO output VALUES (1, 'points.jsonl', {len(line)});
            PRAGMA user_version = 1;"""  # noqa: S608
        )
    street.to = None
    put_records(street.spool, Record("OLD", 5, "2017123000001"))
    assert street.run() == RunReport(done=2, duplicate=1, records=3, skipped=1)
    assert [one["id"] for one in street.lines()] == ["OLD", RECORD_A.id, RECORD_B.id, "C-3"]


def test_killed_while_waiting_records_go_into_a_file(
    street: Street, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their lines are there and the journal does not know it; their files are in done."""
    system.refuses[RECORD_A.id] = HandOnError("is away", of_this_record=False)
    street.run()
    street.to = None
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "note_handed_on", killed)
        with pytest.raises(KeyboardInterrupt):
            street.run()
    assert len(street.lines()) == len(waiting(street)) == 3
    for _ in range(2):
        street.run()
        assert [line["id"] for line in street.lines()] == [RECORD_A.id, RECORD_C.id, RECORD_B.id]
        assert len(street.journal_rows()) == 3
        assert waiting(street) == []


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_new_journal_acknowledges_nothing_that_another_took(
    street: Street, system: System
) -> None:
    """Whether the records in done were handed on, the lost journal alone knew."""
    system.refuses[RECORD_A.id] = HandOnError("is away", of_this_record=False)
    street.run()
    street.journal.unlink()
    with Journal(street.journal, acknowledges=True) as journal:
        driver = MergeDriver(
            Spool(street.spool), [KEY_2], journal, ToRecipient(system, NoProgress())
        )
        assert driver.prepare() == Noted(2, 3, handed_on_again=False)
        assert journal.count_waiting() == 0
        assert journal.unacknowledged(10) == []
    with Journal(street.journal, acknowledges=True) as journal:
        assert journal.unacknowledged(10) == [], "nor at the next start"


def test_what_was_taken_before_is_acknowledged_once_it_is_asked_for(street: Street) -> None:
    street.run()
    with Journal(street.journal) as journal:
        assert journal.unacknowledged(10) == []
    with Journal(street.journal, acknowledges=True) as journal:
        assert len(journal.unacknowledged(10)) == 3


def test_what_a_restored_journal_lacks_is_handed_on_in_order(
    street: Street, system: System
) -> None:
    street.run()
    backup = street.journal.read_bytes()
    for number in (9, 7, 8):
        put_records(street.spool, Record(f"L-{number}", 1, f"201712310000{number}"))
    street.run()
    street.journal.write_bytes(backup)
    system.got.clear()
    street.run()
    assert street.noted[-1] == Noted(3, 3, handed_on_again=True)
    assert system.got == ["L-7", "L-8", "L-9"]
    street.run()
    assert street.noted[-1] == Noted(0, 0, handed_on_again=False)
