"""Fixtures of the server's tests: each test gets a town of its own, on each engine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.ledger.booker import Booker
from tests.engines import NAMES, TestEngine
from tests.server.support import Town, build_town


@pytest.fixture(scope="session", params=NAMES)
def engine(request: pytest.FixtureRequest, find_engine: Callable[[str], TestEngine]) -> TestEngine:
    return find_engine(request.param)


@pytest.fixture(scope="session")
def find_template(
    find_engine: Callable[[str], TestEngine], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Gives the URL of the template town on an engine."""
    made: dict[str, str] = {}

    def find(name: str) -> str:
        if name not in made:
            made[name] = find_engine(name).new(tmp_path_factory.mktemp("template"))
            build_town(made[name])
        return made[name]

    return find


@pytest.fixture
def town(engine: TestEngine, find_template: Callable[[str], str], tmp_path: Path) -> Iterator[Town]:
    with engine.database(tmp_path, find_template(engine.name)) as url:
        yield Town(url)


@pytest.fixture
def booker(town: Town) -> Iterator[Booker]:
    with town.booker() as opened:
        yield opened
