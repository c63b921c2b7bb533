"""Taking turns: so many at once, and so many that wait; more are told to come again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.ledger.writer import QueueFullError


class Turns:
    """Turns for one kind of work."""

    def __init__(self, at_once: int, waiting_max: int, each_max: int | None = None) -> None:
        """`each_max` of one name have a turn or wait for it; None for as many as all."""
        self._semaphore = asyncio.Semaphore(at_once)
        self._waiting_max = waiting_max
        self._each_max = each_max
        self._waiting = 0
        self._of: Counter[str] = Counter()

    @asynccontextmanager
    async def taken(self, name: str = "") -> AsyncIterator[None]:
        """Wait for a turn, and have it until the end. Raises QueueFullError."""
        if self._waiting >= self._waiting_max:
            raise QueueFullError
        if self._each_max is not None and self._of[name] >= self._each_max:
            raise QueueFullError
        self._of[name] += 1
        self._waiting += 1
        try:
            try:
                await self._semaphore.acquire()
            finally:
                self._waiting -= 1
            try:
                yield
            finally:
                self._semaphore.release()
        finally:
            self._of[name] -= 1
            if not self._of[name]:
                del self._of[name]
