"""Work that costs runs in threads, in its callers' turns, and keeps nobody from leaving."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ledger.writer import QueueFullError
from server.threads.costly import ASKING, PASSWORDS, STRANGERS_PASSWORDS, Pool
from server.threads.turns import Bounds

SECONDS_MAX = 20
ONE = Bounds(at_once=1, waiting_max=10)


class Gate:
    """Work that is done once it may."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = threading.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> str:
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self.may_end.wait(SECONDS_MAX)
        return "done"


async def begun(pool: Pool, caller: str) -> "tuple[Gate, asyncio.Task[str]]":
    gate = Gate()
    task = asyncio.create_task(pool.run(caller, gate))
    await asyncio.wait_for(gate.begun.wait(), SECONDS_MAX)
    return gate, task


async def test_what_the_work_returns_and_raises() -> None:
    pool = Pool("work", ONE)
    assert await pool.run("a", threading.get_ident) != threading.get_ident()

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await pool.run("a", fail)
    assert await pool.run("a", lambda: 1) == 1, "the turn was given back"


async def test_a_caller_that_leaves_while_it_waits_costs_nothing() -> None:
    pool, done = Pool("work", ONE), []
    gate, first = await begun(pool, "a")
    leaving = asyncio.create_task(pool.run("b", lambda: done.append("b")))
    staying = asyncio.create_task(pool.run("c", lambda: done.append("c")))
    await asyncio.sleep(0)
    leaving.cancel()
    gate.may_end.set()
    await asyncio.gather(first, staying)
    assert done == ["c"]


async def test_a_caller_that_leaves_keeps_its_turn_until_the_work_is_done() -> None:
    """So that calling and leaving, over and over, begins no more threads than there may be."""
    pool = Pool("work", ONE)
    gate, leaving = await begun(pool, "a")
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    next_one = asyncio.create_task(pool.run("b", lambda: "next"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not next_one.done()
    gate.may_end.set()
    assert await asyncio.wait_for(next_one, SECONDS_MAX) == "next"


async def test_work_that_fails_after_its_caller_has_left_is_nobody_s() -> None:
    pool = Pool("work", ONE)
    may_end = threading.Event()

    def fail() -> None:
        may_end.wait(SECONDS_MAX)
        raise ValueError("nobody hears it")

    leaving = asyncio.create_task(pool.run("a", fail))
    await asyncio.sleep(0)
    leaving.cancel()
    may_end.set()
    assert await asyncio.wait_for(pool.run("a", lambda: 1), SECONDS_MAX) == 1


async def test_one_turn_runs_one_work_after_the_other() -> None:
    async with Pool("work", ONE).turn("a") as run:
        assert [await run(lambda: 1), await run(lambda: 2)] == [1, 2]


@given(callers=st.lists(st.sampled_from("abc"), max_size=30), at_once=st.integers(1, 4))
def test_no_more_threads_than_there_may_be(callers: list[str], at_once: int) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1

    async def play() -> None:
        pool = Pool("work", Bounds(at_once, waiting_max=30, each_max=6))
        calls = (pool.run(caller, work) for caller in callers)
        told = await asyncio.gather(*calls, return_exceptions=True)
        refused = sum(isinstance(one, QueueFullError) for one in told)
        assert refused == sum(max(0, callers.count(caller) - 6) for caller in "abc")

    asyncio.run(play())
    assert most <= at_once


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has the process's niceness")
async def test_threads_that_give_way_do_so_alone() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    own = niceness()
    assert await Pool("work", ONE, niceness=5).run("a", niceness) == min(own + 5, 19)
    assert niceness() == own


HANGING = """
import asyncio, threading
from server.threads.costly import Pool
from server.threads.turns import Bounds

async def main():
    pool = Pool("work", Bounds(at_once=1, waiting_max=1))
    try:
        await asyncio.wait_for(pool.run("a", threading.Event().wait), 0.1)
    except TimeoutError:
        print("left")

asyncio.run(main())
"""


def test_work_that_hangs_keeps_no_process_from_ending() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGING],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=True,
    )
    assert (ended.stdout, ended.stderr) == ("left\n", "")


def test_every_pool_has_a_bound_and_a_share_for_each_caller() -> None:
    for bounds in (PASSWORDS, STRANGERS_PASSWORDS, ASKING):
        assert bounds.each_max is not None
        assert bounds.each_max < bounds.waiting_max
        assert bounds.at_once == 1 or (bounds.each_at_once or 99) < bounds.at_once
