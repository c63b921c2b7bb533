"""Work that costs: in threads of its own, bounded, and in turn between callers (SEC-3, API-3).

Whoever keeps many such calls in flight waits for its own; the calls of all others go on, those
that cost and those that do not. What can be refused for nothing is refused before: every field
is looked at, and what a query tells, where the time that it saves tells nobody a secret.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from server.threads.turns import Bounds, Turns

T = TypeVar("T")

PASSWORDS = Bounds(at_once=1, waiting_max=256, each_max=4)
"""A password takes a core and 64 MiB for 0.1 s, which the bookings want too."""
STRANGERS_PASSWORDS = Bounds(at_once=1, waiting_max=256, each_max=8)
ASKING = Bounds(at_once=32, waiting_max=256, each_at_once=2, each_max=32)
"""What asks waits for a disk or for another machine, and takes no core."""
NICENESS_OF_PASSWORDS = 5
"""Where there are more threads than cores, the bookings go first."""


class Run(Protocol):
    """Runs work in a thread, in a turn that a caller has."""

    async def __call__(self, work: Callable[[], T]) -> T:
        """Return what the work returns. Raises what it raises."""
        ...


class Pool:
    """Threads for one kind of work, and the turns of its callers. Belongs to one event loop."""

    def __init__(self, name: str, bounds: Bounds, niceness: int = 0) -> None:
        """`niceness` is added to the process's own, in these threads alone."""
        self._name = name
        self._niceness = niceness
        self._turns = Turns(bounds)

    async def run(self, caller: str, work: Callable[[], T]) -> T:
        """Run work once it is the caller's turn, and return what it returns.

        Raises what it raises, and QueueFullError. A caller that leaves while it waits is left
        out. Work that has begun goes on to its end, and the turn with it.
        """
        async with self.turn(caller) as run:
            return await run(work)

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[Run]:
        """Wait for the caller's turn, and give what runs work in it. Raises QueueFullError."""
        await self._turns.take(caller)
        turn = _Turn(lambda: self._turns.give_back(caller))

        async def run(work: Callable[[], T]) -> T:
            begun = asyncio.wrap_future(self._begin(work))
            turn.going_on += 1
            begun.add_done_callback(turn.one_ended)
            return await asyncio.shield(begun)

        try:
            yield run
        finally:
            turn.leave()

    def _begin(self, work: Callable[[], T]) -> "Future[T]":
        """Begin work in a thread that keeps no process from ending."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                if self._niceness:
                    _give_way(self._niceness)
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, name=self._name, daemon=True).start()
        return future


class _Turn:
    """Ends when its caller has left it, and nothing goes on in it any more."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back = give_back
        self._is_left = False
        self.going_on = 0

    def leave(self) -> None:
        self._is_left = True
        if not self.going_on:
            self._give_back()

    def one_ended(self, _: object) -> None:
        self.going_on -= 1
        if self._is_left and not self.going_on:
            self._give_back()


def _give_way(niceness: int) -> None:
    """Let others go first. On Linux each thread has a niceness of its own, and 0 means this one."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, own + niceness)


class Costly:
    """The pools of a process, which the calls of both its ledgers share."""

    def __init__(self) -> None:
        self.passwords = Pool("password", PASSWORDS, NICENESS_OF_PASSWORDS)
        """Of callers that are known: terminals with a session, or on their own machines."""
        self.strangers_passwords = Pool(
            "strangers-password", STRANGERS_PASSWORDS, NICENESS_OF_PASSWORDS
        )
        self.asking = Pool("asking", ASKING)
        """What reads files or asks another machine."""
