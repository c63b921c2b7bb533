"""PostgreSQL goes away and comes back, or cuts a connection at the worst moment."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.app import RunningServer, start
from server.ledger.verify import verify
from tests.engines import PostgresEngine
from tests.integration.support import Client, spend_request
from tests.server.support import CARD_A, Town, build_town, grant_command, granted

SECONDS_MAX = 20


class Proxy:
    """Stands between the server and PostgreSQL, and can cut a connection after its COMMIT."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        (folder,) = parse_qs(parts.query)["host"]
        self._target = f"{folder}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}{parts.path}?sslmode=disable"
        self.cut_next_commit = False
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                inside, _ = self._listener.accept()
            except OSError:
                return
            outside = socket.socket(socket.AF_UNIX)
            try:
                outside.connect(self._target)
            except OSError:  # PostgreSQL is down
                inside.close()
                continue
            for pair in ((inside, outside, True), (outside, inside, False)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, to_server: bool) -> None:
        try:
            while content := source.recv(1 << 16):
                if to_server and self.cut_next_commit and b"COMMIT" in content:
                    self.cut_next_commit = False
                    self.cuts += 1
                    source.shutdown(socket.SHUT_RDWR)  # the answer finds nobody
                target.sendall(content)
        except OSError:
            pass
        finally:
            for one in (source, target):
                try:
                    one.shutdown(socket.SHUT_WR)
                except OSError:
                    continue


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresEngine]:
    """A server of one's own, to stop and start."""
    engine = PostgresEngine(tmp_path_factory.mktemp("postgres"), durable=True)
    yield engine
    engine.stop()


@pytest.fixture
def proxy(postgres: PostgresEngine, tmp_path: Path) -> Iterator[Proxy]:
    url = postgres.new(tmp_path)
    build_town(url)
    made = Proxy(url)
    yield made
    made.close()


@pytest.fixture
def town(proxy: Proxy) -> Town:
    """A town behind the proxy."""
    town = Town(proxy.url)
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
    return town


@pytest.fixture
async def running(town: Town) -> AsyncIterator[RunningServer]:
    server = await start(town.database, town.vault, "127.0.0.1:0", town.clock, town.chance)
    yield server
    await server.stop(1)


@pytest.fixture
async def client(running: RunningServer) -> AsyncIterator[Client]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}") as channel:
        client = Client(channel)
        await client.sign_in()
        yield client


async def insist(client: Client, points: int) -> None:
    """Spend, repeating the same request for as long as the ledger cannot be written."""
    request = spend_request(CARD_A, points)
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            try:
                await client.spend(request)
                return
            except grpc.aio.AioRpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                await asyncio.sleep(0.05)


async def health(client: Client, wanted: int) -> None:
    """Wait until the health service says so."""
    stub = health_pb2_grpc.HealthStub(client.channel)
    async with asyncio.timeout(SECONDS_MAX):
        async for answer in stub.Watch(health_pb2.HealthCheckRequest()):  # type: ignore[attr-defined]
            if answer.status == wanted:
                return


async def test_an_answer_lost_after_the_commit_is_given_at_the_repetition(
    proxy: Proxy, town: Town, client: Client
) -> None:
    request = spend_request(CARD_A, 300)
    proxy.cut_next_commit = True
    told = await client.refusal("PointService/Spend", request)
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    assert proxy.cuts == 1
    again = await client.spend(request)
    assert again.balance_after == 700
    assert town.rows("SELECT count(*) FROM ledger_transaction WHERE kind = 'SPEND'") == [(1,)]
    assert verify(town.database).fault is None


async def test_connections_that_were_ended_are_made_again(
    postgres: PostgresEngine, town: Town, client: Client
) -> None:
    await client.spend(spend_request(CARD_A, 1))
    for _ in range(3):
        postgres.administer(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'ledger_%'"
        )
        await insist(client, 1)
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                try:
                    await client.usable(CARD_A)
                    break
                except grpc.aio.AioRpcError as error:
                    assert error.code() == grpc.StatusCode.UNAVAILABLE, error
    assert town.balance(CARD_A) == 1000 - 4


async def test_the_database_stops_and_starts_again(
    postgres: PostgresEngine, town: Town, client: Client
) -> None:
    await client.spend(spend_request(CARD_A, 1))
    await asyncio.to_thread(postgres.crash)
    for method, request in (
        ("PointService/Spend", spend_request(CARD_A, 1)),
        ("PointService/ListUsablePoints", b"\x0a\x02A1"),
    ):
        told = await client.refusal(method, request)
        assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    await health(client, health_pb2.HealthCheckResponse.NOT_SERVING)
    await asyncio.to_thread(postgres.start_again)
    await insist(client, 1)
    await health(client, health_pb2.HealthCheckResponse.SERVING)
    assert town.balance(CARD_A) == 1000 - 2
