"""Towns to play in."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from counter_tui import texts
from server.clock import SystemClock
from tests.counter_tui.handover.conftest import (
    desktop,
    field,
    shared_desktop,
    shared_field,
    shared_server,
)
from tests.end_to_end.support import (
    Counter,
    Place,
    ServerProcess,
    SettableClock,
    counter_in_use,
    serving,
)

__all__ = ["desktop", "field", "shared_desktop", "shared_field", "shared_server"]


@pytest.fixture(scope="session")
def town_of_july(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place.make(tmp_path_factory.mktemp("towns") / "july", SettableClock())


@pytest.fixture(scope="session")
def town_of_now(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place.make(tmp_path_factory.mktemp("towns") / "now", SystemClock())


@pytest.fixture(autouse=True)
def _japanese_afterwards() -> Iterator[None]:
    yield
    texts.use("ja")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def place(town_of_july: Place, tmp_path: Path) -> Place:
    """A town whose clock is settable, for a server in this process."""
    return town_of_july.copy(tmp_path / "town")


@pytest.fixture
async def server(place: Place, clock: SettableClock) -> AsyncIterator[str]:
    async with serving(place, clock) as address:
        yield address


@pytest.fixture
async def counter(place: Place, server: str) -> AsyncIterator[Counter]:
    async with counter_in_use(place, server) as counter:
        yield counter


@pytest.fixture
def place_of_now(town_of_now: Place, tmp_path: Path) -> Place:
    """A town of the machine's own time, for a server that is a process."""
    return town_of_now.copy(tmp_path / "town")


@pytest.fixture
async def server_process(place_of_now: Place) -> AsyncIterator[ServerProcess]:
    process = ServerProcess(place_of_now)
    await process.start()
    yield process
    process.kill()
