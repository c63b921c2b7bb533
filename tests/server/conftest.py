"""Fixtures of the server's tests: each test gets a town of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.ledger.booker import Booker
from tests.server.support import Town, build_town, copy_town


@pytest.fixture(scope="session")
def town_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("town") / "template.db"
    build_town(path)
    return path


@pytest.fixture
def town(town_template: Path, tmp_path: Path) -> Town:
    return copy_town(town_template, tmp_path)


@pytest.fixture
def booker(town: Town) -> Iterator[Booker]:
    with town.booker() as opened:
        yield opened
