"""Wrong passwords slow down and lock whoever tries them, and no one else (SEC-3).

A machine that is bound to the terminal is judged by its own tries alone, so that nobody
elsewhere locks it out. All others are judged by their address: for each terminal, and for all
terminals together. What was tried is kept in this process's memory; the audit trail has it too.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from server.callers.errors import TerminalReason
from server.callers.guessing import (
    NO_STRIKES,
    STRIKES_FREE,
    WAIT_SECONDS_MAX,
    Strikes,
    struck,
)
from server.clock import Clock, Moment
from server.ledger.values import Refusal

ADDRESS_STRIKES_FREE = 20
"""Many counters may share an address."""
WATCHED_MAX = 20_000
_SECOND = 1_000_000


class Tried(NamedTuple):
    """What wrong tries are counted for."""

    what: str
    free: int
    """So many wrong ones cost nothing."""


class _Counted(NamedTuple):
    """A try as it was counted."""

    what: str
    before: Strikes
    after: Strikes


def by_machine(terminal_id: str, machine_fingerprint: bytes) -> list[Tried]:
    """Return what a try from the terminal's own machine counts for."""
    return [Tried(f"{terminal_id} at {machine_fingerprint.hex()}", STRIKES_FREE)]


def by_address(name: str, address: str) -> list[Tried]:
    """Return what a try from anywhere else counts for; `name` is whose password is tried."""
    network = network_of(address)
    return [
        Tried(f"{name} from {network}", STRIKES_FREE),
        Tried(f"anyone from {network}", ADDRESS_STRIKES_FREE),
    ]


def network_of(address: str) -> str:
    """Return what one caller can be told by: the address, or for IPv6 its network of 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and not parsed.is_loopback:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)


class SignInGuard:
    """Counts wrong tries, and refuses more of them while somebody has to wait."""

    def __init__(self, clock: Clock, *, most: int = WATCHED_MAX) -> None:
        self._clock = clock
        self._most = most
        self._strikes: OrderedDict[str, Strikes] = OrderedDict()
        """Those that tried last are the last; the others are forgotten first."""

    def check(self, tried: Sequence[Tried]) -> None:
        """Raise Refusal while one of them has to wait."""
        now = self._now()
        wait = max(self._wait(one.what, now) for one in tried)
        if wait > 0:
            raise Refusal(
                TerminalReason.SIGN_IN_LOCKED, {"retry_seconds": str(-(-wait // _SECOND))}
            )

    @contextmanager
    def trying(self, tried: Sequence[Tried], wrong: str) -> Iterator[None]:
        """Count a try as wrong while it is looked at, so that many at once are no more than one.

        It stays counted where the reason of a Refusal is `wrong`, and is taken back where it
        could not be looked at. A right one forgives those before it, of the same terminal.
        Raises Refusal, and counts nothing, while one of them has to wait.
        """
        self.check(tried)
        counted = [self._count(one) for one in tried]
        try:
            yield
        except BaseException as error:
            if not (isinstance(error, Refusal) and error.reason == wrong):
                self._take_back(counted)
            raise
        self._take_back(counted)
        for one in tried:
            if one.free == STRIKES_FREE:
                self._strikes.pop(one.what, None)

    def _count(self, one: Tried) -> _Counted:
        before = self._strikes.pop(one.what, NO_STRIKES)
        self._strikes[one.what] = after = struck(before, self._now(), one.free)
        while len(self._strikes) > self._most:
            self._strikes.popitem(last=False)
        return _Counted(one.what, before, after)

    def _take_back(self, counted: Sequence[_Counted]) -> None:
        for what, before, after in counted:
            current = self._strikes.get(what)
            if current == after:
                self._strikes[what] = before
            elif current is not None:
                self._strikes[what] = current._replace(strikes=max(0, current.strikes - 1))

    def _wait(self, what: str, now: int) -> int:
        """Return for how long somebody waits; after a clock that went back no longer than ever."""
        strikes = self._strikes.get(what, NO_STRIKES)
        longest = now + WAIT_SECONDS_MAX * _SECOND
        if strikes.blocked_until > longest:
            self._strikes[what] = strikes._replace(blocked_until=longest)
            return WAIT_SECONDS_MAX * _SECOND
        return strikes.blocked_until - now

    def _now(self) -> int:
        return Moment.of(self._clock.now()).microseconds
