"""An agent with a reader of software, the demo town's server behind it, and Node's packages."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from counter_tui import texts
from counter_tui.agent.desk import Desk
from counter_tui.agent.pass_file import AgentPass, new_token, write_pass
from counter_tui.agent.servicer import AgentServicer, serve
from counter_tui.calls.server import Calls
from counter_tui.virtual.reader import VirtualReader, boxed_cards
from server.upkeep.demo_data import TERMINAL
from tests.end_to_end.support import Place, SettableClock, serving
from tests.examples.node import install_node_examples
from tests.examples.serving import ServedTown, new_authority, served_town


class AtStreet:
    """What the street's program has before it: the agent's file, and a reader."""

    def __init__(self, place: Place, agent_json: Path, reader: VirtualReader) -> None:
        self.place = place
        self.agent_json = agent_json
        self.reader = reader


@pytest.fixture
async def at_street(tmp_path: Path) -> AsyncIterator[AtStreet]:
    texts.use("ja")
    clock = SettableClock()
    place = await asyncio.to_thread(Place.make, tmp_path / "town", clock)
    reader = VirtualReader(boxed_cards(place.folder / "cards"))
    async with serving(place, clock) as address:
        calls, token = Calls(address), new_token()
        credentials = TERMINAL, place.town.password, bytes(32)
        desk = Desk(reader, calls.terminals, calls.service_ids, credentials)
        running, port = await serve(AgentServicer(desk, token), "127.0.0.1:0")
        following = asyncio.create_task(desk.follow())
        path = write_pass(place.state, AgentPass(f"127.0.0.1:{port}", token))
        yield AtStreet(place, path, reader)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await running.stop(None)
        await calls.close()


@pytest.fixture(scope="session")
def node_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the Node examples, with their packages."""
    return install_node_examples(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def served_by_tls(
    authority: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedTown]:
    """A town whose server speaks TLS, with a certificate that the authority signed."""
    folder = tmp_path_factory.mktemp("api-tls") / "town"
    tls = authority.with_name("server.pem"), authority.with_name("server.key")
    with served_town(folder, tls) as served:
        yield served
