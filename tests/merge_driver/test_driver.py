import errno
import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from merge_driver.codec import FILE_BYTES_MAX, Reason, Record, encode
from merge_driver.driver import RunReport, tokyo_today
from merge_driver.errors import DriverError
from merge_driver.journal import Journal
from merge_driver.spool import Outcome
from tests.merge_driver.samples import (
    FILE_ID,
    ISSUER_ID,
    KEY_1,
    KEY_2,
    RECORD_A,
    RECORD_B,
    put,
    put_records,
)
from tests.merge_driver.street import Street

NAME_A = "000002-2017123100001.mrg"
RECORD_C = Record("C-3", 30, "2017123100003")
RECORD_D = Record("D-4", 40, "2017123100004")


@pytest.fixture
def street(tmp_path: Path) -> Street:
    return Street(tmp_path / "street")


def line_of(record: Record, file: str) -> dict[str, str | int]:
    return {
        "issuer_id": ISSUER_ID,
        "id": record.id,
        "points": record.points,
        "transaction_number": record.transaction_number,
        "file": file,
    }


def test_a_file_is_taken_once_and_moved_to_done(street: Street) -> None:
    put_records(street.spool, RECORD_A, RECORD_B)
    assert street.run() == RunReport(done=1, records=2)
    assert street.lines() == [line_of(RECORD_A, NAME_A), line_of(RECORD_B, NAME_A)]
    assert street.journal_rows() == [
        ("2017123100001", ISSUER_ID, "123456789", 500),
        ("20171231100000", ISSUER_ID, "MY123456", 9_999_999_999),
    ]
    assert street.names(Outcome.DONE) == [NAME_A]
    assert street.run() == RunReport()


def test_an_ending_in_capitals_is_taken_too(street: Street) -> None:
    """As a FAT stick or a Windows share gives the name back."""
    put_records(street.spool, RECORD_A)
    (street.spool / NAME_A).rename(street.spool / NAME_A.upper())
    assert street.run() == RunReport(done=1, records=1)
    assert street.lines() == [line_of(RECORD_A, NAME_A.upper())]
    put_records(street.spool, RECORD_A)
    assert street.run() == RunReport(duplicate=1, skipped=1)
    assert street.names(Outcome.DONE) == [NAME_A.upper()]
    assert NAME_A in street.names(Outcome.DUPLICATE)


def test_files_are_taken_in_the_order_of_their_names(street: Street) -> None:
    for record in (RECORD_D, RECORD_A, RECORD_C):
        put_records(street.spool, record)
    assert street.run() == RunReport(done=3, records=3)
    assert [line["id"] for line in street.lines()] == ["123456789", "C-3", "D-4"]


def test_an_empty_spool_makes_no_output(street: Street) -> None:
    assert street.run() == RunReport()
    assert not street.output.exists()


def test_names_of_others_are_left_alone(street: Street) -> None:
    others = [".000002-2017123100001.mrg", ".x.mrg", "note.txt", "a.MRX", "b.mrg.part"]
    for name in others:
        (street.spool / name).write_text("x")
    (street.spool / "folder").mkdir()
    assert street.run() == RunReport()
    assert {path.name for path in street.spool.iterdir()} >= {*others, "folder"}


def test_the_same_file_again_is_a_duplicate(street: Street) -> None:
    path = put_records(street.spool, RECORD_A, RECORD_B)
    content = path.read_bytes()
    street.run()
    for _ in range(2):
        put(street.spool, content, NAME_A)
        assert street.run() == RunReport(duplicate=1, skipped=2)
    assert street.names(Outcome.DUPLICATE) == [
        NAME_A,
        f"{NAME_A}.1",
        f"{NAME_A}.1.reason.txt",
        f"{NAME_A}.reason.txt",
    ]
    assert len(street.lines()) == 2


def test_the_same_records_in_another_encryption_are_a_duplicate(street: Street) -> None:
    put_records(street.spool, RECORD_A)
    street.run()
    put_records(street.spool, RECORD_A)
    assert street.run() == RunReport(duplicate=1, skipped=1)
    assert len(street.lines()) == 1


def test_only_the_new_records_of_a_file_are_handed_on(street: Street) -> None:
    put_records(street.spool, RECORD_A)
    street.run()
    put_records(street.spool, RECORD_A, RECORD_C)
    assert street.run() == RunReport(done=1, records=1, skipped=1)
    assert [line["id"] for line in street.lines()] == ["123456789", "C-3"]
    assert street.names(Outcome.DONE) == [NAME_A, f"{NAME_A}.1"]


@pytest.mark.parametrize(
    "other", [RECORD_C._replace(points=501), RECORD_C._replace(id="123456780")]
)
def test_a_record_with_other_content_spoils_its_file(street: Street, other: Record) -> None:
    put_records(street.spool, RECORD_C)
    street.run()
    put_records(street.spool, RECORD_A, other)
    (result,) = street.results()
    assert (result.outcome, result.reason) == (Outcome.QUARANTINE, Reason.OTHER_CONTENT)
    assert [line["id"] for line in street.lines()] == ["C-3"]
    assert len(street.journal_rows()) == 1


def test_two_new_files_with_the_same_record_hand_it_on_once(street: Street) -> None:
    put_records(street.spool, RECORD_A, RECORD_D)
    put_records(street.spool, RECORD_C, RECORD_D)
    assert street.run() == RunReport(done=2, records=3, skipped=1)
    assert [line["id"] for line in street.lines()] == ["123456789", "D-4", "C-3"]


def test_one_bad_file_does_not_hold_up_the_next(street: Street) -> None:
    put(street.spool, b"", NAME_A)
    put_records(street.spool, RECORD_C)
    assert street.run() == RunReport(done=1, quarantined=1, records=1)


GOOD = encode([RECORD_A], KEY_2, FILE_ID, bytes(16))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.EMPTY),
        (GOOD[:57], Reason.TOO_SHORT),
        (GOOD[:-1], Reason.NOT_DECRYPTABLE),
        (bytes([*GOOD[:-1], GOOD[-1] ^ 1]), Reason.NOT_DECRYPTABLE),
        (encode([RECORD_A], KEY_1, FILE_ID, bytes(16)), Reason.WRONG_PROFILE),
        (
            encode([RECORD_A], replace(KEY_2, issuer_id="000003"), FILE_ID, bytes(16)),
            Reason.WRONG_ISSUER,
        ),
        (encode([RECORD_A], replace(KEY_2, key_id=8), FILE_ID, bytes(16)), Reason.KEY_UNKNOWN),
        (encode([RECORD_C], KEY_2, FILE_ID, bytes(16)), Reason.NAME_DIFFERS),
        (encode([RECORD_C, RECORD_A], KEY_2, FILE_ID, bytes(16)), Reason.NAME_DIFFERS),
    ],
)
def test_bad_content_goes_to_quarantine(street: Street, content: bytes, reason: Reason) -> None:
    put(street.spool, content, NAME_A)
    assert street.refused_for(NAME_A) is reason


@pytest.mark.parametrize(
    "name",
    ["x.mrg", "000002-2017123100001.mrg.mrg", " .mrg", "日本.mrg", "a\nb\x1b[1m.mrg", "-rf.mrg"],
)
def test_a_wrong_name_goes_to_quarantine(street: Street, name: str) -> None:
    put(street.spool, GOOD, name)
    assert street.refused_for(name) is Reason.NAME


def test_the_name_of_another_issuer_goes_to_quarantine(street: Street) -> None:
    name = NAME_A.replace("000002", "000003")
    put(street.spool, GOOD, name)
    assert street.refused_for(name) is Reason.NAME_DIFFERS


def test_names_that_are_not_utf8_or_very_long_go_to_quarantine(street: Street) -> None:
    (street.spool / os.fsdecode(b"\xff\xfe.mrg")).write_bytes(GOOD)
    (street.spool / ("x" * 251 + ".mrg")).write_bytes(GOOD)
    assert street.run() == RunReport(quarantined=2)
    assert len(street.names(Outcome.QUARANTINE)) == 4
    assert street.run() == RunReport()


def test_a_link_goes_to_quarantine_unfollowed(street: Street, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.mrg"
    target.write_bytes(GOOD)
    (street.spool / NAME_A).symlink_to(target)
    assert street.refused_for(NAME_A) is Reason.NOT_A_FILE
    assert (street.spool / "quarantine" / NAME_A).is_symlink()
    assert target.read_bytes() == GOOD


def test_a_dangling_link_goes_to_quarantine(street: Street) -> None:
    (street.spool / NAME_A).symlink_to("nowhere")
    assert street.refused_for(NAME_A) is Reason.NOT_A_FILE


def test_a_folder_or_a_pipe_goes_to_quarantine(street: Street) -> None:
    (street.spool / NAME_A).mkdir()
    (street.spool / NAME_A / "inside").write_text("x")
    os.mkfifo(street.spool / "000002-2017123100009.mrg")
    results = street.results()
    assert [result.reason for result in results] == [Reason.NOT_A_FILE] * 2
    assert (street.spool / "quarantine" / NAME_A / "inside").read_text() == "x"


def test_a_huge_file_goes_to_quarantine_unread(street: Street) -> None:
    with (street.spool / NAME_A).open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)
    assert street.refused_for(NAME_A) is Reason.TOO_LARGE


def test_a_file_that_may_not_be_read_goes_to_quarantine(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(street.spool, GOOD, NAME_A)
    real_open = os.open

    def forbidding_open(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if Path(path).name == NAME_A:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "open", forbidding_open)
    assert street.refused_for(NAME_A) is Reason.NOT_READABLE


def test_a_file_from_the_future_goes_to_quarantine(street: Street) -> None:
    put(street.spool, GOOD, NAME_A)
    street.today = date(2017, 12, 29)
    assert street.refused_for(NAME_A) is Reason.FROM_THE_FUTURE
    (street.spool / "quarantine" / NAME_A).rename(street.spool / NAME_A)
    street.today = date(2017, 12, 30)  # a clock that is a day behind is borne
    assert street.run() == RunReport(done=1, records=1)


def test_today_is_that_of_tokyo() -> None:
    assert tokyo_today() - date.today() in (timedelta(-1), timedelta(0), timedelta(1))  # noqa: DTZ011


def test_quarantine_never_replaces_what_is_there(street: Street) -> None:
    for content in (b"one", b"two", b"three"):
        put(street.spool, content, "x.mrg")
        street.run()
    quarantine = street.spool / "quarantine"
    kept = [(quarantine / name).read_bytes() for name in ("x.mrg", "x.mrg.1", "x.mrg.2")]
    assert kept == [b"one", b"two", b"three"]
    assert (quarantine / "x.mrg.2.reason.txt").read_text().startswith("NAME: ")


def test_a_street_that_follows_the_manual_is_served_by_profile_1(street: Street) -> None:
    street.keys = [replace(KEY_1, id_pattern="[0-9]{9}")]
    put_records(street.spool, RECORD_A, key=street.keys[0])
    put_records(street.spool, RECORD_C, key=KEY_1)
    first, second = street.results()
    assert (first.outcome, first.records) == (Outcome.DONE, 1)
    assert (second.outcome, second.reason) == (Outcome.QUARANTINE, Reason.ID_PATTERN)


def test_a_longer_tail_is_cut(street: Street) -> None:
    put_records(street.spool, RECORD_A)
    street.run()
    agreed = street.output.read_bytes()
    street.output.write_bytes(agreed + b'{"issuer_id": "0000')
    assert street.run() == RunReport()
    assert street.output.read_bytes() == agreed
    street.output.write_bytes(agreed + b'{"issuer_id": "0000')
    put_records(street.spool, RECORD_C)
    street.run()
    assert street.lines() == [
        line_of(RECORD_A, NAME_A),
        line_of(RECORD_C, "000002-2017123100003.mrg"),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "records that were handed on"),
        (lambda path: path.unlink(), "the output is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"x"), "not the file"),
    ],
)
def test_an_output_that_lacks_lines_stops_the_driver(
    street: Street, change: Callable[[Path], object], says: str
) -> None:
    put_records(street.spool, RECORD_A)
    street.run()
    change(street.output)
    before = street.output.read_bytes() if street.output.exists() else None
    put_records(street.spool, RECORD_C)
    with pytest.raises(DriverError, match=says):
        street.run()
    assert (street.output.read_bytes() if street.output.exists() else None) == before
    assert (street.spool / "000002-2017123100003.mrg").exists()


def test_an_output_that_the_journal_does_not_know_is_not_touched(street: Street) -> None:
    street.output.write_text("another program's\n")
    put_records(street.spool, RECORD_A)
    with pytest.raises(DriverError, match="knows nothing of it"):
        street.run()
    assert street.output.read_text() == "another program's\n"


def test_a_journal_serves_one_output(street: Street) -> None:
    put_records(street.spool, RECORD_A)
    street.run()
    other = street.folder / "other.jsonl"
    other.write_text("a long file of something else\n" * 100)
    street.output = other
    with pytest.raises(DriverError, match=r"belongs to the output points\.jsonl"):
        street.run()
    assert len(other.read_text()) == 3000


def test_journal_and_output_can_be_moved_together(street: Street, tmp_path: Path) -> None:
    put_records(street.spool, RECORD_A)
    street.run()
    moved = Street(tmp_path / "moved")
    for name in ("journal.db", "points.jsonl"):
        (street.folder / name).rename(moved.folder / name)
    put_records(moved.spool, RECORD_C)
    assert moved.run() == RunReport(done=1, records=1)
    assert [line["id"] for line in moved.lines()] == ["123456789", "C-3"]


def test_two_drivers_on_one_journal_are_refused(street: Street) -> None:
    put_records(street.spool, RECORD_A)
    with Journal(street.journal), pytest.raises(DriverError, match="another merge driver"):
        street.run()
    assert street.run() == RunReport(done=1, records=1)


def test_a_newer_journal_is_refused(street: Street) -> None:
    street.run()
    connection = sqlite3.connect(street.journal)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    with pytest.raises(DriverError, match="a newer merge driver"):
        street.run()


def test_what_is_no_journal_is_refused(street: Street) -> None:
    connection = sqlite3.connect(street.journal)
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(DriverError, match="another program"):
        street.run()
    street.journal.write_bytes(b"not a database at all" * 100)
    with pytest.raises(DriverError, match="cannot be opened"):
        street.run()


def test_the_journal_is_synced_at_every_commit(street: Street) -> None:
    with Journal(street.journal) as journal:
        assert journal._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_missing_spool_folder_stops_the_driver(street: Street) -> None:
    street.spool.rmdir()
    with pytest.raises(DriverError, match="no such spool folder"):
        street.run()


def test_a_link_in_place_of_done_stops_the_driver(street: Street, tmp_path: Path) -> None:
    (street.spool / "done").symlink_to(tmp_path)
    with pytest.raises(DriverError, match="a link in place of a folder"):
        street.run()


def test_a_full_disk_stops_and_the_next_run_goes_on(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_records(street.spool, RECORD_A)
    street.run()
    put_records(street.spool, RECORD_C, RECORD_D)
    real_pwrite = os.pwrite
    free_bytes = 20

    def full_pwrite(descriptor: int, content: memoryview, place: int) -> int:
        nonlocal free_bytes
        if not free_bytes:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real_pwrite(descriptor, content[:free_bytes], place)
        free_bytes = 0
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full_pwrite)
        with pytest.raises(DriverError, match="No space left on device; nothing is lost"):
            street.run()
    assert (street.spool / "000002-2017123100003.mrg").exists()
    assert street.names(Outcome.QUARANTINE) == []
    assert street.run() == RunReport(done=1, records=2)
    assert [line["id"] for line in street.lines()] == ["123456789", "C-3", "D-4"]


def test_a_short_write_is_gone_on_with(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    real_pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, text, at: real_pwrite(file, text[:7], at))
    put_records(street.spool, RECORD_A, RECORD_B)
    street.run()
    assert street.lines() == [line_of(RECORD_A, NAME_A), line_of(RECORD_B, NAME_A)]


def test_a_disk_that_is_really_full(street: Street, tiny_disk: Path) -> None:
    street.output = tiny_disk / "points.jsonl"
    put_records(street.spool, RECORD_A)
    street.run()
    filler = tiny_disk / "filler"
    filler.write_bytes(bytes(60 * 1024))
    put_records(street.spool, *[Record("A", 1, f"20171231{n:05d}") for n in range(100, 200)])
    with pytest.raises(DriverError, match="No space left on device; nothing is lost"):
        street.run()
    filler.unlink()
    assert street.run() == RunReport(done=1, records=100)
    assert len(street.lines()) == len(street.journal_rows()) == 101


def test_a_journal_that_cannot_be_written_stops_the_driver(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_records(street.spool, RECORD_A)

    def full_commit(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "take", full_commit)
        with pytest.raises(DriverError, match="database or disk is full; nothing is lost"):
            street.run()
    assert street.run() == RunReport(done=1, records=1)
    assert street.lines() == [line_of(RECORD_A, NAME_A)]
