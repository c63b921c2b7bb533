"""A backup while counters book: every booking answered before it began is in it (OPS-3)."""

import asyncio
from pathlib import Path

from server.chance import SystemChance
from server.clock import SystemClock
from server.db.engine import open_database
from server.serving.opening import open_ledger
from server.upkeep.backing_up import back_up, restore
from server.upkeep.verify import verify
from tests.engines import TestEngine
from tests.integration.conftest import Connect, Service, connecting
from tests.integration.support import spend_request
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    COUNTER,
    COUNTER_2,
    MASTER_KEY,
    MYKEY,
    POINT_USE,
    Town,
    grant_command,
    granted,
)

CARDS = {COUNTER: CARD_A, COUNTER_2: CARD_B, POINT_USE: CARD_E}
BEFORE, AFTER = 30, 10


async def test_what_was_answered_before_is_in_it(
    service: Service, connect: Connect, engine: TestEngine, tmp_path: Path
) -> None:
    town = service.town
    with town.booker() as booker:
        granted(booker, *(grant_command(card, 100_000) for card in CARDS.values()))
    answered: list[str] = []
    may_stop = asyncio.Event()

    async def keep_spending(terminal_id: str, card: str) -> None:
        client = await connect(terminal_id)
        while not may_stop.is_set():
            answer = await client.spend(spend_request(card, points=1))
            answered.append(answer.transaction_number)

    spending = [asyncio.create_task(keep_spending(*one)) for one in CARDS.items()]
    await reached(answered, BEFORE)
    told_before = list(answered)
    folder = tmp_path / "backups"
    folder.mkdir()
    reader = open_database(town.url)
    written = await asyncio.to_thread(back_up, reader, folder, town.clock.now(), None)
    await reached(answered, len(answered) + AFTER)
    may_stop.set()
    await asyncio.gather(*spending)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with engine.database(elsewhere) as url:
        restore(url, written.file, lambda _: None)
        restored = Town(url, town.clock, town.chance)
        found = verify(restored.database)
        assert found.fault is None
        numbers = "SELECT transaction_number FROM ledger_transaction"
        there = {number for (number,) in restored.rows(numbers)}
        assert set(told_before) <= there
        assert there <= {number for (number,) in town.rows(numbers)}
        await serves_on(restored, there)


async def reached(answered: list[str], count: int) -> None:
    async with asyncio.timeout(60):
        while len(answered) < count:  # noqa: ASYNC110 -- what is waited for are answers
            await asyncio.sleep(0.005)


async def serves_on(restored: Town, there: set[str]) -> None:
    """A server on the restored ledger goes on with new numbers; what was booked is repeated."""
    ledger = open_ledger(restored.url, MASTER_KEY, SystemClock(), SystemChance())
    service = Service(restored)
    restored.vault = ledger.vault
    await service.start()
    try:
        async with connecting(service) as connect:
            client = await connect(COUNTER)
            answer = await client.spend(spend_request(CARD_A, points=1))
            assert answer.transaction_number not in there
            assert answer.mykey_id == MYKEY[CARD_A]
    finally:
        await service.stop()
    assert verify(restored.database).fault is None
