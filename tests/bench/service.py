"""Rows (a), (b), (c), (e): through gRPC, with client processes of the bench's own."""

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from jichipoint.v1 import operations_pb2

from tests.bench.measure import Row, at_least, at_most, cpu_seconds, percentile, told
from tests.bench.peers import Pgbench, raw_sqlite
from tests.bench.towns import CITIZENS, card, mykey, new_id, new_town
from tests.engines import PostgresEngine, SqliteEngine, TestEngine
from tests.integration.processes import Process, write_key
from tests.integration.support import Client, spend_request
from tests.server.support import COUNTER, Town

SPEND, EMPTY = "PointService/Spend", "OperationService/GetOperation"
CLIENT_PROCESSES = 2
CALLS = 3000
CLIENTS = 12
SERIALIZABLE = "options=-c%20default_transaction_isolation%3Dserializable"


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of calls came to."""

    rate: float
    server_cpu: float
    """Seconds for each call."""
    p50: float
    p99: float


@contextmanager
def serving(town: Town, folder: Path, processes: int = 1) -> Iterator[tuple[Process, str]]:
    """A server process, and a session of its counter."""
    key_file = write_key(folder)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.bench.server", "serve", "--database", town.url),
            *("--listen", "127.0.0.1:0", "--master-key-file", str(key_file)),
            *("--processes", str(processes)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    server = Process(process, int(process.stdout.readline().rpartition(":")[2]))
    try:
        yield server, asyncio.run(_sign_in(server.address))
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


async def _sign_in(address: str) -> str:
    async with grpc.aio.insecure_channel(address) as channel:
        return (await Client(channel).sign_in(COUNTER)).session_token


def spends(town: Town, count: int, citizens: int = CITIZENS) -> list[bytes]:
    """Messages that spend a point each, of so many citizens in turn."""
    numbers = itertools.islice(itertools.cycle(range(citizens)), count)
    return [
        spend_request(
            card(number),
            1,
            request_id=new_id(),
            day=town.clock.today,
            mykey_id=mykey(number),
        ).SerializeToString()
        for number in numbers
    ]


def empty_calls(count: int) -> list[bytes]:
    request = operations_pb2.GetOperationRequest(request_id=new_id())
    return [request.SerializeToString()] * count


def put_load(
    server: Process, token: str, method: str, messages: list[bytes], in_flight: int
) -> Load:
    """Send messages from client processes, and measure both sides."""
    clients = [_client() for _ in range(CLIENT_PROCESSES)]
    for number, client in enumerate(clients):
        asked = {
            "address": server.address,
            "token": token,
            "method": f"/jichipoint.v1.{method}",
            "in_flight": in_flight // CLIENT_PROCESSES,
            "messages": [one.hex() for one in messages[number::CLIENT_PROCESSES]],
        }
        _tell(client, json.dumps(asked))
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"
    pids = [server.process.pid, *server.children()]
    before = cpu_seconds(pids)
    for client in clients:
        _tell(client, "")
    results = [json.loads(client.communicate()[0]) for client in clients]
    used = cpu_seconds(pids) - before
    took = [one for result in results for one in result["took"]]
    seconds = max(result["seconds"] for result in results)
    return Load(
        len(messages) / seconds, used / len(messages), percentile(took, 0.5), percentile(took, 0.99)
    )


def _client() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _tell(client: "subprocess.Popen[str]", line: str) -> None:
    assert client.stdin is not None
    client.stdin.write(line + "\n")
    client.stdin.flush()


def median_of(loads: list[Load]) -> Load:
    """The load whose rate is in the middle."""
    return sorted(loads, key=lambda one: one.rate)[len(loads) // 2]


def sqlite_rows(folder: Path, times: int) -> Iterator[Row]:
    """(a), (b), (e): one process on an SQLite file."""
    town = new_town(SqliteEngine(), folder / "service")
    other = new_town(SqliteEngine(), folder / "raw")
    raw: list[float] = []
    busy: list[Load] = []
    empty: list[Load] = []
    calm: list[Load] = []
    with serving(town, folder) as (server, token):
        put_load(server, token, SPEND, spends(town, 500), 32)
        for _ in range(times):
            raw.append(raw_sqlite(other, CALLS))
            busy.append(put_load(server, token, SPEND, spends(town, CALLS), 32))
            empty.append(put_load(server, token, EMPTY, empty_calls(CALLS), 32))
            calm.append(put_load(server, token, SPEND, spends(town, CALLS), 8))
    rate = sorted(raw)[len(raw) // 2]
    spent, nothing, few = median_of(busy), median_of(empty), median_of(calm)
    name = "spends/s, gRPC, SQLite, 32 in flight, of raw sqlite3"
    yield at_least("a", name, f"{spent.rate:.0f}/s", spent.rate / rate, 0.75)
    yield told("", "raw sqlite3, a commit each", f"{rate:.0f}/s")
    ratio = spent.server_cpu / nothing.server_cpu
    name = "server CPU per spend, 32 in flight, of an empty call"
    yield at_most("b", name, f"{spent.server_cpu * 1e6:.0f} us", ratio, 1.5)
    yield told("", "empty call", f"{nothing.server_cpu * 1e6:.0f} us, {nothing.rate:.0f}/s")
    name = "p99 of p50, 8 in flight, SQLite"
    times_told = f"{few.p50 * 1e3:.1f} / {few.p99 * 1e3:.1f} ms"
    yield at_most("e", name, times_told, few.p99 / few.p50, 3.5)
    yield told("", "spends/s, gRPC, SQLite, 8 in flight", f"{few.rate:.0f}/s")


def postgres_rows(folder: Path, engine: PostgresEngine, times: int) -> Iterator[Row]:
    """(c): two processes on PostgreSQL, beside pgbench running the same spend."""
    town = new_town(engine, folder / "pg-service")
    pgbench = Pgbench(engine, new_town(engine, folder / "pg-peer"))
    many: list[Load] = []
    hot: list[Load] = []
    peer_many: list[float] = []
    peer_hot: list[float] = []
    with serving(town, folder, processes=2) as (server, token):
        put_load(server, token, SPEND, spends(town, 500), 32)
        for _ in range(times):
            peer_many.append(pgbench.rate(CITIZENS))
            many.append(put_load(server, token, SPEND, spends(town, CALLS), 32))
            peer_hot.append(pgbench.rate(1))
            hot.append(put_load(server, token, SPEND, spends(town, CALLS, 1), 32))
    for name, loads, peers, least in (
        ("spends/s, gRPC, PostgreSQL, 2 processes, 32 in flight, of pgbench", many, peer_many, 0.6),
        ("the same, all on one account", hot, peer_hot, 1.5),
    ):
        load, peer = median_of(loads), sorted(peers)[len(peers) // 2]
        yield at_least("c", name, f"{load.rate:.0f}/s", load.rate / peer, least)
        cpu = f"{peer:.0f}/s; server {load.server_cpu * 1e6:.0f} us"
        yield told("", "pgbench, 32 connections, the same as one function", cpu)


def serializable_rows(folder: Path, engine: PostgresEngine, times: int) -> Iterator[Row]:
    """(q): two processes whose transactions are serializable, beside two that read what is
    committed; a call that is given up ends the bench."""
    town = new_town(engine, folder / "pg-serializable")
    serializable = Town(f"{town.url}&{SERIALIZABLE}", town.clock)
    committed: list[Load] = []
    strict: list[Load] = []
    for _ in range(times):
        for at, loads in ((town, committed), (serializable, strict)):
            with serving(at, folder, processes=2) as (server, token):
                put_load(server, token, SPEND, spends(town, 500), CLIENTS)
                loads.append(put_load(server, token, SPEND, spends(town, CALLS), CLIENTS))
    one, other = median_of(strict), median_of(committed)
    name = "spends/s, SERIALIZABLE, 2 processes, 12 in flight, of READ COMMITTED"
    yield at_least("q", name, f"{one.rate:.0f}/s", one.rate / other.rate, 0.7)
    yield told("", "their p50 and p99", f"{one.p50 * 1e3:.1f} / {one.p99 * 1e3:.1f} ms")
    yield told("", "READ COMMITTED's", f"{other.p50 * 1e3:.1f} / {other.p99 * 1e3:.1f} ms")


def engine_of(name: str, folder: Path) -> TestEngine:
    return SqliteEngine() if name == "sqlite" else PostgresEngine(folder, durable=True)
