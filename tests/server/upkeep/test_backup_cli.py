"""Backups: taken, kept, restored elsewhere; what is wrong with one keeps nothing (OPS-3)."""

import gzip
import json
import os
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from server.db.engine import open_database
from server.upkeep.backing_up import back_up
from server.upkeep.verify import verify
from tests.server.db.conditions import fill as fill_disk
from tests.server.db.conditions import small_disk
from tests.server.support import MASTER_KEY, Town
from tests.server.upkeep.carried import fill

NOW = datetime(2026, 7, 1, 3, tzinfo=UTC)
LEFT_OUT = (
    "session", "street_session", "mykey_attempt", "mykey_candidate", "job", "booking_check",
    "schema_migration",
    "audit_event", "counter", "data_key",
)  # fmt: skip


@pytest.fixture
def filled(town: Town) -> Town:
    with town.booker() as booker:
        fill(town, booker)
    town.tamper("DELETE FROM data_key")  # the fixture's own opens with no key
    return town


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    path.write_text(MASTER_KEY.hex())
    path.chmod(0o600)
    return path


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def run(command: str, url: str, *arguments: object) -> Result:
    return CliRunner().invoke(main, [command, "--database", url, *map(str, arguments)])


def restored(url: str, key_file: Path, file: Path) -> Result:
    return run("restore", url, "--master-key-file", key_file, file)


def refused(result: Result) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), "no traceback"
    (line,) = [line for line in result.output.splitlines() if " INFO up: " not in line]
    assert line.startswith("Error: ")
    return line


@pytest.fixture
def backup(filled: Town, backups: Path) -> Path:
    assert run("backup", filled.url, backups).exit_code == 0
    (file,) = backups.iterdir()
    return file


def test_a_backup_is_restored_elsewhere(
    filled: Town, backup: Path, target: str, key_file: Path
) -> None:
    assert re.fullmatch(r"ledger-\d{8}T\d{6}Z\.jsonl\.gz", backup.name)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    result = restored(target, key_file, backup)
    assert result.exit_code == 0, result.output
    assert "14 transactions" in result.output
    there = Town(target)
    assert verify(there.database).fault is None
    if there.is_sqlite == filled.is_sqlite:
        assert there.dump(*LEFT_OUT) == filled.dump(*LEFT_OUT)
    told = [action.split()[-1] for (action,) in there.rows("SELECT action FROM audit_event")]
    assert told[-1] == "restore"


def test_both_print_json(filled: Town, backups: Path, target: str, key_file: Path) -> None:
    written = json.loads(run("backup", filled.url, backups, "--json").stdout)
    arguments = ["--master-key-file", key_file, written["file"], "--json"]
    stored = json.loads(run("restore", target, *arguments).stdout)
    assert (stored["rows"], stored["transactions"]) == (written["rows"], 14)
    assert stored["fault"] is None


def test_a_backup_is_not_restored_over_a_ledger(town: Town, backup: Path, key_file: Path) -> None:
    """Nor over a running server: its ledger is one."""
    before = town.dump("audit_event", "counter")
    assert "take a new database" in refused(restored(town.url, key_file, backup))
    assert town.dump("audit_event", "counter") == before


CHANGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda content: content[:-20], "cut or was changed"),
    "empty": (lambda _: b"", "cut or was changed|empty"),
    "no backup": (lambda _: b"x" * 100, "cut or was changed"),
    "a byte changed": (
        lambda content: content[:1000] + bytes([content[1000] ^ 1]) + content[1001:],
        "cut or was changed|line",
    ),
    "a row changed": (
        lambda content: gzip.compress(gzip.decompress(content).replace(b"AAAA1111", b"AAAA1112")),
        "line",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_no_whole_backup_keeps_nothing(
    backup: Path, key_file: Path, target: str, what: str
) -> None:
    change, says = CHANGES[what]
    backup.write_bytes(change(backup.read_bytes()))
    assert re.search(says, refused(restored(target, key_file, backup)))
    database = open_database(target)
    with database.connection_context():
        tables = database.get_tables()
        assert not tables or not database.execute_sql("SELECT 1 FROM citizen").fetchall()


def test_another_installation_s_key_restores_nothing(
    backup: Path, key_file: Path, target: str
) -> None:
    key_file.write_text("ee" * 32)
    assert "another master key" in refused(restored(target, key_file, backup))
    assert Town(target).rows("SELECT count(*) FROM citizen") == [(0,)]


def test_only_the_newest_are_kept(filled: Town, backups: Path) -> None:
    (backups / "notes.txt").write_text("mine")
    for day in range(4):
        back_up(filled.database, backups, NOW + timedelta(days=day), None)
    assert back_up(filled.database, backups, NOW + timedelta(days=4), 2).removed == 3
    names = sorted(path.name for path in backups.iterdir())
    assert names == [
        "ledger-20260704T030000Z.jsonl.gz",
        "ledger-20260705T030000Z.jsonl.gz",
        "notes.txt",
    ]


def test_the_one_just_written_stays_whatever_else_is_there(filled: Town, backups: Path) -> None:
    others = ["ledger-20990101T000000Z.jsonl.gz", "ledger-before-upgrade.jsonl.gz"]
    for name in others:
        (backups / name).write_bytes(b"")
    written = back_up(filled.database, backups, NOW, 1)
    assert written.removed == 0
    names = sorted(path.name for path in backups.iterdir())
    assert names == sorted([*others, written.file.name])


def test_what_a_killed_backup_left_goes_after_a_day(filled: Town, backups: Path) -> None:
    old, new = (backups / f".ledger-{name}.jsonl.gz.new" for name in ("old", "new"))
    old.write_bytes(b"")
    new.write_bytes(b"")
    os.utime(old, (0, 0))
    back_up(filled.database, backups, NOW, None)
    assert (old.exists(), new.exists()) == (False, True)


def test_two_at_the_same_second_are_not_one(filled: Town, backups: Path) -> None:
    back_up(filled.database, backups, NOW, None)
    with pytest.raises(FileExistsError):
        back_up(filled.database, backups, NOW, None)


def test_a_full_disk_leaves_the_older_ones(filled: Town, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        (disk / "ledger-20260101T000000Z.jsonl.gz").write_bytes(b"older")
        fill_disk(disk)
        assert "No space left" in refused(run("backup", filled.url, disk, "--keep", 1))
        assert [path.name for path in disk.glob("*ledger*")] == ["ledger-20260101T000000Z.jsonl.gz"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("none", "the folder is missing: make it first"), ("file", "is no folder")],
)
def test_a_folder_that_is_none(filled: Town, tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / name
    assert refused(run("backup", filled.url, folder)) == f"Error: {folder}: {told}"


def test_a_file_that_is_missing(target: str, key_file: Path, tmp_path: Path) -> None:
    assert "No such file" in refused(restored(target, key_file, tmp_path / "none.gz"))
