import errno
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from inotify_simple import INotify, flags

from counter_tui.bookings.spool import SpoolError, SpoolFault, deliver
from tests.counter_tui.conftest import Disk

NAME = "000002-2017123100001.mrg"
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    spool = tmp_path / "spool"
    spool.mkdir()
    return spool


def reason_of(attempt: Callable[[], None]) -> SpoolFault:
    with pytest.raises(SpoolError) as raised:
        attempt()
    return raised.value.reason


def raising(number: int) -> Callable[..., None]:
    def fail(*_arguments: object, **_named: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_the_file_is_there_whole_and_alone(folder: Path) -> None:
    deliver(folder, NAME, CONTENT)
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["000002-2017123100001.mrg", "999999-20171231000000000000.mrg"])
def test_names_that_readers_take(folder: Path, name: str) -> None:
    deliver(folder, name, b"x")
    assert (folder / name).exists()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../000002-2017123100001.mrg",
        "/000002-2017123100001.mrg",
        "a/000002-2017123100001.mrg",
        ".000002-2017123100001.mrg",
        "00002-2017123100001.mrg",
        "0000002-2017123100001.mrg",
        "000002-201712310001.mrg",
        "000002-201712310000000000001.mrg",
        "000002-2017123100001.mrg\n",
        "000002-2017123100001.MRG",
        "000002-2017123100001.mrg.part",
        "000002-2017123100001",
        "００0002-2017123100001.mrg",
        "000002-2017123100001\0.mrg",
        "..",
    ],
)
def test_other_names_are_refused(folder: Path, name: str) -> None:
    assert reason_of(lambda: deliver(folder, name, CONTENT)) is SpoolFault.BAD_NAME
    assert list(folder.iterdir()) == []
    assert [path.name for path in folder.parent.iterdir()] == ["spool"]


def test_equal_content_is_done_and_not_written_again(folder: Path) -> None:
    deliver(folder, NAME, CONTENT)
    before = (folder / NAME).stat()
    deliver(folder, NAME, CONTENT)
    after = (folder / NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("other", [b"", CONTENT[:-1], CONTENT + b"x", CONTENT[::-1]])
def test_other_content_is_never_replaced(folder: Path, other: bytes) -> None:
    (folder / NAME).write_bytes(other)
    assert reason_of(lambda: deliver(folder, NAME, CONTENT)) is SpoolFault.OTHER_CONTENT
    assert (folder / NAME).read_bytes() == other
    assert [path.name for path in folder.iterdir()] == [NAME]


def test_what_is_no_file_is_other_content(folder: Path) -> None:
    names = [f"00000{number}-2017123100001.mrg" for number in range(3)]
    (folder / names[0]).mkdir()
    os.mkfifo(folder / names[1])
    (folder / names[2]).symlink_to(folder / "elsewhere")
    for name in names:
        attempt = partial(deliver, folder, name, CONTENT)
        assert reason_of(attempt) is SpoolFault.OTHER_CONTENT
    assert not (folder / "elsewhere").exists()


def test_a_crash_before_leaves_no_trace_after(folder: Path) -> None:
    (folder / f".{NAME}.part").write_bytes(b"half")
    deliver(folder, NAME, CONTENT)
    assert [path.name for path in folder.iterdir()] == [NAME]
    (folder / f".{NAME}.part").write_bytes(b"half")
    deliver(folder, NAME, CONTENT)
    assert [path.name for path in folder.iterdir()] == [NAME]


def test_a_leftover_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (folder / f".{NAME}.part").symlink_to(victim)
    deliver(folder, NAME, CONTENT)
    assert victim.read_text() == "precious"
    assert not (folder / NAME).is_symlink()


def test_missing_folder(folder: Path) -> None:
    folder.rmdir()
    assert reason_of(lambda: deliver(folder, NAME, CONTENT)) is SpoolFault.MISSING
    assert not folder.exists()


def test_a_file_in_the_folders_place(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("")
    assert reason_of(lambda: deliver(folder, NAME, CONTENT)) is SpoolFault.MISSING


def test_read_only_disk(disk: Disk) -> None:
    disk.set_read_only(True)
    assert reason_of(lambda: deliver(disk.folder, NAME, CONTENT)) is SpoolFault.READ_ONLY
    disk.set_read_only(False)
    deliver(disk.folder, NAME, CONTENT)


def test_full_disk(disk: Disk) -> None:
    large = CONTENT * 64
    assert reason_of(lambda: deliver(disk.folder, NAME, large)) is SpoolFault.FULL
    assert list(disk.folder.iterdir()) == []
    deliver(disk.folder, NAME, CONTENT)


@pytest.mark.parametrize("call", ["write", "fsync", "link"])
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, SpoolFault.FULL),
        (errno.EDQUOT, SpoolFault.FULL),
        (errno.EROFS, SpoolFault.READ_ONLY),
        (errno.EACCES, SpoolFault.READ_ONLY),
        (errno.EIO, SpoolFault.OTHER),
    ],
)
def test_errors_have_reasons_and_leave_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, reason: SpoolFault
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, call, raising(number))
        assert reason_of(lambda: deliver(folder, NAME, CONTENT)) is reason
    assert list(folder.iterdir()) == []
    deliver(folder, NAME, CONTENT)


def test_a_file_that_is_cut_off_has_no_name_that_readers_take(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    seen: list[str] = []

    def write_a_little(descriptor: int, data: memoryview) -> int:
        seen.extend(path.name for path in folder.iterdir())
        return write(descriptor, data[:100])

    monkeypatch.setattr(os, "write", write_a_little)
    deliver(folder, NAME, CONTENT)
    assert len(seen) > 1
    assert all(name.startswith(".") and not name.endswith(".mrg") for name in seen)


def test_order_of_syncs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fsync, link = os.fsync, os.link

    def record_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        calls.append("sync folder" if is_folder else "sync file")
        fsync(descriptor)

    def record_link(source: Path, target: Path) -> None:
        calls.append("link")
        link(source, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "link", record_link)
    deliver(folder, NAME, CONTENT)
    assert calls == ["sync file", "link", "sync folder"]
    deliver(folder, NAME, CONTENT)
    assert calls[3:] == ["sync file", "sync folder"]


def test_readers_that_watch_the_folder_are_woken(folder: Path) -> None:
    with INotify() as inotify:
        inotify.add_watch(folder, flags.CLOSE_WRITE | flags.MOVED_TO)
        deliver(folder, NAME, CONTENT)
        assert NAME in [event.name for event in inotify.read(timeout=0)]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_without_hard_links_it_is_renamed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", raising(number))
    deliver(folder, NAME, CONTENT)
    deliver(folder, NAME, CONTENT)
    assert reason_of(lambda: deliver(folder, NAME, b"other")) is SpoolFault.OTHER_CONTENT
    assert (folder / NAME).read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == [NAME]


@pytest.mark.parametrize("has_links", [True, False])
@pytest.mark.parametrize(("theirs", "is_done"), [(CONTENT, True), (b"other", False)])
def test_another_that_comes_first_is_not_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool, theirs: bytes, is_done: bool
) -> None:
    link = os.link

    def link_too_late(source: Path, target: Path) -> None:
        target.write_bytes(theirs)
        if not has_links:
            raise OSError(errno.EPERM, "no links here")
        link(source, target)

    monkeypatch.setattr(os, "link", link_too_late)
    if is_done:
        deliver(folder, NAME, CONTENT)
    else:
        assert reason_of(lambda: deliver(folder, NAME, CONTENT)) is SpoolFault.OTHER_CONTENT
    assert (folder / NAME).read_bytes() == theirs
    assert [path.name for path in folder.iterdir()] == [NAME]
