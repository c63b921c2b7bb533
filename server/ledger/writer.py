"""The one thread that writes: takes what waits, books it as a batch, answers all of it."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from peewee import Database, PeeweeException

from server.ledger.booker import Booker, ClockWentBackError, Command, CommandFailedError
from server.ledger.engines import check_place, ensure_connected, writing
from server.ledger.store import StoreUnavailableError, unavailable
from server.ledger.values import Operation

T = TypeVar("T")

log = logging.getLogger(__name__)

QUEUE_MAX = 4096
BATCH_MAX = 128
STOP_SECONDS_MAX = 5.0
"""How long the stop waits for the thread: one whose database hangs is left alone."""
PACE_SECONDS_MAX = 0.005
"""After a batch of more than one, wait at most this long until as many wait as last time."""


class QueueFullError(Exception):
    """More commands wait than the queue holds: this one was not taken."""


class DeadlinePassedError(Exception):
    """The caller's deadline passed before the command's turn came: it was not booked."""


class StoppingError(Exception):
    """The server is stopping and takes nothing more."""


@dataclass(slots=True)
class _Waiting:
    command: Command
    future: "asyncio.Future[Operation]"
    deadline: float
    """On time.monotonic's scale."""


@dataclass(slots=True)
class _Job:
    """Work that is no booking; it is done alone, between batches."""

    work: Callable[[Booker], Any]
    future: "asyncio.Future[Any]"


Answer = Operation | Exception
WatchBatch = Callable[[int, float, int], None]
"""Is told how many commands were booked together, in how many seconds, and how many wait."""


def _watch_nothing(_commands: int, _seconds: float, _waiting: int) -> None:
    pass


class Writer:
    """Owns the writing connection. Made in the event loop whose callers it answers.

    `open_booker` and `watch` are called in the thread, which closes the connection at its end.
    """

    def __init__(
        self,
        database: Database,
        open_booker: Callable[[Database], Booker],
        watch: WatchBatch = _watch_nothing,
    ) -> None:
        self._database = database
        self._open_booker = open_booker
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Waiting | _Job] = deque()
        self._changed = threading.Condition()
        self._served: Sequence[_Waiting | _Job] = ()
        """What the thread has taken, and not answered yet."""
        self._wanted = 1
        """The thread is woken when so much waits, and not for each command."""
        self._stopping = False
        self._confirmation: _Job | None = None
        """That waits: whoever asks until the thread takes it shares it."""
        self.booked_at = 0.0
        """When the last batch was answered that could be booked, on time.monotonic's scale."""
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    async def book(self, command: Command, timeout_seconds: float) -> Operation:
        """Book a command and return what was decided, once it is durable.

        Raises QueueFullError, DeadlinePassedError, StoppingError, ClockWentBackError and
        StoreUnavailableError where nothing was decided, CommandFailedError for a fault of ours.
        """
        future: asyncio.Future[Operation] = self._loop.create_future()
        self._put(_Waiting(command, future, time.monotonic() + timeout_seconds))
        return await future

    async def run(self, work: Callable[[Database], T]) -> T:
        """Run other writing work, in one transaction, between batches; return its result."""

        def in_transaction(_booker: Booker) -> T:
            ensure_connected(self._database)
            with writing(self._database):
                done = work(self._database)
            check_place(self._database)  # what went to a file without a name is not done
            return done

        return await self._do(in_transaction)

    async def check(self) -> None:
        """Raise what would keep a command from being booked now: see Booker.check."""
        await self._do(Booker.check)

    async def confirm(self) -> None:
        """Return once everything that could be read before is as durable as a booking (LED-5).

        Raises StoreUnavailableError, QueueFullError and StoppingError.
        """
        with self._changed:  # which the thread holds when it takes one
            job = self._confirmation
            if job is None:
                job = _Job(Booker.confirm, self._loop.create_future())
                self._put(job)
                self._confirmation = job
        await asyncio.shield(job.future)

    def relieve(self, seconds: float, error: StoreUnavailableError) -> None:
        """Tell those the trouble whose deadline passes within so many seconds.

        To be called while the database does not answer: they learn more than that time is up.
        What the thread has taken may be booked all the same; what waits is not.
        """
        until = time.monotonic() + seconds
        with self._changed:
            items = [*self._served, *self._waiting]
        for item in items:
            if isinstance(item, _Waiting) and item.deadline <= until and not item.future.done():
                item.future.set_exception(error)

    async def _do(self, work: Callable[[Booker], T]) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._put(_Job(work, future))
        return await future

    def _put(self, item: _Waiting | _Job) -> None:
        with self._changed:
            if self._stopping:
                raise StoppingError
            if len(self._waiting) >= QUEUE_MAX:
                raise QueueFullError
            self._waiting.append(item)
            if len(self._waiting) >= self._wanted:
                self._changed.notify()

    async def stop(self) -> None:
        """Take nothing more, finish what was taken while it can be, and close the connection."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join, STOP_SECONDS_MAX)
        if self._thread.is_alive():
            log.error("the database does not answer: stopping without it")
            self._refuse_all()

    def _run(self) -> None:
        try:
            booker = self._open_booker(self._database)
            taken_last = 1
            while batch := self._take(taken_last):
                taken_last = len(batch)
                self._served = batch
                self._serve(booker, batch)
                self._served = ()
        except Exception as error:
            log.critical("the writer ended; nothing more is booked", exc_info=error)
            self._refuse_all()
        finally:
            self._database.close()

    def _refuse_all(self) -> None:
        """Answer everything that waits, so that no call hangs, and take nothing more."""
        with self._changed:
            self._stopping = True
            left = list(self._waiting)
            self._waiting.clear()
        self._answer([(item.future, StoppingError()) for item in left])

    def _take(self, taken_last: int) -> list[_Waiting | _Job]:
        """Wait for work and take it, a job alone; return nothing when stopped and done."""
        with self._changed:
            self._wanted = 1
            while not self._waiting:
                if self._stopping:
                    return []
                self._changed.wait()
            if taken_last > 1:
                self._wanted = taken_last
                until = time.monotonic() + PACE_SECONDS_MAX
                while len(self._waiting) < taken_last and not self._stopping:
                    left = until - time.monotonic()
                    if left <= 0 or not self._changed.wait(left):
                        break
            batch: list[_Waiting | _Job] = []
            while self._waiting and len(batch) < BATCH_MAX:
                if isinstance(self._waiting[0], _Job):
                    if not batch:
                        batch.append(self._waiting.popleft())
                    break
                batch.append(self._waiting.popleft())
            if batch[0] is self._confirmation:
                self._confirmation = None
            return batch

    def _serve(self, booker: Booker, batch: list[_Waiting | _Job]) -> None:
        first = batch[0]
        if isinstance(first, _Job):
            self._answer([(first.future, _outcome_of(first.work, booker))])
            return
        now = time.monotonic()
        waiting = [item for item in batch if isinstance(item, _Waiting)]
        live = [item for item in waiting if not item.future.done() and item.deadline > now]
        late = [item for item in waiting if item.deadline <= now]
        answers: list[tuple[asyncio.Future[Any], Any]]
        answers = [(item.future, DeadlinePassedError()) for item in late]
        if live:
            commands = [item.command for item in live]
            booked = _book(booker, commands)
            if not isinstance(booked[-1], StoreUnavailableError | ClockWentBackError):
                self.booked_at = time.monotonic()
            self._watch(len(commands), time.monotonic() - now, len(self._waiting))
            answers += [(item.future, one) for item, one in zip(live, booked, strict=True)]
        self._answer(answers)

    def _answer(self, answers: list[tuple["asyncio.Future[Any]", Any]]) -> None:
        """Wake the loop once for all answers, unless the server has stopped without this thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_settle, answers)


def _book(booker: Booker, commands: list[Command]) -> list[Answer]:
    """Book, and turn what went wrong into every command's answer: the thread never dies."""
    try:
        return list(booker.book(commands))
    except (ClockWentBackError, StoreUnavailableError) as error:
        return [error] * len(commands)
    except Exception as error:
        return [CommandFailedError(repr(error))] * len(commands)


def _outcome_of(work: Callable[[Booker], Any], booker: Booker) -> Any:
    try:
        return work(booker)
    except PeeweeException as error:
        return unavailable(error)
    except Exception as error:
        return error


def _settle(answers: list[tuple["asyncio.Future[Any]", Any]]) -> None:
    for future, answer in answers:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
