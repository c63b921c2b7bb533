"""Fixtures for carrying a ledger from one database to another."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.ledger.booker import Booker
from server.upkeep.exporting import export_ledger
from tests.engines import NAMES, TestEngine
from tests.server.support import Town
from tests.server.upkeep.carried import fill


@pytest.fixture
def carried(town: Town, booker: Booker) -> Town:
    """A town with something in every table that is carried."""
    fill(town, booker)
    return town


@pytest.fixture
def exported(carried: Town, tmp_path: Path) -> Path:
    """Its export."""
    path = tmp_path / "town.jsonl"
    export_ledger(carried.database, path)
    return path


@pytest.fixture(scope="session")
def export_once(
    find_engine: Callable[[str], TestEngine],
    find_template: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> bytes:
    """The content of such an export, for tests that change it."""
    folder = tmp_path_factory.mktemp("export")
    with find_engine("sqlite").database(folder, find_template("sqlite")) as url:
        town = Town(url)
        with town.booker() as booker:
            fill(town, booker)
        export_ledger(town.database, folder / "town.jsonl")
    return (folder / "town.jsonl").read_bytes()


@pytest.fixture(params=NAMES)
def target(
    request: pytest.FixtureRequest, find_engine: Callable[[str], TestEngine], tmp_path: Path
) -> Iterator[str]:
    """The URL of a database without anything in it, on each engine."""
    folder = tmp_path / "target"
    folder.mkdir()
    with find_engine(request.param).database(folder) as url:
        yield url
