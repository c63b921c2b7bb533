"""Points whose time of being held is over go back by themselves."""

from datetime import timedelta

from server.jobs.holds import release_expired_holds
from server.ledger.booker import Booker
from server.upkeep.verify import verify
from tests.server.jobs.test_nightly import workshop
from tests.server.support import (
    CARD_A,
    MYKEY,
    Town,
    capture_command,
    grant_command,
    granted,
    hold_command,
    refused,
)

A = MYKEY[CARD_A]


async def test_expired_holds_are_released_and_others_stay(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 1000))
    short = hold_command(A, 300, timeout=timedelta(minutes=1))
    long = hold_command(A, 200, timeout=timedelta(minutes=10))
    captured = hold_command(A, 100, timeout=timedelta(minutes=1))
    first, _, third = granted(booker, short, long, captured)
    granted(booker, capture_command(third, 100))
    async with workshop(town) as shop:
        assert await release_expired_holds(shop) == 0
        town.clock.advance(minutes=1)
        assert await release_expired_holds(shop) == 1
        assert await release_expired_holds(shop) == 0
    assert town.balance(CARD_A) == 700
    assert refused(booker, capture_command(first, 1))[0] == "HOLD_SETTLED"
    assert town.rows("SELECT count(*) FROM hold WHERE is_open") == [(1,)]
    assert verify(town.database).fault is None


async def test_more_than_fit_one_round_are_all_released(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 1000))
    holds = [hold_command(A, 1, timeout=timedelta(seconds=1)) for _ in range(130)]
    granted(booker, *holds)
    town.clock.advance(seconds=1)
    async with workshop(town) as shop:
        assert await release_expired_holds(shop) == 100
        assert await release_expired_holds(shop) == 30
    assert town.balance(CARD_A) == 1000
