"""What every job needs: the ledger to write and read, the time, chance, and a name."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from peewee import Database

from server.chance import Chance, uuid7
from server.clock import Clock, Moment
from server.jobs.guard import DayGuard
from server.jobs.leases import Job, claim, finish
from server.ledger.booker import Command
from server.ledger.values import Operation, Outcome, RequestKey
from server.ledger.writer import Writer
from server.threads.readers import Readers
from server.timekeeping.values import HeldBack

T = TypeVar("T")
TIMEOUT_SECONDS = 30.0
"""How long one of a job's commands may wait for its turn."""
AT_ONCE = 8
"""A job's commands that wait in the queue together: few, so that counters do not wait."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where a process's jobs are done."""

    writer: Writer
    readers: Readers
    clock: Clock
    chance: Chance
    holder: str
    """Names this process among those that share the database."""
    guard: DayGuard = field(default_factory=DayGuard)

    def now(self) -> Moment:
        """Return the present moment."""
        return Moment.of(self.clock.now())

    async def held_back(self, now: Moment) -> HeldBack | None:
        """Return why what acts by the day must not act at a moment just read; None where it may."""
        return await self.guard.check(self.readers, self.clock, now)

    def new_request(self, caller: str) -> RequestKey:
        """Return a request of a job's own."""
        milliseconds = self.now().microseconds // 1000
        return RequestKey(caller, str(UUID(bytes=uuid7(milliseconds, self.chance))))

    async def claim(self, job: Job) -> bool:
        """Claim a job, or go on with it: see leases.claim."""
        now = self.now().microseconds
        return await self.writer.run(lambda database: claim(database, job, self.holder, now))

    async def finish(self, job: Job) -> None:
        """Give a job back."""
        await self.writer.run(lambda database: finish(database, job, self.holder))

    async def query(self, work: Callable[[Database], T]) -> T:
        """Read beside the booking path."""
        return await self.readers.query(work)

    async def book(self, commands: Iterable[Command]) -> int:
        """Book commands, a few at a time, and return how many were booked."""
        waiting = list(commands)
        booked = 0
        for first in range(0, len(waiting), AT_ONCE):
            few = waiting[first : first + AT_ONCE]
            operations: list[Operation] = await asyncio.gather(
                *(self.writer.book(command, TIMEOUT_SECONDS) for command in few)
            )
            booked += sum(operation.outcome == Outcome.BOOKED for operation in operations)
        return booked
