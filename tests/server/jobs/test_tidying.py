"""Sessions that ended long ago are removed, and no others (OPS-3)."""

from datetime import timedelta

from server.callers.sign_in import SESSION_LIFETIME, new_session
from server.clock import Moment
from server.jobs.leases import Job
from server.jobs.tidying import AT_ONCE, tidy_up
from tests.server.jobs.test_nightly import workshop
from tests.server.support import COUNTER, Town


async def test_old_sessions_go_and_new_ones_stay(town: Town) -> None:
    now = Moment.of(town.clock.now()).microseconds
    with town.database.connection_context(), town.database.atomic():
        for _ in range(AT_ONCE + 1):
            new_session(town.database, COUNTER, now, town.chance)
    town.clock.advance(seconds=(SESSION_LIFETIME + timedelta(days=30)).total_seconds())
    async with workshop(town) as shop:
        assert await tidy_up(shop) == 0, "they are kept for thirty days"
        town.clock.advance(seconds=1)
        young = Moment.of(town.clock.now()).microseconds
        with town.database.connection_context():
            kept = new_session(town.database, COUNTER, young, town.chance)
        assert await tidy_up(shop) == AT_ONCE + 1
    assert town.rows("SELECT token_hash FROM session") == [(kept.token_hash,)]
    assert town.rows("SELECT holder, held_until FROM job WHERE name = 'tidying'")[0][1] == 0


async def test_one_process_tidies_for_all(town: Town) -> None:
    async with workshop(town, "one") as one, workshop(town, "two") as two:
        assert await one.claim(Job.TIDYING)
        assert await tidy_up(two) == 0
