"""A counter whose clock is not the server's: told at sign-in, and counted in (VCH-8)."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from counter_tui.compose import build
from counter_tui.faces.shop.menus import MenuScreen, PointMenuScreen
from counter_tui.tasks.vouchers.redeem import RedeemScreen
from tests.end_to_end.support import (
    SIZE,
    TO_THE_POINTS,
    Counter,
    Place,
    SettableClock,
    Ticks,
    chamber_in_use,
    serving,
    start_server,
)
from tests.end_to_end.test_vouchers import UNCONFIRMED, issue


@asynccontextmanager
async def counter_off(
    place: Place, server: str, clock: Callable[[], datetime]
) -> AsyncIterator[Counter]:
    """The shop's counter with a clock of its own, registered, at the menu (S22)."""
    ticks = Ticks()
    app = build(place.settings(server), ticks, clock=clock)
    async with app.run_test(size=SIZE) as pilot:
        counter = Counter(place, app, pilot, ticks)
        await counter.register()
        await counter.reach(MenuScreen)
        yield counter
        await counter.settle()
    await app.session.calls.close()


@pytest.mark.parametrize(
    ("behind", "told"),
    [
        (timedelta(days=20), "サーバーより約20日遅れています。"),
        (timedelta(hours=-9), "サーバーより約9時間進んでいます。"),
        (timedelta(minutes=5), "サーバーより約5分遅れています。"),
        (timedelta(minutes=-119), "サーバーより約119分進んでいます。"),
    ],
)
async def test_a_difference_is_told_at_sign_in(
    place: Place, server: str, clock: SettableClock, behind: timedelta, told: str
) -> None:
    async with counter_off(place, server, lambda: clock.now() - behind) as counter:
        await counter.read(told, "時計を合わせてください。")


async def test_a_small_difference_is_not(place: Place, server: str, clock: SettableClock) -> None:
    near = lambda: clock.now() - timedelta(minutes=2)  # noqa: E731
    async with counter_off(place, server, near) as counter:
        assert "時計" not in counter.text


@pytest.mark.parametrize("behind", [timedelta(days=20), timedelta(days=-20), timedelta()])
@pytest.mark.parametrize("days_later", [29, 31], ids=["good", "lapsed"])
async def test_without_network_a_voucher_is_judged_by_the_servers_clock(
    place: Place, clock: SettableClock, behind: timedelta, days_later: int
) -> None:
    async with serving(place, clock) as address, chamber_in_use(place, address) as chamber:
        await issue(chamber, 100)
    (code,) = place.codes()
    clock.advance(days=days_later - 1)
    running = await start_server(place, clock)
    server = f"127.0.0.1:{running.port}"
    async with counter_off(place, server, lambda: clock.now().astimezone(UTC) - behind) as counter:
        await counter.press(*TO_THE_POINTS)
        await counter.reach(PointMenuScreen)
        await counter.press("2")
        await counter.reach(RedeemScreen)
        await running.stop(grace_seconds=0)
        await counter.read("× 切断")
        clock.advance(days=1)
        await counter.scan(code)
        await counter.read("未確定(サーバーで未確認)")
        await counter.confirm()
        await counter.read(UNCONFIRMED if days_later <= 30 else "有効期間が過ぎています。")
