"""What an earlier run left in the outbox, and an outbox that cannot be written (USE-5)."""

import asyncio
import errno
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from google.type.date_pb2 import Date
from jichipoint.v1 import merging_pb2, points_pb2

from counter_tui.bookings.outbox import Entry, Outbox
from counter_tui.calls.answers import RefusedError
from counter_tui.calls.server import Calls
from counter_tui.core import files
from counter_tui.core.uuid7 import new_request_id
from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.kinds import KINDS
from counter_tui.shell.boxes import HelpBox
from counter_tui.shell.large import large_digits
from counter_tui.shell.widgets import Words
from counter_tui.tasks.points.merge import MergeDoneScreen
from counter_tui.tasks.points.spend import SpendDoneScreen, SpendInputScreen
from counter_tui.tasks.resuming.resumed import ResumeScreen
from server.upkeep.demo_data import MUNICIPAL_PROGRAM, TERMINAL
from tests.end_to_end.support import (
    BALANCE,
    Counter,
    Place,
    ServerProcess,
    SettableClock,
    counter_at,
    counter_in_use,
    refusing,
)

RESUMED = "前回の続きの処理が完了しました。"
BOOKED_BEFORE = "前回の処理は、すでに完了していました。"
NEXT = {"Spend": "enter", "Merge": "f2"}
"""What leaves the done screen; a merge is final."""
ASKED = ("前回の続き", "F3 記帳する", "F7 取りやめ")


def request_of(method: str, request_id: str) -> bytes:
    request: points_pb2.SpendRequest | merging_pb2.MergeRequest = points_pb2.SpendRequest()
    if method == "Merge":
        request = merging_pb2.MergeRequest(street_point_id="123456789")
    request.request_id = request_id
    request.certificate_serial_number = "030D45"
    request.mykey_id = "MY123456"
    request.program_id = MUNICIPAL_PROGRAM
    request.points = 200
    request.shown_on.CopyFrom(Date(year=2026, month=7, day=1))
    return bytes(request.SerializeToString())


def has_booked(place: Place, count: int) -> bool:
    return len(place.booked()) == count


def leave_in_outbox(place: Place, method: str, *, abandoned: bool = False) -> Entry:
    """What the application writes before it sends anything: on 1 July at 00:07 in Japan."""
    request_id = new_request_id(1_782_864_000_000)
    request = request_of(method, request_id)
    begun = datetime(2026, 6, 30, 15, 7, tzinfo=UTC)
    entry = Entry(request_id, method, request, begun, abandoned, None)
    Outbox(place.outbox).put(entry)
    return entry


async def press_after_a_pause(counter: Counter, key: str) -> None:
    """A key, once the pause is over in which a screen takes none."""
    counter.ticks.seconds += 1
    await counter.press(key)


async def begin(place: Place, server: str) -> None:
    """Register the terminal, so that the next start is a later one."""
    async with counter_in_use(place, server):
        pass


async def book_behind(place: Place, server: str, entry: Entry) -> None:
    """Book a request as the run before did, whose answer was lost."""
    calls = Calls(server)
    fingerprint = place.rows("SELECT machine_fingerprint FROM terminal WHERE place_id = 1")[0][0]
    await calls.terminals.sign_in(TERMINAL, place.town.password, fingerprint)
    try:
        await calls.bookings(KINDS.paths).book(entry.method, entry.request)
    finally:
        await calls.close()


@pytest.mark.parametrize("method", ["Spend", "Merge"])
async def test_next_start_asks_before_it_books(place: Place, server: str, method: str) -> None:
    await begin(place, server)
    entry = leave_in_outbox(place, method)
    what = {"Spend": "ポイント利用", "Merge": "商店街ポイント合算"}[method]
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(ResumeScreen)
        await counter.read(*ASKED, what, "MY123456", "2026-07-01 00:07", entry.request_id)
        assert str(counter.app.screen.query_one("#large", Words).render()) == large_digits("200")
        assert place.outcomes() == []
        await press_after_a_pause(counter, "f3")
        await counter.reach(MergeDoneScreen if method == "Merge" else SpendDoneScreen)
        await counter.read(RESUMED, "200ポイント", "1,530ポイント")
        assert place.booked() == [(method.upper(), 200)]
        assert place.waiting() == []
        assert len(place.merge_files()) == (1 if method == "Merge" else 0)
        await counter.press(NEXT[method])
        await counter.reach(MenuScreen)
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(MenuScreen)
        assert RESUMED not in counter.text
    assert place.balance() == BALANCE - 200


@pytest.mark.parametrize("method", ["Spend", "Merge"])
async def test_next_start_says_what_was_booked_without_asking(
    place: Place, server: str, method: str
) -> None:
    await begin(place, server)
    await book_behind(place, server, leave_in_outbox(place, method))
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(MergeDoneScreen if method == "Merge" else SpendDoneScreen)
        await counter.read(BOOKED_BEFORE, "200ポイント", "1,530ポイント", "F8 レシート印字")
        assert len(place.merge_files()) == (1 if method == "Merge" else 0)
        assert place.waiting() == []
        await counter.press(NEXT[method])
        await counter.reach(MenuScreen)
    assert place.booked() == [(method.upper(), 200)]


async def test_giving_up_refuses_a_late_original(place: Place, server: str) -> None:
    await begin(place, server)
    entry = leave_in_outbox(place, "Spend")
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(ResumeScreen)
        await press_after_a_pause(counter, "f7")
        await counter.reach(HelpBox)
        await counter.read("前回の処理は記帳されていません。", "(OPERATION_ABANDONED)")
        await counter.read("MY123456", "200pt", "2026-07-01 00:07", entry.request_id)
        await counter.press("enter")
        await counter.reach(MenuScreen)
    assert place.outcomes() == ["ABANDONED"]
    with pytest.raises(RefusedError, match="取りやめ") as refused:
        await book_behind(place, server, entry)
    assert refused.value.reason == "OPERATION_ABANDONED"
    assert place.booked() == []
    assert place.waiting() == []


@pytest.mark.parametrize("key", ["f3", "f7"])
async def test_what_arrives_while_the_operator_thinks_is_booked_once(
    place: Place, server: str, key: str
) -> None:
    await begin(place, server)
    entry = leave_in_outbox(place, "Spend")
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(ResumeScreen)
        await book_behind(place, server, entry)
        await press_after_a_pause(counter, key)
        await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", 200)]
    assert place.waiting() == []


@pytest.mark.parametrize("keys", ["\r", "\r" * 5, "1\r", "2\r", " ", "\x1b", "y\r"])
async def test_no_key_of_habit_decides(place: Place, server: str, keys: str) -> None:
    await begin(place, server)
    leave_in_outbox(place, "Spend")
    names = {"\r": "enter", " ": "space", "\x1b": "escape"}
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(ResumeScreen)
        for key in keys:
            await press_after_a_pause(counter, names.get(key, key))
        await counter.scan("4901234567894")
        await counter.reach(ResumeScreen)
    assert place.outcomes() == []
    assert len(place.waiting()) == 1


async def test_leaving_keeps_the_request_for_the_next_start(place: Place, server: str) -> None:
    await begin(place, server)
    entry = leave_in_outbox(place, "Spend")
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(ResumeScreen)
        await counter.press("f10")
    assert place.outcomes() == []
    assert Outbox(place.outbox).entries() == [entry]


async def test_next_start_asks_about_every_request(place: Place, server: str) -> None:
    await begin(place, server)
    entries = [leave_in_outbox(place, method) for method in ("Spend", "Merge", "Spend")]
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        for count, entry in enumerate(sorted(entries, key=lambda one: one.request_id), 1):
            await counter.reach(ResumeScreen)
            await counter.read(entry.request_id)
            await press_after_a_pause(counter, "f3")
            await counter.until(partial(has_booked, place, count), "booking")
            await counter.read(RESUMED)
            await counter.press(NEXT[entry.method])
        await counter.reach(MenuScreen)
    assert place.balance() == BALANCE - 600
    assert place.waiting() == []


async def test_what_was_shown_on_another_day_is_settled_and_told(
    place: Place, server: str, clock: SettableClock
) -> None:
    """It could not be booked any more (USE-9), so there is nothing to ask."""
    await begin(place, server)
    entry = leave_in_outbox(place, "Spend")
    clock.advance(hours=24)
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(HelpBox)
        await counter.read("前回の処理は記帳されていません。", "(DAY_TURNED)", "前回の続き")
        await counter.read("MY123456", "200pt", "2026-07-01 00:07", entry.request_id)
        await counter.press("enter")
        await counter.reach(MenuScreen)
    assert place.booked() == []
    assert place.outcomes() == ["ABANDONED"]
    assert place.waiting() == []


async def test_what_was_booked_on_another_day_is_told(
    place: Place, server: str, clock: SettableClock
) -> None:
    await begin(place, server)
    await book_behind(place, server, leave_in_outbox(place, "Spend"))
    clock.advance(hours=24)
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(SpendDoneScreen)
        await counter.read(BOOKED_BEFORE)
    assert place.booked() == [("SPEND", 200)]


async def test_a_refusal_of_the_run_before_is_told_without_asking(
    place: Place, server: str, clock: SettableClock
) -> None:
    await begin(place, server)
    entry = leave_in_outbox(place, "Spend")
    clock.advance(hours=24)
    with pytest.raises(RefusedError):
        await book_behind(place, server, entry)
    clock.advance(hours=-24)
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(HelpBox)
        await counter.read("前回の処理は記帳されていません。", "日付が変わりました", "(DAY_TURNED)")
    assert place.outcomes() == ["REFUSED"]
    assert place.waiting() == []


async def test_a_request_of_a_kind_that_nobody_knows_is_left_alone(
    place: Place, server: str
) -> None:
    """It is not sent, not given up, and not taken for a spend."""
    await begin(place, server)
    entry = leave_in_outbox(place, "TransferPoints")
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(HelpBox)
        await counter.read("読めない処理記録があります。", entry.request_id[:20], "TransferPoints")
        await counter.press("enter")
        await counter.reach(MenuScreen)
    assert place.outcomes() == []
    assert Outbox(place.outbox).entries() == [entry]


@pytest.mark.parametrize("booked_before", [False, True])
async def test_next_start_settles_what_was_given_up(
    place: Place, server: str, booked_before: bool
) -> None:
    await begin(place, server)
    entry = leave_in_outbox(place, "Spend", abandoned=True)
    if booked_before:
        await book_behind(place, server, entry)
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        if booked_before:
            await counter.reach(SpendDoneScreen)
            await counter.read(BOOKED_BEFORE)
        else:
            await counter.reach(HelpBox)
            await counter.read("前回の処理は記帳されていません。", "(OPERATION_ABANDONED)")
    assert place.outcomes() == ["BOOKED" if booked_before else "ABANDONED"]
    assert place.booked() == ([("SPEND", 200)] if booked_before else [])
    assert place.waiting() == []


async def test_damaged_file_is_told_and_kept(place: Place, server: str) -> None:
    await begin(place, server)
    whole = leave_in_outbox(place, "Spend")
    damaged = place.outbox / f"{new_request_id(1)}.json"
    damaged.write_bytes(b'{"format": "jichipoint-outbox"')
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(ResumeScreen)
        await press_after_a_pause(counter, "f3")
        await counter.reach(SpendDoneScreen)
        await counter.press("enter")
        await counter.reach(HelpBox)
        await counter.read("読めない処理記録があります。", damaged.name[:20])
        await counter.press("enter")
        await counter.reach(MenuScreen)
    assert place.waiting() == [damaged]
    assert damaged.read_bytes() == b'{"format": "jichipoint-outbox"'
    assert place.booked() == [("SPEND", 200)]
    assert place.outcomes() == ["BOOKED"]
    assert whole.request_id != damaged.stem


@pytest.mark.parametrize("method", ["Spend", "Merge"])
async def test_killed_with_a_request_on_its_way(
    place_of_now: Place, server_process: ServerProcess, method: str
) -> None:
    """kill -9 of a real counter after the outbox was written; the next one finishes it."""
    place = place_of_now
    line = [sys.executable, "-m", "tests.end_to_end.until_killed", str(place.folder)]
    process = await asyncio.create_subprocess_exec(
        *line,
        server_process.address,
        method,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    server_process.kill()
    process.stdin.write(b"\n")
    assert await process.stdout.readline() == b"waiting\n"
    process.kill()
    await process.communicate()
    assert len(place.waiting()) == 1
    assert place.booked() == []

    await server_process.start()
    async with counter_at(place, server_process.address) as counter:
        await counter.sign_in()
        await counter.reach(ResumeScreen)
        await press_after_a_pause(counter, "f3")
        await counter.reach(MergeDoneScreen if method == "Merge" else SpendDoneScreen)
        await counter.read(RESUMED)
    assert place.booked() == [(method.upper(), 200)]
    assert place.outcomes() == ["BOOKED"]
    assert place.waiting() == []


async def test_killed_and_server_still_away(place_of_now: Place) -> None:
    """Nothing is concluded while there is no server: what was begun is not even asked about."""
    server = ServerProcess(place_of_now)
    await server.start()
    await begin(place_of_now, server.address)
    entry = leave_in_outbox(place_of_now, "Spend")
    server.kill()
    async with counter_at(place_of_now, server.address) as counter:
        await counter.sign_in()
        await counter.read("サーバーにつながりません。", "つながると、ログインの画面が開きます。")
        assert isinstance(counter.app.screen, MenuScreen)
    assert [path.stem for path in place_of_now.waiting()] == [entry.request_id]


async def test_outbox_that_cannot_be_written(place: Place, server: str) -> None:
    """Nothing is written, so nothing is sent."""
    async with counter_in_use(place, server) as counter:
        await counter.open_spending()
        await counter.check(500)
        with refusing(place.outbox, errno.EROFS):
            await counter.confirm()
            await counter.reach(SpendInputScreen)
            await counter.read(
                "処理の記録を保存できないため、送信しませんでした。", "(OUTBOX_NOT_WRITTEN)"
            )
        await counter.read("記帳されていません。")
        assert place.outcomes() == []
        assert place.booked() == []
        assert place.waiting() == []
        await counter.choose()
        await counter.check(500)
        await counter.confirm()
        await counter.reach(SpendDoneScreen)
        assert place.booked() == [("SPEND", 500)]


async def test_request_is_on_the_disk_before_it_is_sent(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = counter.app.session.server.book
    seen: list[list[Entry]] = []

    async def look(method: str, request: bytes) -> object:
        seen.append(Outbox(place.outbox).entries())
        assert seen[-1][0].request == request
        return await real(method, request)

    monkeypatch.setattr(counter.app.session.server, "book", look)
    await counter.open_spending()
    await counter.check(500)
    await counter.confirm()
    await counter.reach(SpendDoneScreen)
    assert [len(entries) for entries in seen] == [1]
    assert place.waiting() == []


@pytest.mark.parametrize("merging", [False, True])
async def test_disk_full_after_the_booking(
    place: Place, counter: Counter, monkeypatch: pytest.MonkeyPatch, merging: bool
) -> None:
    """What is booked is never called not booked, whatever the outbox says afterwards."""
    real = counter.app.session.server.book
    folder_of: Callable[[Path], None] = files.sync_folder

    def fail(folder: Path) -> None:
        if folder == place.outbox:
            raise OSError(28, "No space left on device")
        folder_of(folder)

    async def then_full(method: str, request: bytes) -> object:
        answer = await real(method, request)
        monkeypatch.setattr(files, "sync_folder", fail)
        return answer

    monkeypatch.setattr(counter.app.session.server, "book", then_full)
    await (counter.open_merging() if merging else counter.open_spending())
    await counter.check(500)
    await counter.confirm()
    await counter.reach(MergeDoneScreen if merging else SpendDoneScreen)
    assert "記帳されていません" not in counter.text
    assert place.booked() == [("MERGE" if merging else "SPEND", 500)]
