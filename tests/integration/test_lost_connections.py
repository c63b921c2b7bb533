"""PostgreSQL goes away and comes back, or cuts a connection at the worst moment (LED-5)."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from jichipoint.v1 import points_pb2

from server.db.engine import open_database
from server.ledger.postgres_store import PostgresReader, PostgresStore
from server.serving import pulse
from server.serving.app import RunningServer, start
from server.upkeep.verify import verify
from tests.engines import PostgresEngine, new_folder
from tests.integration.proxy import Cut, Proxy
from tests.integration.support import Client, spend_request
from tests.server.support import CARD_A, Town, build_town, grant_command, granted

SECONDS_MAX = 20
KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}
OURS = "FROM pg_stat_activity WHERE application_name = 'jichipoint-server'"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresEngine]:
    """A server of one's own, to stop and start."""
    engine = PostgresEngine(new_folder(), durable=True)
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
def beats_apart() -> float:
    """Seconds between two checks of the pulse, each of which commits as a booking does."""
    return 0.05


@pytest.fixture
async def running(
    town: Town, beats_apart: float, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningServer]:
    monkeypatch.setattr(pulse, "SECONDS", beats_apart)
    server = await start(town.ledger, "127.0.0.1:0", town.clock, town.chance)
    yield server
    await server.stop(1)


async def connected(channel: grpc.aio.Channel) -> Client:
    client = Client(channel)
    await client.sign_in()
    return client


@pytest.fixture
async def client(running: RunningServer) -> AsyncIterator[Client]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}") as channel:
        yield await connected(channel)


async def insist(client: Client, points: int) -> points_pb2.SpendResponse:
    """Spend, repeating the same request for as long as the ledger cannot be written."""
    return await insist_on(client, spend_request(CARD_A, points))


async def insist_on(client: Client, request: points_pb2.SpendRequest) -> points_pb2.SpendResponse:
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            try:
                return await client.spend(request)
            except grpc.aio.AioRpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                await asyncio.sleep(0.01)


async def health(channel: grpc.aio.Channel, wanted: int) -> None:
    """Wait until the health service says so."""
    stub = health_pb2_grpc.HealthStub(channel)
    async with asyncio.timeout(SECONDS_MAX):
        async for answer in stub.Watch(health_pb2.HealthCheckRequest()):  # type: ignore[attr-defined]
            if answer.status == wanted:
                return


def spends(town: Town) -> int:
    ((count,),) = town.rows("SELECT count(*) FROM ledger_transaction WHERE kind = 'SPEND'")
    return int(count)


@pytest.mark.parametrize("beats_apart", [3600.0])
@pytest.mark.parametrize(
    ("cut", "booked_by_the_first"), [(Cut.AFTER_COMMIT, 1), (Cut.BEFORE_COMMIT, 0)]
)
async def test_a_commit_in_doubt_is_cleared_up_by_the_repetition(
    proxy: Proxy, town: Town, client: Client, cut: Cut, booked_by_the_first: int
) -> None:
    request = spend_request(CARD_A, 300)
    proxy.cut_next = cut
    told = await client.refusal("PointService/Spend", request)
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    assert proxy.cuts == 1
    assert spends(town) == booked_by_the_first
    again = await client.spend(request)
    assert again.balance_after == 700
    assert await client.spend(request) == again
    assert spends(town) == 1
    assert verify(town.database).fault is None


@pytest.mark.parametrize("beats_apart", [3600.0])
async def test_a_whole_batch_in_doubt_is_booked_once_each(
    proxy: Proxy, town: Town, client: Client
) -> None:
    for cut in (*Cut, *Cut):
        proxy.cut_next = cut
        answers = await asyncio.gather(*(insist(client, 1) for _ in range(30)))
        assert len({answer.transaction_number for answer in answers}) == 30
    assert proxy.cuts == 4
    assert spends(town) == 120
    assert town.balance(CARD_A) == 1000 - 120
    assert verify(town.database).fault is None


async def test_connections_that_were_ended_under_load_are_made_again(
    postgres: PostgresEngine, town: Town, running: RunningServer, client: Client
) -> None:
    stopping = asyncio.Event()

    async def load() -> int:
        booked = 0
        while not stopping.is_set():
            await insist(client, 1)
            booked += 1
        return booked

    clients = [asyncio.create_task(load()) for _ in range(8)]
    for _ in range(20):
        await insist(client, 1)
        ended = await asyncio.to_thread(
            postgres.administer, f"SELECT pg_terminate_backend(pid) {OURS}"
        )
        assert ended, "there was a connection to end"
    stopping.set()
    booked = 20 + sum(await asyncio.gather(*clients))
    assert booked > 40
    assert spends(town) == booked
    assert town.balance(CARD_A) == 1000 - booked
    assert verify(town.database).fault is None


async def test_a_read_notices_nothing_of_a_connection_that_was_ended(
    postgres: PostgresEngine, town: Town, client: Client
) -> None:
    for _ in range(6):
        await asyncio.to_thread(postgres.administer, f"SELECT pg_terminate_backend(pid) {OURS}")
        town.clock.advance(seconds=6)
        found = await asyncio.gather(*(client.usable(CARD_A) for _ in range(4)))
        assert {one.usable_points[0].balance for one in found} == {1000}


async def test_the_database_stops_and_starts_again(
    postgres: PostgresEngine, town: Town, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    await client.spend(spend_request(CARD_A, 1))
    await asyncio.to_thread(postgres.crash)
    request = spend_request(CARD_A, 1)
    card = points_pb2.ListUsablePointsRequest(certificate_serial_number=CARD_A)
    for method, message in (
        ("PointService/Spend", request),
        ("PointService/ListUsablePoints", card),
    ):
        told = await client.refusal(method, message)
        assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    await health(client.channel, NOT_SERVING)
    assert "nothing can be booked (UNREACHABLE)" in caplog.text
    town.clock.advance(seconds=6)
    told = await client.refusal("PointService/Spend", request)
    assert told.reason == "STORE_UNAVAILABLE", "the session cannot be read again"
    await asyncio.to_thread(postgres.start_again)
    await health(client.channel, SERVING)
    assert (await client.spend(request)).balance_after == 1000 - 2
    assert (await client.usable(CARD_A)).usable_points[0].balance == 1000 - 2


async def test_a_server_that_starts_while_the_database_is_away_waits_for_it(
    postgres: PostgresEngine, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "SECONDS", 0.05)
    await asyncio.to_thread(postgres.crash)
    try:
        server = await start(town.ledger, "127.0.0.1:0", town.clock, town.chance)
    finally:
        await asyncio.to_thread(postgres.start_again)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            await health(channel, SERVING)
            await insist(await connected(channel), 1)
    finally:
        await server.stop(1)


async def test_a_database_that_hangs_is_told_by_health(
    postgres: PostgresEngine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "CHECK_SECONDS_MAX", 0.5)
    await client.spend(spend_request(CARD_A, 1))
    pids = [pid for (pid,) in postgres.administer(f"SELECT pid {OURS}")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        await health(client.channel, NOT_SERVING)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    await health(client.channel, SERVING)
    await client.spend(spend_request(CARD_A, 1))


@contextmanager
def frozen(postgres: PostgresEngine, *, whole: bool = False) -> Iterator[None]:
    """Stop the backends of our connections, or all of PostgreSQL; the kernel goes on answering."""
    pids = [pid for (pid,) in postgres.administer(f"SELECT pid {OURS}")]
    if whole:
        pids = [int(postgres.server.get_pid() or 0), *pids]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for way in (PostgresStore, PostgresReader):
        monkeypatch.setattr(way, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(pulse, "CHECK_SECONDS_MAX", 0.2)


@pytest.mark.parametrize("beats_apart", [3600.0])
@pytest.mark.usefixtures("impatient")
async def test_connections_that_hang_are_left_for_others(
    postgres: PostgresEngine, town: Town, client: Client
) -> None:
    await client.spend(spend_request(CARD_A, 1))
    request = spend_request(CARD_A, 1)
    with frozen(postgres):
        told = await client.refusal("PointService/Spend", request)
        assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
        assert (await insist_on(client, request)).balance_after == 1000 - 2
    assert spends(town) == 2
    assert verify(town.database).fault is None


@pytest.mark.usefixtures("impatient")
async def test_a_server_stops_though_its_database_hangs(
    postgres: PostgresEngine, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "SECONDS", 0.05)
    server = await start(town.ledger, "127.0.0.1:0", town.clock, town.chance)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        client = await connected(channel)
        await client.spend(spend_request(CARD_A, 1))
        with frozen(postgres, whole=True):
            spending = asyncio.create_task(client.spend(spend_request(CARD_A, 1)))
            await health(channel, NOT_SERVING)
            async with asyncio.timeout(SECONDS_MAX):
                await server.stop(1)
            with pytest.raises(grpc.aio.AioRpcError) as told:
                await spending
            assert told.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_whose_time_is_up_while_the_database_hangs_is_told_why(
    postgres: PostgresEngine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "CHECK_SECONDS_MAX", 0.2)
    await client.spend(spend_request(CARD_A, 1))
    hurried = replace(client, timeout_seconds=3.0)
    with frozen(postgres):
        told = await hurried.refusal("PointService/Spend", spend_request(CARD_A, 1))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")


def test_a_network_that_falls_silent_is_given_up_in_seconds(town: Town) -> None:
    """Without these, a machine that is gone is waited for a quarter of an hour or more."""
    for query, expected in (("", "10000"), ("&tcp_user_timeout=3000", "3000")):
        database = open_database(town.url + query)
        with database.connection_context():
            told = database.connection().info.get_parameters()
        assert told["tcp_user_timeout"] == expected
        assert {name: int(told[name]) for name in KEEPALIVES} == KEEPALIVES
