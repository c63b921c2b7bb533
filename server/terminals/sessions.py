"""Sessions as every call checks them: cached, so that a call costs no query."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from server.clock import Clock, Moment
from server.ledger.values import Key, Loader, Refusal, Row
from server.terminals.errors import TerminalReason
from server.terminals.sign_in import hash_token
from server.terminals.values import TerminalClass, caller_of

PRACTICE_PREFIX = "practice."
"""Begins the tokens of training sessions, and is no secret."""
CACHED_MAX = 10_000
CACHED_MICROSECONDS = 5_000_000
"""A session that another process ends is at most so long good here."""


def is_practice(token: str | None) -> bool:
    """Whether a session token is one for training (USE-7)."""
    return token is not None and token.startswith(PRACTICE_PREFIX)


@dataclass(frozen=True, slots=True)
class Session:
    """Who calls."""

    token_hash: bytes
    terminal_id: str
    terminal_class: TerminalClass
    issuer_id: str | None
    expires_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""

    @property
    def caller(self) -> str:
        """The space in which the caller's request IDs are unique."""
        return caller_of(self.terminal_id)


@dataclass(frozen=True, slots=True)
class SessionKey(Key[Session]):
    """A session that has not ended, by its token's hash."""

    token_hash: bytes


_SESSIONS = """SELECT s.token_hash, s.terminal_id, t.terminal_class, t.issuer_id, s.expires_at
    FROM session s JOIN terminal t USING (terminal_id)
    WHERE s.ended_at IS NULL AND (s.token_hash) IN ({keys})"""


def _sessions(rows: list[Row]) -> dict[Key[Session], Session]:
    found: dict[Key[Session], Session] = {}
    for token_hash, terminal_id, of_class, issuer_id, expires_at in rows:
        session = Session(
            cast(bytes, token_hash),
            str(terminal_id),
            TerminalClass(cast(str, of_class)),
            cast(str | None, issuer_id),
            cast(int, expires_at),
        )
        found[SessionKey(session.token_hash)] = session
    return found


SESSIONS = Loader(SessionKey, _SESSIONS, lambda key: (cast(SessionKey, key).token_hash,), _sessions)


class Expiring(Protocol):
    """A session of any kind of caller."""

    @property
    def expires_at(self) -> int:
        """From then on it is refused; microseconds since 1970-01-01T00:00:00Z."""
        ...


S = TypeVar("S", bound=Expiring)


class Cached(NamedTuple, Generic[S]):
    """A session, and when it was read."""

    session: S
    read_at: int


class Sessions(Generic[S]):
    """Finds the session of a token."""

    def __init__(self, load: Callable[[bytes], Awaitable[S | None]], clock: Clock):
        """`load` reads a session that has not ended, by its token's hash."""
        self._load = load
        self._clock = clock
        self._cached: dict[bytes, Cached[S]] = {}

    async def find(self, token: str | None) -> S:
        """Return the session, or raise Refusal where there is none or it has expired."""
        if not token:
            raise Refusal(TerminalReason.SESSION_MISSING)
        token_hash = hash_token(token)
        now = Moment.of(self._clock.now()).microseconds
        cached = self._cached.get(token_hash)
        if cached is None or abs(now - cached.read_at) >= CACHED_MICROSECONDS:
            cached = await self._read(token_hash, now)
        if cached.session.expires_at <= now:
            self.forget(token_hash)
            raise Refusal(TerminalReason.SESSION_EXPIRED)
        return cached.session

    async def _read(self, token_hash: bytes, now: int) -> Cached[S]:
        session = await self._load(token_hash)
        if session is None:
            self.forget(token_hash)
            raise Refusal(TerminalReason.SESSION_EXPIRED)
        if len(self._cached) >= CACHED_MAX:
            self._cached.clear()
        self._cached[token_hash] = cached = Cached(session, now)
        return cached

    def forget(self, token_hash: bytes) -> None:
        """Drop a session that has ended."""
        self._cached.pop(token_hash, None)
