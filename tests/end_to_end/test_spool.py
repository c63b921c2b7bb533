"""A spool folder that does not take the merge file: booked all the same (MRG-4)."""

import errno
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from counter_tui.core import files
from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.tasks.points.merge import MergeDoneScreen, MergeInputScreen
from tests.end_to_end.support import BALANCE, Counter, Place, counter_at, counter_in_use, refusing


@contextmanager
def _missing(place: Place) -> Iterator[None]:
    place.spool.rmdir()
    yield
    place.spool.mkdir()


def _read_only(place: Place) -> AbstractContextManager[None]:
    return refusing(place.spool, errno.EROFS)


def _full(place: Place) -> AbstractContextManager[None]:
    return refusing(place.spool, errno.ENOSPC)


TROUBLES = {
    "missing": (_missing, "連携フォルダがありません。"),
    "read-only": (_read_only, "連携フォルダに書き込めません。"),
    "full": (_full, "ディスクがいっぱいです。"),
}


async def _merge(counter: Counter) -> None:
    await counter.open_merging()
    await counter.check(200)
    await counter.confirm()
    await counter.reach(MergeDoneScreen)


@pytest.mark.parametrize("name", TROUBLES)
async def test_file_is_delivered_once_the_folder_is_mended(
    place: Place, counter: Counter, name: str
) -> None:
    trouble, said = TROUBLES[name]
    with trouble(place):
        await _merge(counter)
        await counter.read(
            "連携ファイル: 未引き渡し", said, "ポイントの記帳は済んでいます。", "F6 ファイル再送"
        )
        await counter.press("f6")
        await counter.read("連携ファイル: 未引き渡し", said)
        assert place.booked() == [("MERGE", 200)]
        assert len(place.waiting()) == 1
        assert place.merge_files() == []
    await counter.press("f6")
    await counter.read("連携ファイル: 引き渡し済み")
    assert "F6" not in counter.text
    assert len(place.merge_files()) == 1
    assert place.merge_files()[0].read_bytes() == place.rows("SELECT content FROM merge")[0][0]
    assert place.waiting() == []
    assert place.booked() == [("MERGE", 200)]
    await counter.press("enter", "escape")
    await counter.reach(MergeDoneScreen)
    await counter.press("f2")
    await counter.reach(MergeInputScreen)


@pytest.mark.parametrize("mended", [False, True])
async def test_file_is_delivered_at_the_next_start(place: Place, server: str, mended: bool) -> None:
    with _missing(place):
        async with counter_in_use(place, server) as counter:
            await _merge(counter)
            await counter.read("連携ファイル: 未引き渡し")
            await counter.press("f2", "f10")
        assert len(place.waiting()) == 1
        if not mended:
            async with counter_at(place, server) as counter:
                await counter.sign_in()
                await counter.reach(MergeDoneScreen)
                await counter.read("連携ファイル: 未引き渡し", "前回の処理は")
            assert len(place.waiting()) == 1
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(MergeDoneScreen)
        await counter.read("連携ファイル: 引き渡し済み", "前回の処理は、すでに完了していました。")
        await counter.press("f2")
        await counter.reach(MenuScreen)
    assert place.booked() == [("MERGE", 200)]
    assert place.balance() == BALANCE - 200
    assert place.waiting() == []
    assert len(place.merge_files()) == 1


async def test_another_file_of_that_name_is_not_replaced(place: Place, counter: Counter) -> None:
    with _missing(place):
        await _merge(counter)
    taken = place.spool / place.rows("SELECT file_name FROM merge")[0][0]
    taken.write_bytes(b"another")
    await counter.press("f6")
    await counter.read("連携ファイル: 未引き渡し", "同じ名前の別のファイル")
    assert taken.read_bytes() == b"another"
    assert place.booked() == [("MERGE", 200)]
    assert len(place.waiting()) == 1


async def test_neither_spool_nor_outbox_can_be_written(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up after the request was kept: F6 never says delivered when it is not."""
    real = counter.app.session.server.book

    def full(path: Path, content: bytes, mode: int = 0o600) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:

        async def then_full(method: str, request: bytes) -> object:
            answer = await real(method, request)
            patch.setattr(files, "write_new", full)
            return answer

        patch.setattr(counter.app.session.server, "book", then_full)
        await _merge(counter)
        await counter.read("連携ファイル: 未引き渡し", "ディスクがいっぱいです。")
        await counter.press("f6")
        await counter.pilot.pause(0.1)
        await counter.read("連携ファイル: 未引き渡し", "ディスクがいっぱいです。")
        assert place.merge_files() == []
    await counter.press("f6")
    await counter.read("連携ファイル: 引き渡し済み")
    assert len(place.merge_files()) == 1
    assert place.waiting() == []
    assert place.booked() == [("MERGE", 200)]


async def test_printer_that_cannot_be_written(place: Place, counter: Counter) -> None:
    """Printer trouble is said in words and loses nothing (RCP-2)."""
    place.receipts.mkdir()
    await _merge(counter)
    await counter.press("f8")
    await counter.read("まだ印字されていません。", "F12")
    place.receipts.rmdir()
    await counter.press("f12")
    await counter.read("印字待ち", "今すぐもう一度印字する")
    await counter.press("1", "escape")
    await counter.until(place.receipts.exists, "receipt")
    assert place.receipts.stat().st_size > 100
    assert place.booked() == [("MERGE", 200)]
