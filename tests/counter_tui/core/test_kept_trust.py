"""What is believed without network after a restart, and what is not (VCH-8)."""

import errno
import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from counter_tui.core import files
from counter_tui.core.kept_trust import (
    FILE_BYTES_MAX,
    KeptFault,
    KeptTrust,
    KeptTrustError,
    Opener,
    forget,
    keep,
    kept,
)

TOLD_AT = datetime(2026, 7, 1, 3, tzinfo=UTC)
LAST_DAY = date(2026, 7, 8)
TRUST = KeptTrust(b"\x08\x01", b"\x10\x02", TOLD_AT, timedelta(hours=3), LAST_DAY)
HEAD = b'{"format": "jichipoint-voucher-trust", "version": 1'
OPENER = Opener("00010011", "demo-1234", bytes(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "voucher-trust" / "00010011.json"
    keep(path, TRUST, OPENER)
    return path


def test_it_is_as_it_was_kept_and_nothing_of_it_can_be_read(path: Path) -> None:
    assert kept(path, OPENER) == TRUST
    content = path.read_bytes()
    assert b"demo-1234" not in content
    assert b"2026" not in content
    assert path.stat().st_mode & 0o777 == 0o600
    assert "demo-1234" not in repr(OPENER)


def test_it_is_kept_anew_with_another_salt(path: Path) -> None:
    before = json.loads(path.read_bytes())
    keep(path, replace(TRUST, last_day=LAST_DAY + timedelta(days=1)), OPENER)
    after = json.loads(path.read_bytes())
    assert before["salt"] != after["salt"]
    assert before["nonce"] != after["nonce"]
    found = kept(path, OPENER)
    assert isinstance(found, KeptTrust)
    assert found.last_day == date(2026, 7, 9)


@pytest.mark.parametrize(
    "opener",
    [
        replace(OPENER, password="demo-1235"),
        replace(OPENER, password=""),
        replace(OPENER, terminal_id="00010012"),
        replace(OPENER, machine_fingerprint=bytes(31) + b"\x01"),
    ],
    ids=["password", "no password", "terminal", "machine"],
)
def test_it_opens_for_nobody_else(path: Path, opener: Opener) -> None:
    assert kept(path, opener) is KeptFault.NOT_OPENED


@pytest.mark.parametrize("name", ["salt", "nonce", "sealed"])
def test_one_changed_character_and_it_is_not_believed(path: Path, name: str) -> None:
    document = json.loads(path.read_bytes())
    text = document[name]
    document[name] = ("B" if text[0] == "A" else "A") + text[1:]
    path.write_text(json.dumps(document))
    assert kept(path, OPENER) is KeptFault.NOT_OPENED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        HEAD + b"}",
        HEAD + b', "salt": 1, "nonce": "", "sealed": ""}',
        HEAD + b', "salt": "", "nonce": "", "sealed": ""}',
        b"[" * 100_000,
        b" " * (FILE_BYTES_MAX + 2),
    ],
)
def test_a_damaged_file_is_not_believed(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert kept(path, OPENER) is KeptFault.NOT_OPENED


def test_a_file_that_ends_early_is_not_believed(path: Path) -> None:
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 29):
        path.write_bytes(content[:length])
        assert kept(path, OPENER) is KeptFault.NOT_OPENED


def test_where_nothing_is_kept(tmp_path: Path, path: Path) -> None:
    assert kept(tmp_path / "00010012.json", OPENER) is KeptFault.NONE
    forget(path)
    assert kept(path, OPENER) is KeptFault.NONE
    forget(path)


def test_a_full_disk_leaves_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_new", full)
        with pytest.raises(KeptTrustError, match="No space left"):
            keep(path, replace(TRUST, told=b""), OPENER)
    assert kept(path, OPENER) == TRUST


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (TOLD_AT, True),
        (datetime(2026, 7, 8, 14, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 7, 8, 15, tzinfo=UTC), False),
        (TOLD_AT - timedelta(seconds=59), True),
        (TOLD_AT - timedelta(hours=1), False),
    ],
    ids=["at once", "last second in Tokyo", "next day in Tokyo", "a clock's waver", "set back"],
)
def test_it_holds_up_to_its_last_day(now: datetime, holds: bool) -> None:
    assert TRUST.holds(now) is holds


@pytest.mark.parametrize(("behind", "counted_in"), [(3, 3), (0, 0), (-3, 0)])
def test_a_clock_is_rather_taken_for_late(behind: int, counted_in: int) -> None:
    trust = replace(TRUST, behind=timedelta(hours=behind))
    assert trust.counted_in == timedelta(hours=counted_in)
