"""Taking turns: so many at once, and so many that wait; more are told to come again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.ledger.writer import QueueFullError


class Turns:
    """Turns for one kind of work."""

    def __init__(self, at_once: int, waiting_max: int) -> None:
        self._semaphore = asyncio.Semaphore(at_once)
        self._waiting_max = waiting_max
        self._waiting = 0

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it until the end. Raises QueueFullError."""
        if self._waiting >= self._waiting_max:
            raise QueueFullError
        self._waiting += 1
        try:
            await self._semaphore.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._semaphore.release()
