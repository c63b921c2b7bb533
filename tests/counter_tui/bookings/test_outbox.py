import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counter_tui.bookings.outbox import FILE_BYTES_MAX, Entry, Outbox, OutboxError
from tests.counter_tui.conftest import Disk

NOON = datetime(2017, 4, 2, 3, 0, tzinfo=UTC)


class KilledError(Exception):
    """Stands for the process's death: no handler of the outbox takes it."""


def entry(number: int = 1, **changes: Any) -> Entry:
    made = Entry(
        request_id=f"015f3c2e-8a00-7000-8000-{number:012x}",
        method="Spend",
        request=b"\x0a\x00request",
        created_at=NOON,
        abandoned=False,
        answer=None,
    )
    return replace(made, **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox"


def path_of(folder: Path, kept: Entry) -> Path:
    return folder / f"{kept.request_id}.json"


def test_what_is_put_is_there_after_a_restart(folder: Path) -> None:
    kept = entry(method="Merge", abandoned=True, answer=b"")
    Outbox(folder).put(kept)
    assert Outbox(folder).entries() == [kept]
    assert Outbox(folder).faults() == []


def test_file_and_folder_are_private(folder: Path) -> None:
    Outbox(folder).put(entry())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path_of(folder, entry()).stat().st_mode) == 0o600


def test_entries_come_oldest_first(folder: Path) -> None:
    outbox = Outbox(folder)
    late = entry(1, created_at=NOON + timedelta(seconds=1))
    same_a, same_b = entry(2), entry(3)
    for kept in (late, same_b, same_a):
        outbox.put(kept)
    assert outbox.entries() == [same_a, same_b, late]


def test_replace_and_remove(folder: Path) -> None:
    outbox = Outbox(folder)
    outbox.put(entry())
    answered = entry(answer=b"answer")
    outbox.replace(answered)
    assert outbox.entries() == [answered]
    outbox.remove(answered.request_id)
    assert outbox.entries() == []
    outbox.remove(answered.request_id)
    assert list(folder.iterdir()) == []


def test_a_request_id_is_put_once(folder: Path) -> None:
    outbox = Outbox(folder)
    outbox.put(entry())
    with pytest.raises(OutboxError, match="already"):
        outbox.put(entry(request=b"another"))
    assert outbox.entries() == [entry()]


def test_what_is_not_there_is_not_replaced(folder: Path) -> None:
    outbox = Outbox(folder)
    with pytest.raises(OutboxError):
        outbox.replace(entry())
    assert outbox.entries() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"request_id": "../../etc/passwd"},
        {"request_id": ""},
        {"request_id": entry().request_id.upper()},
        {"request_id": entry().request_id + "\n"},
        {"method": "Spend/../x"},
        {"method": ""},
        {"created_at": datetime(2017, 4, 2)},  # noqa: DTZ001
    ],
)
def test_an_entry_is_checked_when_it_is_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not a|no time zone"):
        entry(**changes)


def test_remove_takes_request_ids_only(folder: Path) -> None:
    outside = folder.parent / "outside.json"
    outbox = Outbox(folder)
    outside.write_text("{}")
    with pytest.raises(ValueError, match="not a request ID"):
        outbox.remove("../outside")
    assert outside.exists()


Damage = Callable[[bytes], bytes]


def changed(**fields: object) -> Damage:
    return lambda content: json.dumps({**json.loads(content), **fields}).encode()


DAMAGES: dict[str, Damage] = {
    "empty": lambda _: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "zeroed": lambda content: b"\0" * len(content),
    "not UTF-8": lambda content: b"\xff\xfe" + content,
    "a list": lambda _: b"[]",
    "a number": lambda _: b"7",
    "deep": lambda _: b"[" * 100_000,
    "another program's": lambda _: b'{"cards": []}',
    "another version": changed(version=2),
    "another request": changed(request="AAAA"),
    "given up by a flipped bit": changed(abandoned=True),
    "another field": changed(note=""),
    "too large": lambda content: content + b" " * FILE_BYTES_MAX,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_reported_and_kept(folder: Path, damage: Damage) -> None:
    outbox = Outbox(folder)
    outbox.put(entry(1))
    outbox.put(entry(2))
    path = path_of(folder, entry(1))
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    reopened = Outbox(folder)
    assert reopened.entries() == [entry(2)]
    assert [fault.path for fault in reopened.faults()] == [path]
    with pytest.raises(OutboxError):
        reopened.put(entry(1))
    with pytest.raises(OutboxError):
        reopened.replace(entry(1))
    with pytest.raises(OutboxError):
        reopened.remove(entry(1).request_id)
    assert path.read_bytes() == damaged


def test_foreign_files_are_reported_and_kept(folder: Path) -> None:
    outbox = Outbox(folder)
    outbox.put(entry(1))
    path_of(folder, entry(1)).rename(folder / "renamed.json")
    (folder / "notes.txt").write_text("牛乳")
    (folder / "folder").mkdir()
    (folder / "dangling").symlink_to(folder / "nowhere")
    (folder / ".hidden").write_text("of an editor")
    reopened = Outbox(folder)
    assert reopened.entries() == []
    names = [fault.path.name for fault in reopened.faults()]
    assert names == ["dangling", "folder", "notes.txt", "renamed.json"]
    assert (folder / ".hidden").exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 400))
def test_no_truncation_is_taken_for_an_entry(folder: Path, length: int) -> None:
    outbox = Outbox(folder)
    path = path_of(folder, entry())
    path.unlink(missing_ok=True)
    outbox.put(entry())
    whole = path.read_bytes().rstrip()
    path.write_bytes(whole[: min(length, len(whole) - 1)])
    assert outbox.entries() == []
    assert len(outbox.faults()) == 1


@pytest.mark.parametrize("call", ["rename", "fsync", "write", "open"])
def test_killed_before_the_rename_nothing_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    outbox = Outbox(folder)
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(os, call, _raising(KilledError()))
        outbox.put(entry())
    reopened = Outbox(folder)
    assert reopened.entries() == []
    assert reopened.faults() == []
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("call", ["rename", "fsync", "write", "open"])
def test_killed_while_replacing_the_old_entry_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    outbox = Outbox(folder)
    outbox.put(entry())
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        if call == "open":
            patch.setattr("counter_tui.core.files.write_new", _raising(KilledError()))
        else:
            patch.setattr(os, call, _raising(KilledError()))
        outbox.replace(entry(answer=b"x"))
    assert Outbox(folder).entries() == [entry()]


@pytest.mark.parametrize("call", ["rename", "fsync", "write", "open"])
def test_an_error_while_putting_leaves_nothing_to_be_sent_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    outbox = Outbox(folder)
    with monkeypatch.context() as patch, pytest.raises(OutboxError, match="Input/output error"):
        patch.setattr(os, call, _raising(OSError(5, "Input/output error")))
        outbox.put(entry())
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_synced_leaves_nothing_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(folder)
    with monkeypatch.context() as patch, pytest.raises(OutboxError):
        patch.setattr("counter_tui.core.files.sync_folder", _raising(OSError(5, "I/O")))
        outbox.put(entry())
    assert list(folder.iterdir()) == []


def test_the_file_is_synced_before_its_name_and_the_folder_after(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(folder)
    calls: list[str] = []
    fsync, rename = os.fsync, os.rename

    def record_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        calls.append("sync folder" if is_folder else "sync file")
        fsync(descriptor)

    def record_rename(source: Path, target: Path) -> None:
        assert source.name.startswith(".")
        calls.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "rename", record_rename)
    outbox.put(entry())
    assert calls == ["sync file", "rename", "sync folder"]
    outbox.remove(entry().request_id)
    assert calls[3:] == ["sync folder"]


def test_a_write_may_take_a_few_bytes_at_a_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    outbox = Outbox(folder)
    outbox.put(entry())
    assert outbox.entries() == [entry()]


def test_full_disk(disk: Disk) -> None:
    outbox = Outbox(disk.folder / "outbox")
    outbox.put(entry(1))
    disk.fill()
    with pytest.raises(OutboxError, match="No space left"):
        outbox.put(entry(2))
    with pytest.raises(OutboxError, match="No space left"):
        outbox.replace(entry(1, answer=b"x"))
    assert outbox.entries() == [entry(1)]
    assert len(list((disk.folder / "outbox").iterdir())) == 1


def test_read_only_disk(disk: Disk) -> None:
    outbox = Outbox(disk.folder / "outbox")
    outbox.put(entry(1))
    disk.set_read_only(True)
    with pytest.raises(OutboxError, match="Read-only"):
        outbox.put(entry(2))
    with pytest.raises(OutboxError, match="Read-only"):
        outbox.replace(entry(1, answer=b"x"))
    with pytest.raises(OutboxError, match="Read-only"):
        outbox.remove(entry(1).request_id)
    with pytest.raises(OutboxError, match="Read-only"):
        Outbox(disk.folder / "another")
    assert Outbox(disk.folder / "outbox").entries() == [entry(1)]


def test_a_folder_that_is_gone_is_said(folder: Path) -> None:
    outbox = Outbox(folder)
    folder.rmdir()
    with pytest.raises(OutboxError, match="No such file"):
        outbox.entries()
    with pytest.raises(OutboxError, match="No such file"):
        outbox.put(entry())


def test_a_file_in_the_folders_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("")
    with pytest.raises(OutboxError):
        Outbox(tmp_path / "outbox")


def _raising(error: Exception) -> Callable[..., None]:
    def fail(*_arguments: object, **_named: object) -> None:
        raise error

    return fail
