"""The simulation runs on each engine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.db.queries import change
from tests.engines import TestEngine
from tests.server.conftest import engine, find_template
from tests.server.support import Town
from tests.simulation.simulator import Simulator
from tests.simulation.values import CITIZEN_DAY_MAX, EVENT, PROGRAM, TERMINAL_DAY_MAX

__all__ = ["engine", "find_template"]


@pytest.fixture(scope="module")
def template(
    engine: TestEngine,
    find_template: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The template town, whose municipality has set limits, and whose event goes on."""
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
            change(
                database,
                """UPDATE program SET points_per_use_max = NULL, service_until = '2100-12-31'
                WHERE program_id = ?""",
                EVENT,
            )
        yield url


@pytest.fixture
def simulator(engine: TestEngine, template: str, tmp_path: Path) -> Simulator:
    return Simulator(engine, template, tmp_path)
