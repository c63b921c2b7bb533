"""Clocks that jump, on each engine; a half of the processes ask the database server's clock.

In CI twenty seeds on SQLite (forty in `make deep`) and an eighth of them on PostgreSQL; `make
simulate SEEDS=1000` plays so many on each. It finds a guard that is not there, and others that
let through what they should not.
"""

import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from peewee import Database

from server.jobs import nightly
from server.points.lapsing import LapseCommand
from server.timekeeping import looking
from server.timekeeping.confirming import newest_booking
from server.timekeeping.notes import newest_notes
from server.timekeeping.values import Signs
from tests.engines import TestEngine
from tests.server.support import Town
from tests.simulation.clocks import ClockWorld
from tests.sizes import size

SEEDS = int(os.environ.get("SEEDS", size(20, 40)))
FIRST_SEED = int(os.environ.get("FIRST_SEED", "0"))
BLOCK = 10
SEEDS_TO_FIND = 40


def play(engine: TestEngine, template: str, folder: Path, seed: int) -> int:
    """Play a seed; a failure names it. Return how often something lapsed."""
    with engine.database(folder, template) as url:
        world = ClockWorld(seed, Town(url))
        try:
            world.run()
        except Exception as error:
            message = f"seed {seed} (FIRST_SEED={seed} SEEDS=1 replays it): {error!r}"
            raise AssertionError(message) from error
        finally:
            world.stop()
        return world.lapsed


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + SEEDS, BLOCK))
def test_seeds_of_clocks(engine: TestEngine, template: str, tmp_path: Path, first: int) -> None:
    every = 1 if engine.name == "sqlite" or "SEEDS" in os.environ else 8
    seeds = range(first, min(first + BLOCK, FIRST_SEED + SEEDS), every)
    lapsed = [play(engine, template, tmp_path, seed) for seed in seeds]
    assert len(lapsed) < BLOCK or any(lapsed), "what is right to lapse has lapsed"


def finds(engine: TestEngine, template: str, folder: Path) -> bool:
    """Whether one of the seeds finds that points have lapsed too early."""
    for seed in range(SEEDS_TO_FIND):
        try:
            play(engine, template, folder, seed)
        except AssertionError as error:
            if "these had not lapsed" in str(error):
                return True
    return False


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_it_finds_that_there_is_no_guard(
    engine: TestEngine, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "held_back", lambda *_: None)
    monkeypatch.setattr(looking, "held_apart", lambda *_: None)
    assert finds(engine, template, tmp_path)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_it_finds_a_guard_that_believes_every_booking(
    engine: TestEngine, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def believing(database: Database, _now: int, _quiet: timedelta) -> Signs:
        note = next(iter(newest_notes(database, 1)), None)
        return Signs(note, newest_booking(database))

    monkeypatch.setattr(looking, "signs", believing)
    assert finds(engine, template, tmp_path)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_it_finds_a_run_that_goes_by_the_clock_while_it_books(
    engine: TestEngine, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_no_day(*given: object) -> LapseCommand:
        request, account, mykey_id, _ = given
        return LapseCommand(request, account, mykey_id, date.max)  # type: ignore[arg-type]

    monkeypatch.setattr(nightly, "LapseCommand", of_no_day)
    assert finds(engine, template, tmp_path)
