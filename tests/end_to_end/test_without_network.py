"""A counter that is started without network: it takes vouchers as far as it was told (VCH-8)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from counter_tui.compose import build
from counter_tui.faces.shop.menus import MenuScreen, PointMenuScreen
from counter_tui.tasks.day.day import DayScreen
from counter_tui.tasks.terminal.contact import ContactScreen
from counter_tui.tasks.terminal.sign_in import SignInScreen
from counter_tui.tasks.vouchers.redeem import RedeemScreen
from server.serving.app import RunningServer
from server.upkeep.demo_data import TERMINAL
from tests.end_to_end.support import (
    SIZE,
    TO_THE_POINTS,
    Counter,
    Place,
    SettableClock,
    Ticks,
    chamber_in_use,
    start_server,
)
from tests.end_to_end.test_vouchers import UNCONFIRMED, issue

NOT_OPENED = "端末パスワードが違うか、この機械の記録が壊れています。"
ONLY_VOUCHERS = "ポイント券消込だけを「未確定」で受け付けられます。"
OVER = "受け付けられるのは2026-07-08まででし"


class Town:
    """The town's server, which comes and goes at one address; and its counter's clock."""

    def __init__(self, place: Place, clock: SettableClock) -> None:
        self.place, self.clock = place, clock
        self.behind = timedelta()
        """By how much the counter's clock is behind."""
        self._port = 0
        self._running: RunningServer | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def serve(self) -> None:
        self._running = await start_server(self.place, self.clock, self._port)
        self._port = self._running.port

    async def go_away(self) -> None:
        if self._running is not None:
            await self._running.stop(grace_seconds=0)
            self._running = None

    def counters_time(self) -> datetime:
        return self.clock.now().astimezone(UTC) - self.behind

    @asynccontextmanager
    async def counter(self) -> AsyncIterator[Counter]:
        """The shop's counter, started."""
        ticks = Ticks()
        app = build(self.place.settings(self.address), ticks, clock=self.counters_time)
        async with app.run_test(size=SIZE) as pilot:
            counter = Counter(self.place, app, pilot, ticks)
            yield counter
            await counter.settle()
        await app.session.calls.close()

    @property
    def kept(self) -> Path:
        return self.place.state / "voucher-trust" / f"{TERMINAL}.json"


@pytest.fixture
async def town(place: Place, clock: SettableClock) -> AsyncIterator[Town]:
    """A town in which a voucher of 100 points is issued."""
    town = Town(place, clock)
    await town.serve()
    async with chamber_in_use(place, town.address) as chamber:
        await issue(chamber, 100)
    yield town
    await town.go_away()


async def registered(town: Town) -> None:
    """Register the counter, and end it once it has kept what it was told."""
    async with town.counter() as counter:
        await counter.register()
        await counter.reach(MenuScreen)
        await counter.until(town.kept.exists, "file")


async def sign_in_without_network(counter: Counter) -> None:
    await counter.sign_in()
    await counter.reach(MenuScreen)
    await counter.read(ONLY_VOUCHERS)


async def to_redeeming(counter: Counter) -> None:
    await counter.press(*TO_THE_POINTS)
    await counter.reach(PointMenuScreen)
    await counter.press("2")
    await counter.reach(RedeemScreen)


async def scan(counter: Counter, town: Town) -> None:
    (code,) = town.place.codes()
    await counter.scan(code)


async def test_a_restart_without_network_takes_vouchers_and_sends_them(town: Town) -> None:
    await registered(town)
    await town.go_away()
    async with town.counter() as counter:
        await sign_in_without_network(counter)
        await to_redeeming(counter)
        await scan(counter, town)
        await counter.read("未確定(サーバーで未確認)", "100pt")
        await counter.confirm()
        await counter.read(UNCONFIRMED, "未確定 1枚 100pt")
    assert "REDEEM" not in town.place.kinds()
    async with town.counter() as counter:
        await sign_in_without_network(counter)
        await counter.read("未確定 1枚 100pt")
        await to_redeeming(counter)
        await town.serve()
        await counter.reach(SignInScreen)
        await counter.read("サーバーにつながりました。")
        await counter.sign_in()
        await counter.until(lambda: "REDEEM" in town.place.kinds(), "redemption")
        await counter.reach(RedeemScreen)
        await counter.until(lambda: "未確定" not in counter.text, "empty queue")
        await counter.press("escape", "escape")
        await counter.reach(MenuScreen)
        assert ONLY_VOUCHERS not in counter.text
    assert town.place.kinds().count("REDEEM") == 1


@pytest.mark.parametrize("days_later", [7, 8], ids=["last day", "day after"])
async def test_what_was_told_holds_for_seven_days(town: Town, days_later: int) -> None:
    await registered(town)
    await town.go_away()
    town.clock.advance(days=days_later)
    async with town.counter() as counter:
        if days_later == 8:
            await counter.sign_in()
            await counter.read(OVER)
            assert isinstance(counter.app.screen, SignInScreen)
            return
        await sign_in_without_network(counter)
        await to_redeeming(counter)
        await scan(counter, town)
        await counter.read("未確定(サーバーで未確認)")
        town.clock.advance(days=1)
        await counter.confirm()
        await counter.read(OVER)
        await scan(counter, town)
        await counter.read(OVER)
        assert "未確定 1枚" not in counter.text


async def test_a_session_too_believes_no_longer_what_is_old(town: Town) -> None:
    async with town.counter() as counter:
        await counter.register()
        await counter.reach(MenuScreen)
        await to_redeeming(counter)
        await town.go_away()
        await counter.read("× 切断")
        town.clock.advance(days=8)
        await scan(counter, town)
        await counter.read(OVER)


@pytest.mark.parametrize("hours", [-1, -24 * 30])
async def test_a_clock_that_was_set_back_is_not_believed(town: Town, hours: int) -> None:
    await registered(town)
    await town.go_away()
    town.clock.advance(hours=hours)
    async with town.counter() as counter:
        await counter.sign_in()
        await counter.read(OVER)


async def test_a_clock_that_is_behind_is_counted_in_after_a_restart(town: Town) -> None:
    town.behind = timedelta(days=20)
    await registered(town)
    await town.go_away()
    town.clock.advance(days=8)
    async with town.counter() as counter:
        await counter.sign_in()
        await counter.read(OVER)


async def test_another_password_and_a_changed_file_open_nothing(town: Town) -> None:
    await registered(town)
    await town.go_away()
    async with town.counter() as counter:
        await counter.reach(SignInScreen)
        await counter.type("demo-4321")
        await counter.press("enter")
        await counter.read(NOT_OPENED, "(UNAVAILABLE)")
    content = town.kept.read_bytes()
    town.kept.write_bytes(content.replace(b'"sealed": "', b'"sealed": "AAAA'))
    async with town.counter() as counter:
        await counter.sign_in()
        await counter.read(NOT_OPENED)


async def test_without_a_file_nothing_begins(town: Town) -> None:
    await registered(town)
    await town.go_away()
    town.kept.unlink()
    async with town.counter() as counter:
        await counter.sign_in()
        await counter.read("サーバーから返事がありません。", "(UNAVAILABLE)")
        assert isinstance(counter.app.screen, SignInScreen)


async def test_training_is_not_begun_without_network(town: Town) -> None:
    await registered(town)
    await town.go_away()
    async with town.counter() as counter:
        await counter.reach(SignInScreen)
        await counter.type(town.place.town.password)
        await counter.press("f4")
        await counter.read("サーバーから返事がありません。", "(UNAVAILABLE)")


async def test_where_the_municipality_lets_none_be_taken_nothing_is_kept(
    town: Town, place: Place
) -> None:
    await registered(town)
    await town.go_away()
    place.change("UPDATE municipality SET offline_vouchers_max = 0")
    await town.serve()
    async with town.counter() as counter:
        await counter.sign_in()
        await counter.reach(MenuScreen)
        await counter.until(lambda: not town.kept.exists(), "file gone")


async def test_a_contact_that_is_missing_is_asked_for_once_there_is_a_session(
    town: Town, place: Place
) -> None:
    await registered(town)
    place.change("DELETE FROM terminal_contact WHERE terminal_id = ?", TERMINAL)
    await town.go_away()
    async with town.counter() as counter:
        await sign_in_without_network(counter)
        await town.serve()
        await counter.sign_in()
        await counter.reach(ContactScreen)


async def test_the_last_day_is_told_wherever_the_queue_is(town: Town) -> None:
    await registered(town)
    town.clock.advance(days=29)
    await registered_again(town)
    await town.go_away()
    warning = "本日が有効期限の券が1枚あります。"
    async with town.counter() as counter:
        await sign_in_without_network(counter)
        await to_redeeming(counter)
        await scan(counter, town)
        await counter.confirm()
        await counter.read("未確定 1枚 100pt")
        assert warning not in counter.text
        town.clock.advance(days=1)
        for screen in (PointMenuScreen, MenuScreen):
            await counter.press("escape")
            await counter.reach(screen)
            await counter.read("未確定 1枚 100pt", warning)
        await counter.press("7", "4")
        await counter.reach(DayScreen)
        await counter.read("未確定 1枚 100pt", warning)


async def registered_again(town: Town) -> None:
    """Sign the counter in once more, until it has kept what it was told this time."""
    before = town.kept.read_bytes()
    async with town.counter() as counter:
        await counter.sign_in()
        await counter.reach(MenuScreen)
        await counter.until(lambda: town.kept.read_bytes() != before, "newer file")
