"""Runs seeds, and says which one failed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines import TestEngine
from tests.server.support import Town
from tests.simulation.stores import Fault
from tests.simulation.world import World

SEEDS_TO_FIND = 40
"""A planted fault is found within so many."""


@dataclass
class Simulator:
    """Runs seeds, each in a town of its own; a failure names the seed."""

    engine: TestEngine
    template: str
    folder: Path

    def run(
        self,
        seed: int,
        fault: Fault = Fault.NONE,
        servers: int = 2,
        of_world: type[World] = World,
    ) -> dict[str, Any]:
        """Run one seed and return the rows of all tables."""
        with self.engine.database(self.folder, self.template) as url:
            world = of_world(seed, Town(url), fault, servers)
            try:
                world.run()
            except Exception as error:
                world.stop()
                message = f"seed {seed} (FIRST_SEED={seed} SEEDS=1 replays it): {error!r}"
                raise AssertionError(message) from error
            return world.town.dump("schema_migration")

    def finds(self, fault: Fault = Fault.NONE, of_world: type[World] = World) -> bool:
        """Whether one of the seeds fails."""
        for seed in range(SEEDS_TO_FIND):
            try:
                self.run(seed, fault, servers=1, of_world=of_world)
            except AssertionError:
                return True
        return False
