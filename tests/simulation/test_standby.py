"""A primary that is lost while its standby is cut off takes no answer with it (LED-5).

On SQLite alone: a copy of its file is the standby. `make simulate SEEDS=1000` plays so many.
"""

import pytest

from tests.simulation.simulator import Simulator
from tests.simulation.standby import WorldWithStandby
from tests.simulation.stores import Fault
from tests.simulation.test_simulation import BLOCK, FIRST_SEED, SEEDS

EVERY = 4
"""Of the seeds of the other worlds."""

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + SEEDS, BLOCK * EVERY))
def test_seeds(simulator: Simulator, first: int) -> None:
    for seed in range(first, min(first + BLOCK * EVERY, FIRST_SEED + SEEDS), EVERY):
        simulator.run(seed, of_world=WorldWithStandby)


@pytest.mark.parametrize("fault", [Fault.CANCELLED_WAIT_IS_SUCCESS, Fault.REPEATS_NOT_CONFIRMED])
def test_it_finds(simulator: Simulator, fault: Fault) -> None:
    assert simulator.finds(fault, WorldWithStandby)
