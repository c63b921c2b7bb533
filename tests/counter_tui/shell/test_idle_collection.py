"""Garbage is collected when nobody waits."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from counter_tui.shell.idle_collection import (
    MANY_OBJECTS,
    QUIET_SECONDS,
    SECONDS_MAX,
    IdleCollection,
)


class Knot:
    """Garbage that only a collection finds."""

    def __init__(self) -> None:
        self.itself = self


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def knot() -> "weakref.ref[Knot]":
    return weakref.ref(Knot())


def test_collected_once_it_is_quiet() -> None:
    clock = Clock()
    collection = IdleCollection(clock)
    collection.begin()
    garbage = knot()
    assert not collection.look(), "nobody did anything"
    collection.worked()
    clock.seconds += QUIET_SECONDS / 2
    assert not collection.look()
    assert garbage() is not None
    clock.seconds += QUIET_SECONDS / 2
    assert collection.look()
    assert garbage() is None
    assert not collection.look()


def test_collected_at_last_where_it_is_never_quiet() -> None:
    clock = Clock()
    collection = IdleCollection(clock)
    collection.begin()
    garbage = knot()
    looks = 0
    collection.worked()
    while not collection.look():
        looks += 1
        clock.seconds += QUIET_SECONDS / 2
        collection.worked()
    assert garbage() is None
    assert looks == pytest.approx(SECONDS_MAX / (QUIET_SECONDS / 2), abs=1)


def test_collected_where_nobody_presses_a_key() -> None:
    """Such as overnight, while the network is looked for."""
    clock = Clock()
    collection = IdleCollection(clock)
    collection.begin()
    garbage = knot()
    clock.seconds += SECONDS_MAX - 1
    assert not collection.look()
    clock.seconds += 1
    assert collection.look()
    assert garbage() is None


def test_many_objects_are_collected_behind_a_screen() -> None:
    collection = IdleCollection(Clock())
    collection.begin()
    gc.collect()
    few = [knot() for _ in range(10)]
    collection.painted()
    assert all(one() for one in few), "that is left for when it is quiet"
    many = [knot() for _ in range(MANY_OBJECTS)]
    collection.painted()
    assert not any(one() for one in few + many)
