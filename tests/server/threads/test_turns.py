"""Turns go round the names, within their bounds, whoever comes, leaves and takes its time."""

import asyncio
from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ledger.writer import QueueFullError
from server.threads.turns import Bounds, Turns

NAMES = "abcd"


class Step(NamedTuple):
    kind: str
    name: str
    number: int
    pause: int
    """How often others run between two things that come close to each other."""


STEPS = st.builds(
    Step,
    st.sampled_from(["come", "come", "come", "end", "leave", "end and leave", "leave and end"]),
    st.sampled_from(NAMES),
    st.integers(0),
    st.integers(0, 3),
)
BOUNDS = st.builds(
    Bounds,
    at_once=st.integers(1, 3),
    waiting_max=st.integers(1, 6),
    each_at_once=st.none() | st.integers(1, 2),
    each_max=st.none() | st.integers(1, 4),
)


class Someone:
    """Comes for a turn, and has it until its end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.may_end = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Played:
    """Turns under way, and what has been seen of them."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.turns = Turns(bounds)
        self.waiting: list[Someone] = []
        self.having: list[Someone] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.passed_over: dict[str, Counter[str]] = {}
        """For each name that waits and may have a turn, who has had turns since its last."""

    async def have(self, one: Someone) -> None:
        async with self.turns.taken(one.name):
            assert one is next(other for other in self.waiting if other.name == one.name)
            self.waiting.remove(one)
            self._count(one.name)
            self.having.append(one)
            try:
                await one.may_end.wait()
            finally:
                self.having.remove(one)
                self.passed_over.pop(one.name, None)

    async def come(self, name: str) -> None:
        one = Someone(name)
        of_name = sum(other.name == name for other in (*self.waiting, *self.having))
        is_full = len(self.waiting) >= self.bounds.waiting_max
        is_full |= self.bounds.each_max is not None and of_name >= self.bounds.each_max
        self.waiting.append(one)
        one.task = asyncio.create_task(self.have(one))
        self.tasks.append(one.task)
        await settled()
        if is_full:
            assert isinstance(one.task.exception(), QueueFullError)
            self.waiting.remove(one)

    def end(self, number: int) -> None:
        if self.having:
            self.having[number % len(self.having)].may_end.set()

    def leave(self, number: int) -> None:
        everyone = [*self.waiting, *self.having]
        if everyone:
            one = everyone[number % len(everyone)]
            if one in self.waiting:
                self.waiting.remove(one)
                self.passed_over.pop(one.name, None)  # it may have had its turn just now
            assert one.task is not None
            one.task.cancel()

    def check(self) -> None:
        """Nobody has more turns than it may, nobody waits in vain, and nobody is passed over."""
        taken = Counter(one.name for one in self.having)
        assert len(self.having) <= self.bounds.at_once
        assert all(self.may(name, taken, add=0) for name in taken)
        could = {one.name for one in self.waiting if self.may(one.name, taken)}
        assert not could or len(self.having) == self.bounds.at_once
        waiting = {one.name for one in self.waiting}
        self.passed_over = {
            name: self.passed_over.get(name, Counter()) for name in waiting if name in could
        }
        for name, others in self.passed_over.items():
            assert max(others.values(), default=0) <= 1, (name, others)

    def may(self, name: str, taken: Counter[str], add: int = 1) -> bool:
        most = self.bounds.each_at_once
        return most is None or taken[name] + add <= most

    def _count(self, name: str) -> None:
        self.passed_over.pop(name, None)
        for others in self.passed_over.values():
            others[name] += 1


async def settled(ticks: int = 8) -> None:
    for _ in range(ticks):
        await asyncio.sleep(0)


@given(bounds=BOUNDS, steps=st.lists(STEPS, min_size=10, max_size=60))
def test_nobody_has_a_second_turn_while_somebody_waits_for_a_first(
    bounds: Bounds, steps: list[Step]
) -> None:
    async def play() -> None:
        played = Played(bounds)
        for step in steps:
            for kind in step.kind.split(" and "):
                if kind == "come":
                    await played.come(step.name)
                elif kind == "end":
                    played.end(step.number)
                else:
                    played.leave(step.number)
                await settled(step.pause)
            await settled()
            played.check()
        while played.having:
            played.end(0)
            await settled()
            played.check()
        assert not played.waiting, "everybody has had a turn"
        for told in await asyncio.gather(*played.tasks, return_exceptions=True):
            assert told is None or isinstance(told, QueueFullError | asyncio.CancelledError)

    asyncio.run(play())


async def test_sixteen_of_one_do_not_keep_others_waiting() -> None:
    """The order in which turns are had, one at a time."""
    turns, order = Turns(Bounds(at_once=1, waiting_max=100)), []

    async def have(name: str) -> None:
        async with turns.taken(name):
            order.append(name)
            await asyncio.sleep(0)

    names = ["rogue"] * 16 + ["b", "c", "b"]
    await asyncio.gather(*(have(name) for name in names))
    assert order[:6] == ["rogue", "b", "c", "rogue", "b", "rogue"]
    assert Counter(order) == Counter(names)


async def test_who_leaves_just_before_its_turn_comes_is_passed_over() -> None:
    turns = Turns(Bounds(at_once=1, waiting_max=3))
    await turns.take("a")
    leaving, staying = (asyncio.create_task(turns.take(name)) for name in "bc")
    await asyncio.sleep(0)
    leaving.cancel()
    turns.give_back("a")
    await asyncio.wait_for(staying, 1)
    assert leaving.cancelled()
    turns.give_back("c")
    await asyncio.wait_for(turns.take("b"), 1)


async def test_who_leaves_as_its_turn_comes_keeps_it_from_nobody() -> None:
    turns = Turns(Bounds(at_once=1, waiting_max=2))
    await turns.take("a")
    leaving = asyncio.create_task(turns.take("b"))
    await asyncio.sleep(0)
    turns.give_back("a")
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await asyncio.wait_for(turns.take("c"), 1)
