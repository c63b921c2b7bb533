"""Wrong passwords slow down and lock whoever tries them, and no one else (SEC-3).

A machine that is bound to the terminal is judged by its own tries alone, so that nobody
elsewhere locks it out. All others are judged by their address: for each terminal, and for all
terminals together. What was tried is kept in this process's memory; the audit trail has it too.
"""

from collections import OrderedDict
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from server.clock import Clock, Moment
from server.ledger.values import Refusal
from server.terminals.errors import TerminalReason
from server.terminals.guessing import NO_STRIKES, STRIKES_FREE, Strikes, struck

ADDRESS_STRIKES_FREE = 20
"""Many counters may share an address."""
WATCHED_MAX = 20_000
_SECOND = 1_000_000


class Tried(NamedTuple):
    """What wrong tries are counted for."""

    what: str
    free: int
    """So many wrong ones cost nothing."""


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
        until = max(self._strikes.get(one.what, NO_STRIKES).blocked_until for one in tried)
        if until > now:
            seconds = str(-(-(until - now) // _SECOND))
            raise Refusal(TerminalReason.SIGN_IN_LOCKED, {"retry_seconds": seconds})

    def begin(self, tried: Sequence[Tried]) -> None:
        """Count a try as wrong before it is looked at: many at once are no more than one by one.

        Raises Refusal, and counts nothing, while one of them has to wait.
        """
        self.check(tried)
        now = self._now()
        for one in tried:
            before = self._strikes.pop(one.what, NO_STRIKES)
            self._strikes[one.what] = struck(before, now, one.free)
        while len(self._strikes) > self._most:
            self._strikes.popitem(last=False)

    def succeeded(self, tried: Sequence[Tried]) -> None:
        """Take a try back that was right, and forget those before it of the same terminal."""
        for one in tried:
            if one.free == STRIKES_FREE:
                self._strikes.pop(one.what, None)
            elif one.what in self._strikes:
                last = self._strikes[one.what]
                self._strikes[one.what] = last._replace(strikes=max(0, last.strikes - 1))

    def _now(self) -> int:
        return Moment.of(self._clock.now()).microseconds
