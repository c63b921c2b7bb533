"""The server seals by itself, beside the bookings (LED-6)."""

import asyncio

from server.audit.storing import store_events
from server.audit.values import Event
from server.clock import Moment
from server.jobs.sealing import TRANSACTIONS_AT_ONCE, seal_all
from server.ledger.booker import Booker
from server.upkeep.verify import verify
from tests.server.jobs.test_nightly import workshop
from tests.server.support import CARD_A, Town, grant_command, granted

LONG = 30.0


async def test_all_that_was_booked_is_sealed(town: Town, booker: Booker) -> None:
    for _ in range(5):
        granted(booker, *(grant_command(CARD_A, 1) for _ in range(100)))
    async with workshop(town) as shop:
        assert await seal_all(shop) == 2
        assert await seal_all(shop) == 0
        granted(booker, grant_command(CARD_A, 1))
        assert await seal_all(shop) == 1
    blocks = town.rows(
        "SELECT first_transaction_id, last_transaction_id FROM seal ORDER BY first_transaction_id"
    )
    assert blocks == [(1, TRANSACTIONS_AT_ONCE), (TRANSACTIONS_AT_ONCE + 1, 500), (501, 501)]
    assert verify(town.database).fault is None


async def test_an_empty_ledger_has_nothing_to_seal(town: Town) -> None:
    async with workshop(town) as shop:
        assert await seal_all(shop) == 0


async def test_sealing_goes_on_beside_bookings_and_other_processes(town: Town) -> None:
    async with workshop(town, "one") as one, workshop(town, "two") as two:
        for _ in range(4):
            await asyncio.gather(
                *(one.writer.book(grant_command(CARD_A, 1), LONG) for _ in range(50)),
                *(two.writer.book(grant_command(CARD_A, 1), LONG) for _ in range(50)),
                seal_all(one),
                seal_all(two),
            )
        town.clock.advance(minutes=3)
        await seal_all(one)
    assert town.rows("SELECT CAST(sum(transactions) AS BIGINT) FROM seal") == [(400,)]
    assert verify(town.database).fault is None


async def test_the_trail_is_sealed_beside_and_named_by_the_ledger(town: Town) -> None:
    now = Moment.of(town.clock.now()).microseconds
    event = Event(now, "terminal:10000001", "", "", "", "A/B", "OK", "", "")
    async with workshop(town, "one") as one, workshop(town, "two") as two:
        for _ in range(6):
            await asyncio.gather(
                one.writer.run(lambda database: store_events(database, [event] * 300)),
                two.writer.run(lambda database: store_events(database, [event] * 300)),
                one.writer.book(grant_command(CARD_A, 1), LONG),
                seal_all(one),
                seal_all(two),
            )
        town.clock.advance(minutes=11)
        await one.writer.book(grant_command(CARD_A, 1), LONG)
        await seal_all(one)
    found = verify(town.database)
    assert (found.events, found.events_sealed, found.fault) == (3600, 3600, None)
    ((named,),) = town.rows(
        "SELECT audit_hash FROM seal ORDER BY first_transaction_id DESC LIMIT 1"
    )
    assert town.rows("SELECT hash FROM audit_seal ORDER BY first_event_id DESC LIMIT 1") == [
        (named,)
    ]
