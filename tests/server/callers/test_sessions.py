"""Sessions as calls find them: cached for a few seconds, then read again (TRM-5)."""

from collections.abc import AsyncIterator

import pytest

from server.callers.sessions import CACHED_MICROSECONDS, Session, SessionKey, Sessions
from server.callers.sign_in import end_session, new_session, note_uses
from server.callers.values import TerminalClass
from server.clock import Moment
from server.db.queries import change
from server.ledger.engines import open_reader
from server.ledger.values import Refusal
from server.serving.loaders import LOADERS
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


async def test_a_session_expires_though_it_is_cached_and_used(signed: Signed) -> None:
    for _ in range(11):
        signed.town.clock.advance(hours=1)
        await signed.find()
    signed.town.clock.advance(hours=1, seconds=-1)
    await signed.find()
    reads = signed.reads
    signed.town.clock.advance(seconds=1)
    assert await reason(signed) == "SESSION_EXPIRED"
    assert signed.reads == reads


async def test_a_session_that_is_not_used_ends(signed: Signed) -> None:
    signed.town.clock.advance(hours=4, seconds=-1)
    await signed.find()
    signed.town.clock.advance(hours=4, seconds=-1)
    await signed.find()
    signed.town.clock.advance(hours=4)
    assert await reason(signed) == "SESSION_EXPIRED"


async def test_uses_that_were_kept_count_in_another_process(signed: Signed) -> None:
    signed.town.clock.advance(hours=3)
    await signed.find()
    note_uses(signed.town.database, signed.sessions.take_uses())
    assert signed.sessions.take_uses() == {}
    other = Sessions(signed._load, signed.town.clock)
    signed.town.clock.advance(hours=3)
    assert (await other.find(signed.token)).terminal_id == COUNTER
    signed.town.clock.advance(hours=4)
    with pytest.raises(Refusal, match="SESSION_EXPIRED"):
        await other.find(signed.token)


async def test_a_use_that_comes_late_takes_nothing_back(signed: Signed) -> None:
    later = signed.now + 10
    note_uses(signed.town.database, {signed.token_hash: later})
    note_uses(signed.town.database, {signed.token_hash: later - 5})
    assert signed.town.rows("SELECT used_at FROM session") == [(later,)]


@pytest.mark.parametrize("of_class", TerminalClass)
def test_who_sees_more_than_a_counter_is_asked_again_sooner(of_class: TerminalClass) -> None:
    counters = {TerminalClass.SERVICE_ID, TerminalClass.POINT_USE, TerminalClass.VOUCHER}
    session = Session(b"", COUNTER, of_class, None, 2**62, 0, "", "", False)
    assert session.ends_at(0) == (4 * 3600 if of_class in counters else 1800) * 1_000_000


async def test_a_session_tells_person_and_machine(signed: Signed) -> None:
    town = signed.town
    change(
        town.database,
        "UPDATE terminal SET machine_fingerprint = ? WHERE terminal_id = ?",
        bytes(range(32)),
        COUNTER,
    )
    opened = new_session(town.database, COUNTER, signed.now, town.chance, person="桜井")
    session = await signed.sessions.find(opened.token)
    assert (session.person, session.machine) == ("桜井", "0001020304050607")
