"""The one thread that writes: queue, deadlines, stopping, and a store that fails."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from peewee import Database

from server.clock import Moment
from server.db.troubles import Trouble
from server.ledger import writer as writing
from server.ledger.booker import Booker, ClockWentBackError, CommandFailedError
from server.ledger.store import StoreUnavailableError
from server.ledger.values import AccountKey, Key, Operation, Outcome, Refusal, RequestKey, UsageKey
from server.ledger.view import View
from server.ledger.writer import DeadlinePassedError, QueueFullError, StoppingError, Writer
from server.serving.bookers import open_booker
from tests.server.support import CARD_A, Town, grant_command, new_request_id, spend_command

LONG = 30.0


@dataclass(frozen=True)
class Gate:
    """A command that holds the writer's thread until it is let go."""

    request: RequestKey
    reached: threading.Event
    let_go: threading.Event
    fingerprint: bytes = b"gate"
    method: str = "Gate"

    def names(self) -> Iterable[Key[Any]]:
        return ()

    def accounts(self, view: View) -> Iterable[AccountKey]:
        return ()

    def usages(self, view: View, day: date) -> Iterable[UsageKey]:
        return ()

    def decide(self, view: View, moment: Moment, number: str) -> Any:
        self.reached.set()
        assert self.let_go.wait(LONG)
        raise Refusal("POINTS_NOT_POSITIVE")


def new_gate() -> Gate:
    return Gate(RequestKey("test", new_request_id()), threading.Event(), threading.Event())


@asynccontextmanager
async def running(town: Town) -> AsyncIterator[Writer]:
    writer = Writer(town.database, lambda opened: open_booker(opened, town.clock))
    try:
        yield writer
    finally:
        await writer.stop()


@asynccontextmanager
async def held(writer: Writer) -> AsyncIterator[None]:
    """While this lasts the thread is busy, and what is booked waits."""
    gate = new_gate()
    task = asyncio.create_task(writer.book(gate, LONG))
    assert await asyncio.to_thread(gate.reached.wait, LONG)
    try:
        yield
    finally:
        gate.let_go.set()
        await task


def nothing(database: Database) -> None:
    """A job that does nothing."""


def write_something(database: Database) -> None:
    """A job that needs the lock."""
    database.execute_sql("UPDATE counter SET next = next")


async def until(condition: Callable[[], bool]) -> None:
    """Let the tasks run until the condition holds."""
    async with asyncio.timeout(LONG):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def waiting(writer: Writer, count: int) -> None:
    """Let the tasks run until so many commands wait in the queue."""
    await until(lambda: len(writer._waiting) >= count)


async def test_all_of_many_tasks_are_answered(town: Town) -> None:
    async with running(town) as writer:
        grants = [grant_command(CARD_A, 1) for _ in range(300)]
        answers = await asyncio.gather(*(writer.book(grant, LONG) for grant in grants))
        assert [answer.request for answer in answers] == [grant.request for grant in grants]
        assert len({answer.answer for answer in answers}) == 300
        spends = [spend_command(CARD_A, 2) for _ in range(200)]
        spent = await asyncio.gather(*(writer.book(spend, LONG) for spend in spends))
    outcomes = [answer.outcome for answer in spent]
    assert outcomes.count(Outcome.BOOKED) == 150
    assert outcomes.count(Outcome.REFUSED) == 50
    assert town.balance(CARD_A) == 0


async def test_one_cancelled_before_its_turn_is_not_booked(town: Town) -> None:
    async with running(town) as writer:
        async with held(writer):
            given_up = grant_command(CARD_A, 100)
            task = asyncio.create_task(writer.book(given_up, LONG))
            await waiting(writer, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        kept = await writer.book(grant_command(CARD_A, 7), LONG)
    assert kept.outcome == Outcome.BOOKED
    assert town.balance(CARD_A) == 7
    assert not town.rows("SELECT 1 FROM operation WHERE request_id = ?", *given_up.request[1:])


async def test_one_whose_deadline_passed_is_not_booked(town: Town) -> None:
    async with running(town) as writer:
        late, in_time = grant_command(CARD_A, 100), grant_command(CARD_A, 7)
        async with held(writer):
            tasks = [
                asyncio.create_task(writer.book(late, 0.0)),
                asyncio.create_task(writer.book(in_time, LONG)),
            ]
            await waiting(writer, 2)
        with pytest.raises(DeadlinePassedError):
            await tasks[0]
        assert (await tasks[1]).outcome == Outcome.BOOKED
        assert town.balance(CARD_A) == 7
        assert (await writer.book(late, LONG)).outcome == Outcome.BOOKED, "nothing was remembered"


async def test_a_full_queue_refuses_and_keeps_what_it_has(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "QUEUE_MAX", 3)
    async with running(town) as writer:
        async with held(writer):
            taken = [
                asyncio.create_task(writer.book(grant_command(CARD_A, 1), LONG)) for _ in range(3)
            ]
            await waiting(writer, 3)
            with pytest.raises(QueueFullError):
                await writer.book(grant_command(CARD_A, 100), LONG)
            with pytest.raises(QueueFullError):
                await writer.run(nothing)
        assert [(await task).outcome for task in taken] == [Outcome.BOOKED] * 3
        assert (await writer.book(grant_command(CARD_A, 1), LONG)).outcome == Outcome.BOOKED
    assert town.balance(CARD_A) == 4


async def test_stopping_finishes_what_was_taken_and_takes_nothing_more(town: Town) -> None:
    async with running(town) as writer:
        gate = new_gate()
        gated = asyncio.create_task(writer.book(gate, LONG))
        assert await asyncio.to_thread(gate.reached.wait, LONG)
        taken = [
            asyncio.create_task(writer.book(grant_command(CARD_A, 1), LONG)) for _ in range(200)
        ]
        await waiting(writer, 200)
        stopping = asyncio.create_task(writer.stop())
        await until(lambda: writer._stopping)
        with pytest.raises(StoppingError):
            await writer.book(grant_command(CARD_A, 1), LONG)
        gate.let_go.set()
        await stopping
        await gated
        assert {(await task).outcome for task in taken} == {Outcome.BOOKED}
    assert town.balance(CARD_A) == 200


async def test_a_locked_database_is_told_to_all_and_the_thread_lives_on(town: Town) -> None:
    async with running(town) as writer:
        grants = [grant_command(CARD_A, 1) for _ in range(5)]
        await writer.run(lambda database: database.connection().execute("SELECT 1").fetchone())

        def be_impatient(database: Database) -> None:
            impatient = "PRAGMA busy_timeout = 20" if town.is_sqlite else "SET lock_timeout = 20"
            database.execute_sql(impatient)

        await writer.run(be_impatient)
        other = town.database
        with other.connection_context():
            other.execute_sql("BEGIN IMMEDIATE" if town.is_sqlite else "BEGIN")
            if not town.is_sqlite:
                other.execute_sql("LOCK TABLE counter, session")
            answers = await asyncio.gather(
                *(writer.book(grant, LONG) for grant in grants), return_exceptions=True
            )
            assert {type(answer) for answer in answers} == {StoreUnavailableError}
            with pytest.raises(StoreUnavailableError):
                await writer.run(write_something)
            other.execute_sql("ROLLBACK")
        again = await asyncio.gather(*(writer.book(grant, LONG) for grant in grants))
    assert {one.outcome for one in again} == {Outcome.BOOKED}
    assert town.balance(CARD_A) == 5


async def test_a_clock_that_went_back_is_told_to_all(town: Town) -> None:
    async with running(town) as writer:
        await writer.book(grant_command(CARD_A, 1), LONG)
        town.clock.advance(minutes=-1)
        with pytest.raises(ClockWentBackError):
            await writer.book(grant_command(CARD_A, 1), LONG)
        town.clock.advance(minutes=1)
        assert (await writer.book(grant_command(CARD_A, 1), LONG)).outcome == Outcome.BOOKED


async def test_a_fault_of_one_command_is_its_own(town: Town) -> None:
    def broken(_answer: object) -> bytes:
        raise ZeroDivisionError("a fault of ours")

    async with running(town) as writer:
        await writer.book(grant_command(CARD_A, 100), LONG)
        async with held(writer):
            tasks = [
                asyncio.create_task(writer.book(command, LONG))
                for command in (
                    spend_command(CARD_A, 1),
                    spend_command(CARD_A, 1, encode=broken),
                    spend_command(CARD_A, 1),
                )
            ]
            await waiting(writer, 3)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    kinds = [type(answer) for answer in answers]
    assert kinds == [Operation, CommandFailedError, Operation]
    assert town.balance(CARD_A) == 98


async def test_jobs_run_between_batches_in_their_turn(town: Town) -> None:
    async with running(town) as writer:
        async with held(writer):
            tasks: list[asyncio.Task[Any]] = []

            def count(database: Database) -> int:
                rows = database.execute_sql("SELECT count(*) FROM ledger_transaction")
                return int(rows.fetchone()[0])

            for _ in range(2):
                tasks.append(asyncio.create_task(writer.book(grant_command(CARD_A, 1), LONG)))
                tasks.append(asyncio.create_task(writer.run(count)))
                await waiting(writer, len(tasks))
        done = await asyncio.gather(*tasks)
    assert [done[1], done[3]] == [1, 2]


async def test_a_job_that_fails_changes_nothing(town: Town) -> None:
    def fail(database: Database) -> None:
        database.execute_sql("UPDATE citizen SET revoked_at = 1")
        raise Refusal("TERMINAL_WITHDRAWN")

    before = town.dump()
    async with running(town) as writer:
        with pytest.raises(Refusal):
            await writer.run(fail)
        with pytest.raises(StoreUnavailableError):
            await writer.run(lambda database: database.execute_sql("SELECT * FROM nowhere"))
    assert town.dump() == before


async def test_confirming_is_shared_by_those_who_wait(town: Town) -> None:
    async with running(town) as writer:
        await writer.book(grant_command(CARD_A, 1), LONG)
        before = town.rows("SELECT checks FROM booking_check")
        async with held(writer):
            tasks = [asyncio.create_task(writer.confirm()) for _ in range(20)]
            await waiting(writer, 1)
            assert len(writer._waiting) == 1
        await asyncio.gather(*tasks)
        after = town.rows("SELECT checks FROM booking_check")
        assert writer._confirmation is None
        await writer.confirm()
    if town.is_sqlite:
        assert after == before, "what can be read there is on disk"
    else:
        assert after == [(1,)], "the standby has it once a later commit is there"


async def test_a_confirmation_that_has_begun_is_not_shared(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read after it began may be newer than what it makes durable."""
    begun, let_go, count = threading.Event(), threading.Event(), itertools.count()

    def slow(_booker: Booker) -> None:
        if next(count) == 0:
            begun.set()
            assert let_go.wait(LONG)

    monkeypatch.setattr(Booker, "confirm", slow)
    async with running(town) as writer:
        first = asyncio.create_task(writer.confirm())
        assert await asyncio.to_thread(begun.wait, LONG)
        second = asyncio.create_task(writer.confirm())
        await waiting(writer, 1)
        let_go.set()
        await asyncio.gather(first, second)
    assert next(count) == 2


async def test_whose_deadline_passes_while_the_database_is_silent_is_told(town: Town) -> None:
    silent = StoreUnavailableError("it has not answered for 2 s", Trouble.SILENT)
    async with running(town) as writer:
        gate = new_gate()
        served = asyncio.create_task(writer.book(gate, 5.0))
        assert await asyncio.to_thread(gate.reached.wait, LONG)
        soon = asyncio.create_task(writer.book(grant_command(CARD_A, 100), 5.0))
        later = asyncio.create_task(writer.book(grant_command(CARD_A, 7), 60.0))
        await waiting(writer, 2)
        writer.relieve(10.0, silent)
        for task in (served, soon):
            with pytest.raises(StoreUnavailableError, match="has not answered"):
                await task
        gate.let_go.set()
        assert (await later).outcome == Outcome.BOOKED
    assert town.balance(CARD_A) == 7, "what waited and was told so is not booked"


async def test_stopping_does_not_wait_for_a_database_that_hangs(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writing, "STOP_SECONDS_MAX", 0.2)
    writer = Writer(town.database, lambda opened: open_booker(opened, town.clock))
    gate = new_gate()
    served = asyncio.create_task(writer.book(gate, LONG))
    assert await asyncio.to_thread(gate.reached.wait, LONG)
    waits = asyncio.create_task(writer.book(grant_command(CARD_A, 1), LONG))
    await waiting(writer, 1)
    await writer.stop()
    assert "the database does not answer: stopping without it" in caplog.text
    with pytest.raises(StoppingError):
        await waits
    gate.let_go.set()
    await served
    await asyncio.to_thread(writer._thread.join, LONG)
    assert town.balance(CARD_A) == 0
