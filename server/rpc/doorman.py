"""So many calls at once; and whoever calls in vain, over and over, waits for answers.

In vain is without a session, or again at once when told to come again later. Refusing costs a
third of what a booking costs. Callers who wait for their answer before they send the next one,
as floods do, are slowed down to what does not matter.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from server.ledger.writer import QueueFullError

ADMITTED_MAX = 4500
"""A little above the booking queue, so that a full queue is what callers are told."""
FREE_A_SECOND = 50
"""So many calls in vain are answered at once, from each address or terminal."""
HELD_A_SECOND = 100
"""So many of the others are answered, one after the other and not in bursts."""
HELD_MAX = 2000
"""So many wait together; more are answered at once, which costs less than their memory."""


class Doorman:
    """Counts who is in, and holds up who comes too often."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._now = now
        self._pause = pause
        self._admitted = 0
        self._second = 0
        self._seen: Counter[str] = Counter()
        self._held = 0
        self._following = 0.0
        """When the next of those that wait is answered."""

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Let a call in. Raises QueueFullError where too many are in."""
        if self._admitted >= ADMITTED_MAX:
            raise QueueFullError
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    async def see_out(self, caller: str) -> None:
        """Hold up a call in vain before it is answered, where its caller has many.

        `caller` is a terminal with a session, or the address of one without.
        """
        now = self._now()
        second = int(now)
        if second != self._second:
            self._second = second
            self._seen.clear()
        self._seen[caller] += 1
        if self._seen[caller] <= FREE_A_SECOND or self._held >= HELD_MAX:
            return
        self._held += 1
        self._following = max(self._following, now) + 1 / HELD_A_SECOND
        try:
            await self._pause(self._following - now)
        finally:
            self._held -= 1
