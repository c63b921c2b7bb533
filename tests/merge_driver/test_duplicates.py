"""Records that come again, or with other content, and files with one bad record among good ones."""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from merge_driver.cli import main
from merge_driver.codec import Profile, Record, StreetKey
from tests.merge_driver.place import Place
from tests.merge_driver.samples import KEY_1, KEY_2, put, put_records, write_key_file
from tests.merge_driver.vectors import line, line_1, seal, seal_1

TABLES = {
    "jsonl": "kind = 'jsonl'\npath = 'points'",
    "csv": "kind = 'csv'\npath = 'points'",
    "command": "kind = 'command'\ncommand = ['sh', '-c', 'cat >> {}']",
}
KEY_OF_1 = replace(KEY_1, key_id=8, id_pattern="[A-Z]-[0-9]{2}")
KEYS = {Profile.CBC_MD5: KEY_OF_1, Profile.GCM_HMAC: KEY_2}


def record(number: int, **other: int | str) -> Record:
    made = Record(f"A-{number:02d}", 10 * number, f"20171231{number:05d}")
    return made._replace(**other)  # type: ignore[arg-type]


OLD, LATER, NEW = [[record(n) for n in some] for some in ((1, 2, 3), (4, 5, 6), (7, 8))]


class Street:
    """A place, with what its output received."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self.received = folder / "points"
        self.place = Place(folder, TABLES[kind].format(self.received))
        write_key_file(self.place.keys / "8.json", KEY_OF_1)

    def send(self, *records: Record, key: StreetKey = KEY_2) -> None:
        """Put a file for each record."""
        for one in records:
            put_records(self.place.spool, one, key=key)

    def run(self) -> dict[str, int]:
        """Run to the end, without complaint, and return the sums."""
        result = CliRunner().invoke(main, self.place.run_arguments("--json"))
        assert result.stderr == ""
        sums: dict[str, int] = json.loads(result.stdout.splitlines()[-1])["sums"]
        assert result.exit_code == (3 if sums["quarantined"] else 0)
        assert list(self.place.spool.glob("*.mrg")) == []
        return sums

    def handed_on(self) -> list[Record]:
        """What arrived, in its order."""
        if not self.received.exists():
            return []
        lines = self.received.read_text("utf-8").splitlines()
        if self.kind == "csv":
            rows = [row.split(",") for row in lines[1:]]
            return [Record(row[1], int(row[2]), row[3]) for row in rows]
        rows_of_json = [json.loads(one) for one in lines]
        return [Record(one["id"], one["points"], one["transaction_number"]) for one in rows_of_json]

    def assert_handed_on(self, records: Sequence[Record], *, is_exact: bool = True) -> None:
        """Each once; where a journal was put back, a recipient may get one again, as it was."""
        got = self.handed_on()
        if is_exact or self.kind != "command":
            assert sorted(got, key=repr) == sorted(records, key=repr)
        assert set(got) == set(records)
        if not is_exact and self.kind == "command":
            return  # what the journal knew of them may be gone
        taken = self.place.rows("SELECT id, points, transaction_number, is_handed_on FROM record")
        assert set(taken) >= {(one.id, one.points, one.transaction_number, 1) for one in records}
        if self.kind != "command":
            lengths = self.place.rows("SELECT length_bytes FROM output")
            assert lengths == [(self.received.stat().st_size,)] if got else not lengths

    def reason_of(self, one: Record) -> str:
        return self.place.reason(f"000002-{one.transaction_number}.mrg")

    def journal_files(self) -> list[Path]:
        return [
            path
            for path in self.place.folder.glob("journal.db*")
            if path.suffix != ".lock" and not path.name.endswith("-shm")
        ]

    def back_up(self) -> None:
        (self.place.folder / "backup").mkdir()
        for path in self.journal_files():
            shutil.copy(path, self.place.folder / "backup")

    def put_back(self) -> None:
        self.lose_journal()
        for path in (self.place.folder / "backup").iterdir():
            shutil.copy(path, self.place.folder)

    def lose_journal(self) -> None:
        for path in self.place.folder.glob("journal.db*"):
            path.unlink()

    def clear_done(self, *records: Record) -> None:
        """Tidy the done folder, of these records or of all."""
        done = self.place.spool / "done"
        names = [f"000002-{one.transaction_number}.mrg" for one in records]
        for path in [done / name for name in names] if records else list(done.iterdir()):
            path.unlink()

    @contextmanager
    def read_by_another(self) -> Iterator[None]:
        """Another program reads the journal, so that SQLite leaves its -wal file there."""
        reader = sqlite3.connect(self.place.journal)
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield
        reader.close()


@pytest.fixture(params=TABLES)
def street(request: pytest.FixtureRequest, tmp_path: Path) -> Street:
    return Street(tmp_path, request.param)


@pytest.mark.parametrize("second", [record(2), record(2, points=21), record(2, id="B-02")])
@pytest.mark.parametrize("profile", Profile)
def test_twice_within_a_file(street: Street, profile: Profile, second: Record) -> None:
    make, of = (seal, line) if profile is Profile.GCM_HMAC else (seal_1, line_1)
    rows = [record(1), record(2), record(3), second]
    plain = b"".join(of(one.id, str(one.points), one.transaction_number) for one in rows)
    put(street.place.spool, make(plain), "000002-2017123100001.mrg")
    street.send(record(4))
    assert street.run()["quarantined"] == 1
    assert street.reason_of(record(1)) == "DUPLICATE_IN_FILE"
    street.assert_handed_on([record(4)])


BAD = {
    "ID": ("A_02", "20", "2017123100002"),
    "ID_PATTERN": ("A-2", "20", "2017123100002"),
    "POINTS": ("A-02", "10000000000", "2017123100002"),
    "TRANSACTION_NUMBER": ("A-02", "20", "2017123200002"),
    "FROM_THE_FUTURE": ("A-02", "20", "2999123100002"),
    "KEY_NOT_VALID_THEN": ("A-02", "20", "2017073100002"),
    "OTHER_CONTENT": ("A-09", "91", "2017123100009"),
}


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("reason", [*BAD, "HASH"])
def test_one_bad_record_among_good_ones(street: Street, reason: str, place: int) -> None:
    street.send(record(9))
    street.run()
    good = [line_1(one.id, str(one.points), one.transaction_number) for one in (OLD[0], OLD[2])]
    bad = line_1(*BAD[reason]) if reason in BAD else line_1("A-02", "20", "2017123100002")[1:]
    if reason == "HASH":
        bad = b"B" + bad
    plain = b"".join([*good[:place], bad, *good[place:]])
    first = plain.split(b",")[2].decode()
    name = f"000002-{first}.mrg"
    put(street.place.spool, seal_1(plain), name)
    street.send(record(10))
    assert street.run()["quarantined"] == 1
    assert street.place.reason(name) == reason
    street.assert_handed_on([record(9), record(10)])


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("first_key", KEYS.values())
@pytest.mark.parametrize("second_key", KEYS.values())
def test_again_in_another_file(
    street: Street, first_key: StreetKey, second_key: StreetKey, apart: bool
) -> None:
    """In one run or in two, in the same profile or in the other."""
    put_records(street.place.spool, record(1), record(2), key=first_key)
    if apart:
        assert street.run()["done"] == 1
    put_records(street.place.spool, record(2), record(1), key=second_key)
    put_records(street.place.spool, record(3), record(1), key=second_key)
    put_records(street.place.spool, record(4), record(1, points=11), key=second_key)
    put_records(street.place.spool, record(5), record(2, id="B-02"), key=second_key)
    put_records(street.place.spool, record(6), key=second_key)
    sums = street.run()
    assert (sums["duplicate"], sums["quarantined"], sums["done"]) == (1, 2, 2 if apart else 3)
    assert [street.reason_of(record(n)) for n in (4, 5)] == ["OTHER_CONTENT"] * 2
    street.assert_handed_on([record(1), record(2), record(3), record(6)])


@pytest.mark.parametrize("first_key", KEYS.values())
@pytest.mark.parametrize("second_key", KEYS.values())
def test_the_same_record_again_is_a_duplicate_in_either_profile(
    street: Street, first_key: StreetKey, second_key: StreetKey
) -> None:
    street.send(record(1), key=first_key)
    street.run()
    street.clear_done()
    street.send(record(1), key=second_key)
    assert street.run()["duplicate"] == 1
    street.send(record(1, points=11), key=second_key)
    assert street.run()["quarantined"] == 1
    street.assert_handed_on([record(1)])


SENT_AGAIN = {
    "none": [],
    "the old": OLD,
    "some": [OLD[0], LATER[0]],
    "the later": LATER,
    "all": [*OLD, *LATER],
}


@pytest.mark.parametrize("again", SENT_AGAIN.values(), ids=SENT_AGAIN)
@pytest.mark.parametrize("done", ["kept", "partly", "cleared"])
@pytest.mark.parametrize("in_wal", [False, True])
def test_after_the_journal_was_put_back(
    street: Street, again: list[Record], done: str, in_wal: bool
) -> None:
    street.send(OLD[0])
    street.run()
    street.send(*OLD[1:])
    if in_wal:
        with street.read_by_another():
            street.run()
            street.back_up()
        assert len(list((street.place.folder / "backup").iterdir())) == 2
    else:
        street.run()
        street.back_up()
    street.send(*LATER)
    street.run()
    street.put_back()
    if done != "kept":
        street.clear_done(*([LATER[0], OLD[1]] if done == "partly" else []))
    street.send(*again, *NEW)
    street.run()
    street.assert_handed_on([*OLD, *LATER, *NEW], is_exact=False)
    before = street.handed_on()
    street.send(*OLD, *LATER, *NEW)
    assert street.run()["quarantined"] == 0
    street.assert_handed_on([*OLD, *LATER, *NEW], is_exact=False)
    if street.kind != "command":
        assert street.handed_on() == before


@pytest.mark.parametrize("done", ["kept", "cleared"])
def test_with_other_content_after_the_journal_was_put_back(street: Street, done: str) -> None:
    """The output or the done folder still knows; of a recipient nothing is known without done.

    There the transaction number, which both have, is what the recipient goes by.
    """
    street.send(*OLD)
    street.run()
    street.back_up()
    street.send(*LATER)
    street.run()
    street.put_back()
    if done == "cleared":
        street.clear_done()
    others = [one._replace(points=one.points + 1) for one in [*OLD, *LATER]]
    street.send(*others, *NEW)
    sums = street.run()
    if street.kind == "command" and done == "cleared":
        assert sums["quarantined"] == len(OLD)
        assert set(street.handed_on()) == {*OLD, *LATER, *others[len(OLD) :], *NEW}
        return
    assert sums["quarantined"] == len(others)
    assert {street.reason_of(one) for one in others} == {"OTHER_CONTENT"}
    street.assert_handed_on([*OLD, *LATER, *NEW], is_exact=False)


def test_after_journal_and_output_were_put_back_together(street: Street) -> None:
    """What is in done and not in the journal is written again, in the order of the names."""
    street.send(*OLD)
    street.run()
    street.back_up()
    before = street.received.read_bytes()
    street.send(*LATER, *NEW)
    street.run()
    street.put_back()
    street.received.write_bytes(before)
    street.send(record(9))
    assert street.run()["done"] == 1
    street.assert_handed_on([*OLD, *LATER, *NEW, record(9)])
    assert street.handed_on() == [*OLD, *LATER, *NEW, record(9)]


def test_after_the_journal_was_lost_nothing_of_done_is_handed_on_again(street: Street) -> None:
    street.send(*OLD)
    street.run()
    street.lose_journal()
    street.received.rename(street.place.folder / "earlier")
    street.send(record(1), record(2, points=21), *NEW)
    sums = street.run()
    assert (sums["duplicate"], sums["quarantined"], sums["done"]) == (1, 1, len(NEW))
    street.assert_handed_on(NEW)
    assert street.place.rows("SELECT count(*) FROM record") == [(len(OLD) + len(NEW),)]
    street.run()
    street.assert_handed_on(NEW)


def test_after_done_was_cleared_nothing_is_handed_on_again(street: Street) -> None:
    street.send(*OLD)
    street.run()
    street.clear_done()
    street.send(*OLD, *NEW)
    assert street.run()["duplicate"] == len(OLD)
    street.assert_handed_on([*OLD, *NEW])


def test_all_of_it_mixed(street: Street) -> None:
    """A journal put back, done partly cleared, old ones again, as they were and otherwise."""
    street.send(*OLD)
    street.run()
    street.back_up()
    put_records(street.place.spool, *LATER)
    street.run()
    street.put_back()
    street.clear_done(OLD[0])
    put_records(street.place.spool, OLD[0], LATER[1], NEW[0], key=KEY_OF_1)
    put_records(street.place.spool, NEW[1], LATER[2]._replace(points=1))
    street.send(OLD[1], LATER[0])
    put(street.place.spool, b"", "000002-2017123100099.mrg")
    sums = street.run()
    assert (sums["done"], sums["duplicate"], sums["quarantined"]) == (1, 2, 2)
    assert street.reason_of(NEW[1]) == "OTHER_CONTENT"
    street.assert_handed_on([*OLD, *LATER, NEW[0]], is_exact=False)
