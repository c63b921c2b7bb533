"""Taking turns: so many at once, and so many that wait; more are told to come again.

Whose turn is next goes round the names: whoever has had one comes after all that wait by then.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from server.ledger.writer import QueueFullError


class Bounds(NamedTuple):
    """How many turns there are."""

    at_once: int
    waiting_max: int
    each_at_once: int | None = None
    """So many of one name have a turn at the same time; None for as many as all."""
    each_max: int | None = None
    """So many of one name have a turn or wait for it; None for as many as all."""


class Turns:
    """Turns for one kind of work. Belongs to one event loop."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._taken: Counter[str] = Counter()
        self._count_taken = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        """Of each name those that wait; the name whose turn is next is the first."""
        self._count_waiting = 0

    @asynccontextmanager
    async def taken(self, name: str = "") -> AsyncIterator[None]:
        """Wait for a turn, and have it until the end. Raises QueueFullError."""
        await self.take(name)
        try:
            yield
        finally:
            self.give_back(name)

    async def take(self, name: str = "") -> None:
        """Wait for a turn, and have it until it is given back. Raises QueueFullError."""
        bounds = self._bounds
        if self._count_waiting >= bounds.waiting_max:
            raise QueueFullError
        if bounds.each_max is not None and self._count(name) >= bounds.each_max:
            raise QueueFullError
        if not self._waiting and self._count_taken < bounds.at_once and self._may(name):
            self._grant(name)
            return
        await self._wait(name)

    def give_back(self, name: str = "") -> None:
        """Give a turn back, and let others have it."""
        self._count_taken -= 1
        self._taken[name] -= 1
        if not self._taken[name]:
            del self._taken[name]
        if name in self._waiting:
            self._waiting.move_to_end(name)
        self._go_on()

    async def _wait(self, name: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, deque()).append(turn)
        self._count_waiting += 1
        self._go_on()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(name, turn)
            else:
                self.give_back(name)
            raise

    def _leave(self, name: str, turn: "asyncio.Future[None]") -> None:
        queue = self._waiting.get(name)
        if queue is not None and turn in queue:
            queue.remove(turn)
            self._count_waiting -= 1
            if not queue:
                del self._waiting[name]

    def _go_on(self) -> None:
        """Let those have a turn for whom there is one."""
        while self._count_taken < self._bounds.at_once:
            # Names that have all that they may are passed over: at most as many as have turns.
            name = next((one for one in self._waiting if self._may(one)), None)
            if name is None:
                return
            queue = self._waiting[name]
            turn = queue.popleft()
            self._count_waiting -= 1
            if not queue:
                del self._waiting[name]
            if turn.cancelled():
                continue  # its caller is about to leave
            if queue:
                self._waiting.move_to_end(name)
            self._grant(name)
            turn.set_result(None)

    def _grant(self, name: str) -> None:
        self._taken[name] += 1
        self._count_taken += 1

    def _may(self, name: str) -> bool:
        most = self._bounds.each_at_once
        return most is None or self._taken[name] < most

    def _count(self, name: str) -> int:
        return self._taken[name] + len(self._waiting.get(name, ()))
