"""Sessions as calls find them: cached for a few seconds, then read again (TRM-5)."""

from collections.abc import AsyncIterator

import pytest

from server.clock import Moment
from server.db.queries import change
from server.ledger.engines import open_reader
from server.ledger.values import Refusal
from server.loaders import LOADERS
from server.terminals.sessions import CACHED_MICROSECONDS, Session, SessionKey, Sessions
from server.terminals.sign_in import end_session, new_session
from tests.server.support import COUNTER, Town

CACHED_SECONDS = CACHED_MICROSECONDS / 1_000_000


class Signed:
    """A terminal that is signed in, and how often its session was read."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.reads = 0
        self.sessions = Sessions(self._load, town.clock)
        opened = new_session(town.database, COUNTER, self.now, town.chance)
        self.token, self.token_hash = opened.token, opened.token_hash

    @property
    def now(self) -> int:
        return Moment.of(self.town.clock.now()).microseconds

    async def _load(self, token_hash: bytes) -> Session | None:
        self.reads += 1
        key = SessionKey(token_hash)
        return open_reader(self.town.database, LOADERS).look_up([key]).get(key)

    async def find(self) -> Session:
        return await self.sessions.find(self.token)

    def end(self) -> None:
        """End the session as another process does."""
        end_session(self.town.database, self.token_hash, self.now)


@pytest.fixture
async def signed(town: Town) -> AsyncIterator[Signed]:
    with town.database.connection_context():
        yield Signed(town)


async def reason(signed: Signed) -> str:
    with pytest.raises(Refusal) as refused:
        await signed.find()
    return refused.value.reason


async def test_a_session_is_read_once_in_a_few_seconds(signed: Signed) -> None:
    for _ in range(3):
        assert (await signed.find()).terminal_id == COUNTER
    assert signed.reads == 1
    signed.town.clock.advance(seconds=CACHED_SECONDS)
    assert (await signed.find()).terminal_id == COUNTER
    assert signed.reads == 2


@pytest.mark.parametrize("seconds", [CACHED_SECONDS, -CACHED_SECONDS])
async def test_what_another_process_ended_is_good_no_longer(signed: Signed, seconds: float) -> None:
    """Whether the clock goes on or is set back."""
    await signed.find()
    signed.end()
    signed.town.clock.advance(seconds=seconds)
    assert await reason(signed) == "SESSION_EXPIRED"
    assert await reason(signed) == "SESSION_EXPIRED"


async def test_what_this_process_ended_is_good_no_longer(signed: Signed) -> None:
    await signed.find()
    signed.end()
    signed.sessions.forget(signed.token_hash)
    assert await reason(signed) == "SESSION_EXPIRED"


async def test_what_a_terminal_may_is_read_again_too(signed: Signed) -> None:
    await signed.find()
    change(
        signed.town.database, "UPDATE terminal SET issuer_id = NULL WHERE terminal_id = ?", COUNTER
    )
    signed.town.clock.advance(seconds=CACHED_SECONDS)
    assert (await signed.find()).issuer_id is None


async def test_a_session_expires_though_it_is_cached(signed: Signed) -> None:
    signed.town.clock.advance(hours=12, seconds=-1)
    await signed.find()
    signed.town.clock.advance(seconds=1)
    assert await reason(signed) == "SESSION_EXPIRED"
    assert signed.reads == 1
