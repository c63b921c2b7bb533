"""A server that goes away in the middle of a booking (USE-5)."""

from collections.abc import AsyncIterator

import pytest

from counter_tui.calls import liveness
from counter_tui.tasks.booking.working import WorkingScreen
from counter_tui.tasks.points.merge import MergeDoneScreen
from counter_tui.tasks.points.spend import SpendDoneScreen, SpendInputScreen
from tests.end_to_end.support import (
    BALANCE,
    SAKURAI,
    Counter,
    Place,
    ServerProcess,
    Wire,
    counter_in_use,
)

WAITING = ("サーバーから返事がありません。", "二重に記帳されることはありません。", "F7 取りやめ")


@pytest.fixture
async def wire(server_process: ServerProcess) -> AsyncIterator[Wire]:
    wire = Wire(server_process.port)
    await wire.plug_in()
    yield wire
    await wire.unplug()


async def test_killed_between_confirmation_and_booking(
    place_of_now: Place, server_process: ServerProcess
) -> None:
    place = place_of_now
    async with counter_in_use(place, server_process.address) as counter:
        await counter.open_merging()
        await counter.check(200)
        server_process.kill()
        await counter.confirm()
        await counter.read(*WAITING, "(UNAVAILABLE)")
        await counter.press("enter", "escape", "f10", "f9")
        assert isinstance(counter.app.screen, WorkingScreen)
        assert place.booked() == []
        assert len(place.waiting()) == 1

        await server_process.start()
        await counter.reach(MergeDoneScreen)
        await counter.read("引き渡し済み", "● 接続中")
        assert place.booked() == [("MERGE", 200)]
        assert place.balance() == BALANCE - 200
        assert place.waiting() == []
        assert len(place.merge_files()) == 1


async def test_given_up_while_the_server_is_away(
    place_of_now: Place, server_process: ServerProcess
) -> None:
    place = place_of_now
    async with counter_in_use(place, server_process.address) as counter:
        await counter.open_spending()
        await counter.check(500)
        server_process.kill()
        await counter.confirm()
        await counter.read(*WAITING)
        await counter.press("f7")
        await counter.read("取りやめを確定するため、サーバーにつながるのを待っています。")
        assert "F7" not in counter.text
        assert len(place.waiting()) == 1

        await server_process.start()
        await counter.reach(SpendInputScreen)
        await counter.read("処理を取りやめました。 記帳されていません。", "(OPERATION_ABANDONED)")
        assert place.outcomes() == ["ABANDONED"]
        assert place.booked() == []
        assert place.balance() == BALANCE
        assert place.waiting() == []


async def _book_without_answer(counter: Counter, place: Place, wire: Wire) -> None:
    await counter.open_spending()
    await counter.check(500)
    wire.loses_answers = True
    await counter.confirm()
    await counter.until(lambda: bool(place.booked()), "booking in the ledger")
    assert isinstance(counter.app.screen, WorkingScreen)


async def test_killed_between_booking_and_answer(
    place_of_now: Place, server_process: ServerProcess, wire: Wire
) -> None:
    place = place_of_now
    async with counter_in_use(place, wire.address) as counter:
        await _book_without_answer(counter, place, wire)
        server_process.kill()
        await counter.read(*WAITING)
        wire.loses_answers = False
        await server_process.start()
        await counter.reach(SpendDoneScreen)
        await counter.read("500ポイント", "1,230ポイント")
        assert place.booked() == [("SPEND", 500)]
        assert place.outcomes() == ["BOOKED"]
        assert place.waiting() == []


async def test_given_up_what_was_booked_already(
    place_of_now: Place, server_process: ServerProcess, wire: Wire
) -> None:
    """The operator gives up, but it is booked: the done screen says so."""
    place = place_of_now
    async with counter_in_use(place, wire.address) as counter:
        await _book_without_answer(counter, place, wire)
        server_process.kill()
        await counter.read(*WAITING)
        wire.loses_answers = False
        await counter.press("f7")
        await counter.read("取りやめを確定")
        await server_process.start()
        await counter.reach(SpendDoneScreen)
        await counter.read("500ポイント", "1,230ポイント")
        assert place.booked() == [("SPEND", 500)]
        assert place.waiting() == []


async def test_server_ends_and_returns_between_two_citizens(
    place_of_now: Place, server_process: ServerProcess
) -> None:
    place = place_of_now
    async with counter_in_use(place, server_process.address) as counter:
        await counter.open_spending()
        server_process.stop()
        await counter.read("× 切断")
        await counter.press("f5")
        await counter.read("(UNAVAILABLE)", "カード読取 [F5] でもう一度読み取れます。")
        assert "MY123456" not in counter.text
        await server_process.start()
        await counter.read("● 接続中")
        await counter.press("f5")
        await counter.read("MY123456", "1,730pt")
        assert place.booked() == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHECK_SECONDS", "SELDOM_SECONDS", "AGAIN_SECONDS"):
        monkeypatch.setattr(liveness, name, 0.05)
    monkeypatch.setattr(liveness, "ANSWER_SECONDS", 0.5)


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_hangs_is_not_shown_as_connected(
    place_of_now: Place, server_process: ServerProcess
) -> None:
    async with counter_in_use(place_of_now, server_process.address) as counter:
        await counter.read("● 接続中")
        server_process.hang()
        await counter.read("× 切断")
        server_process.go_on()
        await counter.read("● 接続中")


async def test_a_call_without_an_answer_is_doubt(
    place_of_now: Place, server_process: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nobody waits for the next check."""
    monkeypatch.setattr(liveness, "CHECK_SECONDS", 600.0)
    monkeypatch.setattr(liveness, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr("counter_tui.calls.points.READ_SECONDS", 0.5)
    async with counter_in_use(place_of_now, server_process.address) as counter:
        server_process.hang()
        await counter.press("1")
        await counter.reach(SpendInputScreen)
        counter.reader.insert(SAKURAI)
        await counter.read("(DEADLINE_EXCEEDED)", "× 切断")
        server_process.go_on()
        await counter.read("● 接続中")
