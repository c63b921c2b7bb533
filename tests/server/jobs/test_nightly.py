"""The nightly run books what has lapsed: once, though stopped, repeated, or tried by several."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from server.clock import Moment, for_people
from server.jobs import nightly
from server.jobs.guard import DayGuard
from server.jobs.holds import release_expired_holds
from server.jobs.leases import Job
from server.jobs.nightly import run_nightly
from server.jobs.workshop import Workshop
from server.ledger.booker import Booker
from server.ledger.writer import Writer
from server.serving.bookers import open_booker
from server.serving.loaders import LOADERS
from server.threads.readers import Readers
from server.timekeeping.values import HeldBack, Why
from server.upkeep.verify import verify
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    EVENT,
    MUNICIPAL,
    Town,
    booked,
    grant_command,
    granted,
    hold_command,
    spend_command,
)

RETAINED = "00000000"
LONG = timedelta(days=366)
QUIET = timedelta(hours=36)


@asynccontextmanager
async def workshop(
    town: Town, holder: str = "one", quiet: timedelta = LONG
) -> AsyncIterator[Workshop]:
    """A process's jobs, as the server has them, on a ledger that may be quiet for long."""
    writer = Writer(town.database, lambda database: open_booker(database, town.clock))
    readers = Readers(town.database, LOADERS)
    try:
        yield Workshop(writer, readers, town.clock, town.chance, holder, DayGuard(quiet))
    finally:
        await writer.stop()
        readers.stop()


@pytest.fixture
def filled(town: Town, booker: Booker) -> Town:
    """Three cards with lots that end on 30 August, and later ones; a hold; retained points."""
    granted(
        booker,
        grant_command(CARD_A, 100),
        grant_command(CARD_B, 200),
        grant_command(CARD_E, 300),
        grant_command(CARD_A, 50, EVENT),
        grant_command(CARD_A, 70, RETAINED),
    )
    town.clock.advance(days=1)
    granted(booker, grant_command(CARD_A, 1000))
    booked(booker, spend_command(CARD_B, 200, day=town.clock.today))
    return town


def lapsed(town: Town) -> dict[str, int]:
    """What has been booked as lapsed, by program."""
    return dict(
        town.rows(
            """SELECT a.program_id, CAST(sum(e.points) AS BIGINT) FROM entry e
            JOIN account a USING (account_id) WHERE a.kind = 'LAPSED' GROUP BY a.program_id"""
        )
    )


async def run(town: Town, holder: str = "one") -> int | None:
    async with workshop(town, holder) as shop:
        ran = await run_nightly(shop)
        return ran.accounts if ran else None


async def test_nothing_lapses_on_the_last_good_day(filled: Town) -> None:
    filled.clock.advance(days=44)
    assert await run(filled) == 0
    assert lapsed(filled) == {}


async def test_event_points_lapse_after_the_event(filled: Town) -> None:
    filled.clock.advance(days=45)
    assert await run(filled) == 1
    assert lapsed(filled) == {EVENT: 50}


async def test_all_that_has_lapsed_is_booked_and_nothing_else(filled: Town) -> None:
    filled.clock.advance(days=60)
    assert filled.clock.today.isoformat() == "2026-08-31"
    assert await run(filled) == 3
    assert lapsed(filled) == {MUNICIPAL: 400, EVENT: 50}
    assert filled.balance(CARD_A) == 1000
    assert filled.balance(CARD_A, RETAINED) == 70, "retained points are moved, and never lapse"
    assert verify(filled.database).fault is None


async def test_it_is_done_once_a_day(filled: Town) -> None:
    filled.clock.advance(days=60)
    assert await run(filled) == 3
    assert await run(filled) is None
    assert await run(filled, "other") is None
    filled.clock.advance(days=1)
    assert await run(filled) == 1, "the lot of the next day"


async def test_it_does_not_matter_how_many_nights_were_missed(filled: Town) -> None:
    filled.clock.advance(days=60)
    assert await run(filled) == 3
    filled.clock.advance(days=200)
    assert await run(filled) == 1
    assert lapsed(filled) == {MUNICIPAL: 1400, EVENT: 50}


async def test_stopped_in_the_middle_it_goes_on(
    filled: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.clock.advance(days=60)
    monkeypatch.setattr(nightly, "AT_ONCE", 1)
    first_booked = asyncio.Event()
    book = Workshop.book

    async def book_and_tell(self: Workshop, commands: object) -> int:
        booked_now = await book(self, commands)  # type: ignore[arg-type]
        first_booked.set()
        await asyncio.sleep(0)
        return booked_now

    monkeypatch.setattr(Workshop, "book", book_and_tell)
    async with workshop(filled) as shop:
        running = asyncio.create_task(run_nightly(shop))
        await first_booked.wait()
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()
    some = sum(lapsed(filled).values())
    assert 0 < some < 450
    assert await run(filled, "other") is None, "the lease of the one that was stopped still holds"
    filled.clock.advance(minutes=3)
    assert await run(filled, "other") == 3, "what was booked before counts too"
    assert lapsed(filled) == {MUNICIPAL: 400, EVENT: 50}
    assert verify(filled.database).fault is None


async def test_of_several_that_try_at_once_one_does_it(filled: Town) -> None:
    filled.clock.advance(days=60)
    ran = await asyncio.gather(*(run(filled, f"process {number}") for number in range(4)))
    assert sum(one is not None for one in ran) == 1
    assert lapsed(filled) == {MUNICIPAL: 400, EVENT: 50}
    assert len(filled.rows("SELECT 1 FROM ledger_transaction WHERE kind = 'LAPSE'")) == 3


async def test_held_points_do_not_lapse_while_they_are_held(filled: Town, booker: Booker) -> None:
    granted(booker, hold_command("EEEE5555", 300))
    filled.clock.advance(days=60)
    await run(filled)
    assert lapsed(filled) == {MUNICIPAL: 100, EVENT: 50}


async def test_a_clock_that_runs_ahead_lapses_nothing(
    filled: Town, booker: Booker, caplog: pytest.LogCaptureFixture
) -> None:
    async with workshop(filled, quiet=QUIET) as shop:
        assert await run_nightly(shop) is not None
        filled.clock.advance(days=70)
        assert await run_nightly(shop) is None
        granted(booker, grant_command(CARD_A, 1))
        assert await run_nightly(shop) is None, "its own bookings are no sign of life"
    assert lapsed(filled) == {}
    (error,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert "held back (AHEAD): the clock says 2026-09-10 12:00:00, but the last" in error.message
    assert "It would book 1,450 points as lapsed, of 3 accounts and 0 vouchers in 2" in (
        error.message
    )


async def test_a_ledger_without_bookings_has_no_runs(town: Town) -> None:
    async with workshop(town, quiet=QUIET) as shop:
        assert await run_nightly(shop) is None
    assert town.rows("SELECT count(*) FROM day_note") == [(0,)]


async def test_holds_are_not_released_by_a_clock_that_runs_ahead(
    filled: Town, booker: Booker
) -> None:
    granted(booker, hold_command("EEEE5555", 300, timeout=timedelta(minutes=1)))
    filled.clock.advance(days=70)
    async with workshop(filled, quiet=QUIET) as shop:
        assert await release_expired_holds(shop) == 0
        filled.clock.advance(days=-70, minutes=1)
        assert await release_expired_holds(shop) == 1
    assert filled.balance(CARD_E) == 300


async def test_a_quiet_town_s_own_nightly_runs_are_signs_of_life(
    filled: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with workshop(filled, quiet=QUIET) as shop:
        for _ in range(61):
            ran = await run_nightly(shop)
            assert ran is not None
            filled.clock.advance(days=1)
    assert lapsed(filled) == {MUNICIPAL: 400, EVENT: 50}
    lines = [one.message for one in caplog.records if "the nightly run for" in one.message]
    assert len(lines) == 61, "also where it did nothing"
    assert lines[-1] == (
        "the nightly run for 2026-08-31 has booked 400 points as lapsed, "
        "of 2 accounts and 0 vouchers in 1 program"
    )
    assert len(filled.rows("SELECT 1 FROM day_note WHERE kind = 'RAN'")) == 61


async def test_a_clock_that_jumps_in_the_middle_of_a_run_takes_nothing(
    filled: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.clock.advance(days=45)
    book = Workshop.book

    async def jump_and_book(self: Workshop, commands: object) -> int:
        filled.clock.advance(days=70)
        return await book(self, commands)  # type: ignore[arg-type]

    monkeypatch.setattr(Workshop, "book", jump_and_book)
    async with workshop(filled) as shop:
        ran = await run_nightly(shop)
    assert lapsed(filled) == {EVENT: 50}
    assert ran is not None
    assert str(ran.day) == "2026-08-16"
    assert for_people(ran.noted_at).startswith("2026-08-16"), "no sign of life of the wrong day"


async def test_a_lease_of_a_clock_that_ran_ahead_holds_nobody_up(filled: Town) -> None:
    filled.clock.advance(days=70)
    async with workshop(filled, "one") as one:
        assert await one.claim(Job.NIGHTLY_RUN)
    filled.clock.advance(days=-70)
    assert await run(filled, "other") == 0


async def test_a_process_with_another_clock_than_the_database_acts_on_no_day(
    filled: Town, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[HeldBack | None] = []
    there = Moment.of(filled.clock.now() - timedelta(seconds=6)).microseconds
    async with workshop(filled) as shop:
        guard = DayGuard(LONG, lambda _database: there, seen.append)
        ahead = replace(shop, guard=guard)
        assert await run_nightly(ahead) is None
        assert await run_nightly(ahead) is None
        filled.clock.advance(seconds=-2)
        assert await run_nightly(ahead) is not None
    assert [one and one.why for one in seen] == [Why.APART, Why.APART, None]
    told = [one.message for one in caplog.records if one.levelname in ("ERROR", "WARNING")]
    assert len(told) == 2
    assert "held back (APART): this machine's clock is 0:00:06 ahead of" in told[0]
    assert told[1] == "what acts by the day goes on again"
