"""Sessions as every call checks them: cached, so that a call costs no query."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from server.callers.errors import TerminalReason
from server.callers.sign_in import hash_token
from server.callers.values import TerminalClass, caller_of
from server.clock import Clock, Moment
from server.ledger.values import Key, Loader, Refusal, Row

PRACTICE_PREFIX = "practice."
"""Begins the tokens of training sessions, and is no secret."""
IDLE = {one: timedelta(minutes=30) for one in TerminalClass} | {
    TerminalClass.SERVICE_ID: timedelta(hours=4),
    TerminalClass.POINT_USE: timedelta(hours=4),
    TerminalClass.VOUCHER: timedelta(hours=4),
}
"""A counter waits for its customers; who can see more than one counter is asked again sooner."""
MACHINE_NAME_BYTES = 8
CACHED_MAX = 10_000
CACHED_MICROSECONDS = 5_000_000
"""A session that another process ends is at most so long good here."""


def is_practice(token: str | None) -> bool:
    """Whether a session token is one for training (USE-7)."""
    return token is not None and token.startswith(PRACTICE_PREFIX)


@dataclass(frozen=True, slots=True)
class Session:
    """Who calls; times in microseconds since 1970-01-01T00:00:00Z."""

    token_hash: bytes
    terminal_id: str
    terminal_class: TerminalClass
    issuer_id: str | None
    expires_at: int
    used_at: int
    """As it was kept last; it may have been used later."""
    person: str
    """Who was typed at sign-in (TRM-9)."""
    machine: str
    """Tells the machine, which it does not give away."""
    is_withdrawn: bool

    @property
    def caller(self) -> str:
        """The space in which the caller's request IDs are unique."""
        return caller_of(self.terminal_id)

    @property
    def needs_certificate(self) -> bool:
        """Whether it has to show a client certificate: no terminal has."""
        return False

    def ends_at(self, used_at: int) -> int:
        """Return when it ends if it was used at that time and never again."""
        idle = IDLE[self.terminal_class] // timedelta(microseconds=1)
        return min(self.expires_at, max(used_at, self.used_at) + idle)


@dataclass(frozen=True, slots=True)
class SessionKey(Key[Session]):
    """A session that has not ended, by its token's hash."""

    token_hash: bytes


_SESSIONS = """SELECT s.token_hash, s.terminal_id, t.terminal_class, t.issuer_id, s.expires_at,
    s.used_at, s.person, t.machine_fingerprint, t.withdrawn_at IS NOT NULL
    FROM session s JOIN terminal t USING (terminal_id)
    WHERE s.ended_at IS NULL AND (s.token_hash) IN ({keys})"""


def _sessions(rows: list[Row]) -> dict[Key[Session], Session]:
    found: dict[Key[Session], Session] = {}
    for row in rows:
        token_hash, terminal_id, of_class, issuer_id, expires_at = row[:5]
        used_at, person, machine_fingerprint, withdrawn = row[5:]
        session = Session(
            cast(bytes, token_hash),
            str(terminal_id),
            TerminalClass(cast(str, of_class)),
            cast(str | None, issuer_id),
            cast(int, expires_at),
            cast(int, used_at),
            str(person),
            machine_name(cast(bytes | None, machine_fingerprint)),
            bool(withdrawn),
        )
        found[SessionKey(session.token_hash)] = session
    return found


SESSIONS = Loader(SessionKey, _SESSIONS, lambda key: (cast(SessionKey, key).token_hash,), _sessions)


def machine_name(machine_fingerprint: bytes | None) -> str:
    """Return what tells a machine in the audit trail; not enough to sign in with."""
    return machine_fingerprint[:MACHINE_NAME_BYTES].hex() if machine_fingerprint else ""


class Expiring(Protocol):
    """A session of any kind of caller."""

    def ends_at(self, used_at: int) -> int:
        """Return when it ends if it was used at that time and never again."""
        ...


S = TypeVar("S", bound=Expiring)


class Cached(NamedTuple, Generic[S]):
    """A session, and when it was read."""

    session: S
    read_at: int


class Sessions(Generic[S]):
    """Finds the session of a token."""

    def __init__(
        self, load: Callable[[bytes], Awaitable[S | None]], clock: Clock, *, idles: bool = True
    ):
        """`load` reads a session that has not ended, by its token's hash.

        Where sessions do not idle, nobody takes their uses, and they are not noted.
        """
        self._idles = idles
        self._load = load
        self._clock = clock
        self._cached: dict[bytes, Cached[S]] = {}
        self._used: dict[bytes, int] = {}
        """When those were used last that were used since take_uses()."""

    async def find(self, token: str | None) -> S:
        """Return the session, or raise Refusal where there is none or it has expired."""
        if not token:
            raise Refusal(TerminalReason.SESSION_MISSING)
        token_hash = hash_token(token)
        now = Moment.of(self._clock.now()).microseconds
        cached = self._cached.get(token_hash)
        if cached is None or abs(now - cached.read_at) >= CACHED_MICROSECONDS:
            cached = await self._read(token_hash, now)
        if cached.session.ends_at(self._used.get(token_hash, 0)) <= now:
            self.forget(token_hash)
            raise Refusal(TerminalReason.SESSION_EXPIRED)
        if self._idles:
            self._used[token_hash] = now
        return cached.session

    def take_uses(self) -> dict[bytes, int]:
        """Return when sessions were used since the last time, by their tokens' hashes."""
        taken, self._used = self._used, {}
        return taken

    def give_back(self, uses: Mapping[bytes, int]) -> None:
        """Take uses again that could not be written; newer ones stay."""
        self._used = {**uses, **self._used}

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
        self._used.pop(token_hash, None)
