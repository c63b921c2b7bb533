"""SERVING means that a booking has just been possible: a disk, a file, a URL that went wrong.

Each is said by the health service, in the log in words, and by a metric; bookings are refused;
and service comes back by itself once it is mended (LED-8).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from jichipoint.v1 import points_pb2

from server.db.troubles import Trouble
from server.serving import pulse
from server.serving.app import start
from server.upkeep.verify import verify
from tests.engines import PostgresEngine, SqliteEngine, TestEngine
from tests.integration.support import Client, spend_request
from tests.server.db.conditions import fill, small_disk
from tests.server.support import CARD_A, Town, build_town, grant_command, granted

SECONDS_MAX = 20
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(pulse, "SECONDS", 0.05)
    caplog.set_level(logging.INFO, "server.serving.pulse")


@dataclass
class Served:
    """A town that is served, a client, and what the metric was told."""

    town: Town
    client: Client
    troubles: list[Trouble | None] = field(default_factory=list)

    async def until(self, wanted: int) -> None:
        """Wait until the health service says so."""
        stub = health_pb2_grpc.HealthStub(self.client.channel)
        request = health_pb2.HealthCheckRequest()
        async for answer in stub.Watch(request, timeout=SECONDS_MAX):  # type: ignore[attr-defined]
            if answer.status == wanted:
                return

    async def until_told(self, trouble: Trouble) -> None:
        """Wait until the metric says so: one trouble may be told after another."""
        async with asyncio.timeout(SECONDS_MAX):
            while trouble not in self.troubles:  # noqa: ASYNC110 -- the server's own loop tells
                await asyncio.sleep(pulse.SECONDS)

    async def refuses(self, request: points_pb2.SpendRequest) -> None:
        told = await self.client.refusal("PointService/Spend", request)
        assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")

    async def refuses_reads(self) -> None:
        request = points_pb2.ListUsablePointsRequest(certificate_serial_number=CARD_A)
        told = await self.client.refusal("PointService/ListUsablePoints", request)
        assert told.reason == "STORE_UNAVAILABLE"


@asynccontextmanager
async def served(town: Town) -> AsyncIterator[Served]:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
    troubles: list[Trouble | None] = []
    server = await start(
        town.ledger, "127.0.0.1:0", town.clock, town.chance, watch_trouble=troubles.append
    )
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            client = Client(channel)
            await client.sign_in()
            await client.spend(spend_request(CARD_A, 1))
            yield Served(town, client, troubles)
    finally:
        await server.stop(1)


@pytest.fixture
def of_file(find_template: Callable[[str], str], tmp_path: Path) -> Town:
    """A town on SQLite."""
    return Town(SqliteEngine().new(tmp_path, find_template("sqlite")))


async def test_a_full_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with small_disk(tmp_path / "disk", megabytes=6) as disk:
        town = Town(f"sqlite:///{disk / 'ledger.db'}")
        build_town(town.url)
        async with served(town) as one:
            ballast = fill(disk)
            await one.until(NOT_SERVING)
            request = spend_request(CARD_A, 1)
            await one.refuses(request)
            assert "nothing can be booked (DISK_FULL)" in caplog.text
            assert "full" in caplog.text
            ballast.unlink()
            await one.until(SERVING)
            await one.client.spend(request)
            assert one.troubles == [None, Trouble.DISK_FULL, None]
            assert "bookings are possible again" in caplog.text
        assert town.balance(CARD_A) == 998
        assert verify(town.database).fault is None


async def test_a_disk_with_room_for_a_check_and_for_no_booking(tmp_path: Path) -> None:
    """After a booking that found no room it takes more than a check's few bytes to be SERVING."""
    with small_disk(tmp_path / "disk", megabytes=6) as disk:
        town = Town(f"sqlite:///{disk / 'ledger.db'}")
        build_town(town.url)
        async with served(town) as one:
            ballast = fill(disk)
            await one.until(NOT_SERVING)
            with ballast.open("rb+") as file:
                file.truncate(ballast.stat().st_size - 3 * 4096)
            for _ in range(5):
                await asyncio.sleep(pulse.SECONDS)
                assert one.troubles == [None, Trouble.DISK_FULL]
            ballast.unlink()
            await one.until(SERVING)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
async def test_a_file_that_was_removed_and_is_put_back(
    of_file: Town, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(of_file) as one:
        path = Path(f"{of_file.path}{suffix}")
        aside = path.with_name("aside")
        move(str(path), str(aside))
        request = spend_request(CARD_A, 1)
        await one.refuses(request)
        await one.until(NOT_SERVING)
        if not suffix:
            await one.refuses_reads()
        assert f"{path} was removed or replaced" in caplog.text
        assert one.troubles == [None, Trouble.FILE_GONE]
        move(str(aside), str(path))
        await one.until(SERVING)
        await one.client.spend(request)
    assert of_file.balance(CARD_A) == 998
    assert verify(of_file.database).fault is None


async def test_a_file_that_was_replaced_by_another_ledger(
    of_file: Town, find_template: Callable[[str], str], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    another = Town(SqliteEngine().new(other, find_template("sqlite")))
    async with served(of_file) as one:
        for suffix in ("", "-wal", "-shm"):
            move(f"{of_file.path}{suffix}", f"{of_file.path}.aside{suffix}")
        move(str(another.path), str(of_file.path))
        for _ in range(3):
            await one.refuses(spend_request(CARD_A, 1))
        await one.refuses_reads()
        await one.until(NOT_SERVING)
        assert Trouble.FILE_GONE in one.troubles
        await asyncio.sleep(2 * pulse.SECONDS)
        assert one.troubles[-1] == Trouble.FILE_GONE, "the other ledger is not served by itself"
    assert Town(of_file.url).balance(CARD_A) == 0
    assert Town(of_file.url).rows("SELECT count(*) FROM ledger_transaction") == [(0,)]


def move(one: str, to: str) -> None:
    Path(one).rename(to)


@pytest.fixture
def engine(find_engine: Callable[[str], TestEngine]) -> PostgresEngine:
    found = find_engine("postgresql")
    assert isinstance(found, PostgresEngine)
    return found


@pytest.fixture
def of_server(
    engine: PostgresEngine, find_template: Callable[[str], str], tmp_path: Path
) -> Iterator[Town]:
    """A town on PostgreSQL."""
    with engine.database(tmp_path, find_template("postgresql")) as url:
        yield Town(url)


def name_of(town: Town) -> str:
    return town.url.partition("?")[0].rpartition("/")[2]


def cut(engine: PostgresEngine, name: str) -> None:
    engine.administer(
        f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
    )


async def test_a_database_that_only_reads(
    engine: PostgresEngine, of_server: Town, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(of_server) as one:
        alter = f"ALTER DATABASE {name_of(of_server)} SET default_transaction_read_only = "
        engine.administer(f"{alter} on")
        cut(engine, name_of(of_server))
        await one.until(NOT_SERVING)
        await one.until_told(Trouble.READ_ONLY)
        await one.refuses(spend_request(CARD_A, 1))
        assert "read-only" in caplog.text
        engine.administer(f"{alter} off")
        cut(engine, name_of(of_server))
        await one.until(SERVING)


async def test_a_url_that_leads_to_another_ledger(
    engine: PostgresEngine, of_server: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = name_of(of_server)
    with engine.database(tmp_path) as other_url:
        build_town(other_url)
        other = name_of(Town(other_url))

        def exchange(first: str, second: str) -> None:
            engine.administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS off")
            cut(engine, name)
            engine.administer(f"ALTER DATABASE {name} RENAME TO {first}")
            engine.administer(f"ALTER DATABASE {second} RENAME TO {name}")
            engine.administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS on")

        async with served(of_server) as one:
            exchange("aside", other)
            await one.until_told(Trouble.OTHER_LEDGER)
            await one.refuses(spend_request(CARD_A, 1))
            await one.refuses_reads()
            assert "leads to another ledger" in caplog.text
            assert Town(of_server.url).rows("SELECT count(*) FROM ledger_transaction") == [(0,)]
            exchange(other, "aside")
            await one.until(SERVING)
            await one.client.spend(spend_request(CARD_A, 1))
