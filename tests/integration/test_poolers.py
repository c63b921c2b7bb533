"""PgBouncer before PostgreSQL: sessions are pooled, transactions are refused, in one sentence."""

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.serving import pulse
from server.serving.app import start
from server.upkeep.verify import verify
from tests.engines import PostgresEngine, TestEngine
from tests.integration.pooler import pooler
from tests.integration.processes import command, write_key
from tests.integration.support import Client, refused, spend_request
from tests.server.support import CARD_A, Town, grant_command, granted

SECONDS_MAX = 60
LUCKY_MAX = 5
"""Of 50 bookings through a pooler that is known to exchange connections."""
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def url(
    find_engine: Callable[[str], TestEngine], find_template: Callable[[str], str], tmp_path: Path
) -> Iterator[str]:
    engine = find_engine("postgresql")
    assert isinstance(engine, PostgresEngine)
    with engine.database(tmp_path, find_template("postgresql")) as url:
        with Town(url).booker() as booker:
            granted(booker, grant_command(CARD_A, 1000))
        yield url


@asynccontextmanager
async def served(town: Town) -> AsyncIterator[Client]:
    server = await start(town.ledger, "127.0.0.1:0", town.clock, town.chance)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield Client(channel)
    finally:
        await server.stop(1)


@pytest.mark.parametrize("size", [2, 20])
@pytest.mark.parametrize("round_robin", [0, 1])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_one_that_exchanges_connections_is_refused(
    url: str, mode: str, round_robin: int, size: int
) -> None:
    with (
        pooler(url, mode, size=size, round_robin=round_robin) as pooled,
        pytest.raises(UnusableDatabaseError, match="through a pooler") as told,
    ):
        open_database(pooled.url)
    assert "\n" not in str(told.value)


def test_a_server_does_not_start_on_it(url: str, tmp_path: Path) -> None:
    key = write_key(tmp_path)
    with pooler(url, "transaction", more="ignore_startup_parameters = options") as pooled:
        ended = subprocess.run(
            command(pooled.url, key), capture_output=True, text=True, timeout=60, check=False
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    told = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    assert len(told) == 1
    assert "pool_mode = session" in told[0]


async def test_sessions_are_pooled(url: str) -> None:
    with pooler(url, "session") as pooled:
        town = Town(pooled.url)
        with town.database.connection_context():
            limits = town.database.execute_sql(
                "SELECT current_setting('lock_timeout'), "
                "current_setting('idle_in_transaction_session_timeout')"
            ).fetchone()
        assert limits == ("5s", "30s")
        async with served(town) as client:
            await client.sign_in()
            for _ in range(20):
                await client.spend(spend_request(CARD_A, 1))
    assert Town(url).balance(CARD_A) == 980


def test_one_without_another_session_is_used(url: str) -> None:
    """It has no second one to compare with, and keeps who asks for it waiting."""
    with pooler(url, "session", size=1) as pooled:
        database = open_database(pooled.url)
        with database.connection_context():
            assert database.execute_sql("SELECT 1").fetchone() == (1,)


async def test_one_that_begins_to_exchange_connections_is_noticed(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pulse, "SECONDS", 0.05)
    caplog.set_level(logging.INFO, "server.serving.pulse")
    booked = 2
    with pooler(url, "session") as pooled:
        town = Town(pooled.url)
        async with served(town) as client:
            await client.sign_in()
            await client.spend(spend_request(CARD_A, 1))
            await client.usable(CARD_A)
            pooled.change("transaction")
            with other_clients(pooled.url):
                await until(client, NOT_SERVING)
                for _ in range(50):
                    booked += await is_booked(client)
            pooled.change("session")
            await until(client, SERVING)
            await client.spend(spend_request(CARD_A, 1))
    assert "nothing can be booked (POOLER)" in caplog.text
    assert "bookings are possible again" in caplog.text
    assert Town(url).balance(CARD_A) == 1000 - booked
    assert booked <= 2 + LUCKY_MAX
    assert verify(Town(url).database).fault is None


async def is_booked(client: Client) -> bool:
    """Spend a point where that is possible: a transaction may have got one connection by luck."""
    try:
        await client.spend(spend_request(CARD_A, 1))
    except grpc.RpcError as error:
        assert refused(error).reason == "STORE_UNAVAILABLE"
        return False
    return True


@contextmanager
def other_clients(url: str) -> Iterator[None]:
    """While this lasts others use the pooler, which hands them what we had."""
    arguments = [sys.executable, "-c", _OTHERS, url]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.communicate(timeout=SECONDS_MAX)


_OTHERS = """
import sys, threading, psycopg
stop = threading.Event()
def use():
    with psycopg.connect(sys.argv[1], autocommit=True, prepare_threshold=None) as connection:
        while not stop.is_set():
            connection.execute("SELECT 1")
threads = [threading.Thread(target=use) for _ in range(4)]
for one in threads: one.start()
sys.stdin.read()
stop.set()
for one in threads: one.join()
"""


async def until(client: Client, wanted: int) -> None:
    """Wait until the health service says so."""
    stub = health_pb2_grpc.HealthStub(client.channel)
    request = health_pb2.HealthCheckRequest()
    async for answer in stub.Watch(request, timeout=SECONDS_MAX):  # type: ignore[attr-defined]
        if answer.status == wanted:
            return
