"""Two hundred seeds on each engine in CI, more by `make simulate SEEDS=1000`.

And it finds planted faults.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from server.db.queries import change
from server.ledger.rules import give_back
from server.ledger.values import BookedEntry, Entry
from server.points import operations, reserving
from tests.engines import TestEngine
from tests.server.support import Town
from tests.simulation.model import CITIZEN_DAY_MAX, PROGRAM, TERMINAL_DAY_MAX
from tests.simulation.stores import Fault
from tests.simulation.world import World

SEEDS = int(os.environ.get("SEEDS", "200"))
FIRST_SEED = int(os.environ.get("FIRST_SEED", "0"))
BLOCK = 20
SEEDS_TO_FIND = 40


@dataclass
class Simulator:
    """Runs seeds, each in a town of its own; a failure names the seed."""

    engine: TestEngine
    template: str
    folder: Path

    def run(self, seed: int, fault: Fault = Fault.NONE, servers: int = 2) -> dict[str, Any]:
        """Run one seed and return the rows of all tables."""
        with self.engine.database(self.folder, self.template) as url:
            world = World(seed, Town(url), fault, servers)
            try:
                world.run()
            except Exception as error:
                world.stop()
                message = f"seed {seed} (FIRST_SEED={seed} SEEDS=1 replays it): {error!r}"
                raise AssertionError(message) from error
            return world.town.dump("schema_migration")

    def finds(self, fault: Fault = Fault.NONE) -> bool:
        """Whether one of the seeds fails."""
        for seed in range(SEEDS_TO_FIND):
            try:
                self.run(seed, fault, servers=1)
            except AssertionError:
                return True
        return False


@pytest.fixture(scope="module")
def template(
    engine: TestEngine,
    find_template: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The template town, whose municipality has set limits."""
    folder = tmp_path_factory.mktemp("limits")
    with engine.database(folder, find_template(engine.name)) as url:
        database = Town(url).database
        with database.connection_context():
            change(
                database,
                """UPDATE program SET points_per_citizen_day_max = ?,
                points_per_terminal_day_max = ? WHERE program_id = ?""",
                CITIZEN_DAY_MAX,
                TERMINAL_DAY_MAX,
                PROGRAM,
            )
        yield url


@pytest.fixture
def simulator(engine: TestEngine, template: str, tmp_path: Path) -> Simulator:
    return Simulator(engine, template, tmp_path)


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + SEEDS, BLOCK))
def test_seeds(simulator: Simulator, first: int) -> None:
    for seed in range(first, min(first + BLOCK, FIRST_SEED + SEEDS)):
        simulator.run(seed)


def test_a_seed_replays(simulator: Simulator) -> None:
    first, second = (simulator.run(7) for _ in range(2))
    assert first == second
    assert first["ledger_transaction"], "something was booked"


def test_it_finds_a_skipped_request_id_check(simulator: Simulator) -> None:
    assert simulator.finds(Fault.REQUEST_ID_NOT_LOOKED_UP)


def test_it_finds_an_answer_before_the_commit(simulator: Simulator) -> None:
    assert simulator.finds(Fault.ANSWERED_BEFORE_COMMIT)


def test_it_finds_a_return_to_a_wrong_lot(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_one_lot(entries: Iterable[BookedEntry], today: date) -> tuple[list[Entry], int]:
        booked = list(entries)
        last = [entry.lot for entry in booked if entry.lot is not None][-1:]
        moved = [entry._replace(lot=last[0]) if entry.lot else entry for entry in booked]
        return give_back(moved, today)

    monkeypatch.setattr(operations, "give_back", to_one_lot)
    monkeypatch.setattr(reserving, "give_back", to_one_lot)
    assert simulator.finds()
