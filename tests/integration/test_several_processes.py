"""Several servers on one PostgreSQL: `serve --processes`, and what they must not do apart."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import pytest
from jichipoint.v1 import points_pb2

from server.clock import SystemClock
from server.serving.app import RunningServer, start
from server.upkeep.verify import verify
from tests.engines import TestEngine
from tests.integration.processes import (
    SECONDS_MAX,
    command,
    serving,
    wait_until_gone,
    write_key,
)
from tests.integration.proxy import Proxy
from tests.integration.support import Client, sign_in_request, spend_request
from tests.server.support import (
    CARD_A,
    COUNTER,
    COUNTER_2,
    TestClock,
    Town,
    grant_command,
    granted,
)

IMPATIENT = (("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 100))
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
CONNECTIONS_OF_PARENT = 4
"""It looks whether the database is there, and whether a pooler is between, over one more; it
migrates it, and checks the master key."""


@pytest.fixture(scope="session")
def engine(find_engine: Callable[[str], TestEngine]) -> TestEngine:
    """PostgreSQL alone: one file has one server."""
    return find_engine("postgresql")


@pytest.fixture
def shared(town: Town) -> Town:
    """A town in which card A holds points."""
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
    return town


@pytest.fixture
async def two_servers(shared: Town) -> AsyncIterator[tuple[RunningServer, RunningServer]]:
    running = [
        await start(shared.ledger, "127.0.0.1:0", shared.clock, shared.chance) for _ in range(2)
    ]
    yield running[0], running[1]
    for one in running:
        await one.stop(1)


async def client_at(stack: AsyncExitStack, address: str) -> Client:
    return Client(await stack.enter_async_context(grpc.aio.insecure_channel(address)))


async def client_of(stack: AsyncExitStack, server: RunningServer) -> Client:
    return await client_at(stack, f"127.0.0.1:{server.port}")


async def test_a_session_of_one_is_good_at_the_other_until_it_ends(
    two_servers: tuple[RunningServer, RunningServer], shared: Town
) -> None:
    async with AsyncExitStack() as stack:
        here, there = [await client_of(stack, server) for server in two_servers]
        await here.sign_in()
        there.token = here.token
        assert (await there.usable(CARD_A)).usable_points[0].balance == 1000
        await here.raw("TerminalService/SignOut", b"")
        shared.clock.advance(seconds=5)
        told = await there.refusal("PointService/ListUsablePoints", b"\x0a\x02A1")
        assert told.reason == "SESSION_EXPIRED"


async def test_the_same_request_at_both_is_booked_once(
    two_servers: tuple[RunningServer, RunningServer], shared: Town
) -> None:
    async with AsyncExitStack() as stack:
        clients = [await client_of(stack, server) for server in two_servers]
        await clients[0].sign_in()
        clients[1].token = clients[0].token
        requests = [spend_request(CARD_A, 1) for _ in range(40)]
        answers = await asyncio.gather(
            *(client.spend(request) for request in requests for client in clients)
        )
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        assert first == second
    assert shared.balance(CARD_A) == 1000 - 40


@pytest.fixture
def real(town: Town) -> Town:
    """A town at the machine's own time."""
    town.clock = TestClock(SystemClock().now())
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
    return town


async def spend_through(address: str, terminal_id: str, count: int) -> None:
    async with grpc.aio.insecure_channel(address, options=IMPATIENT) as channel:
        await asyncio.wait_for(channel.channel_ready(), SECONDS_MAX)
        client = Client(channel)
        await client.sign_in(terminal_id)
        for _ in range(count):
            await client.spend(spend_request(CARD_A, 1, day=TestClock(SystemClock().now()).today))


async def test_processes_share_port_and_ledger(real: Town, tmp_path: Path) -> None:
    with serving(real.url, write_key(tmp_path), processes=3) as server:
        children = server.children()
        assert len(children) == 3
        await asyncio.gather(
            *(
                spend_through(server.address, terminal_id, 5)
                for terminal_id in (COUNTER, COUNTER_2)
                for _ in range(3)
            )
        )
        assert server.end(signal.SIGTERM) == 0
        wait_until_gone(children)
    assert real.balance(CARD_A) == 1000 - 30
    assert verify(real.database).fault is None


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


async def test_a_process_that_dies_is_replaced(real: Town, tmp_path: Path) -> None:
    with serving(real.url, write_key(tmp_path), processes=2) as server:
        first = server.children()
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        async with grpc.aio.insecure_channel(server.address, options=IMPATIENT) as channel:
            request = sign_in_request().SerializeToString()
            sign_in: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
            sign_in = channel.unary_unary("/jichipoint.v1.TerminalService/SignIn")
            assert await sign_in(request, timeout=SECONDS_MAX, wait_for_ready=True)
        wait_until(lambda: len(server.children()) == 2)
        assert not set(first) & set(server.children())
        assert server.end(signal.SIGTERM) == 0


async def test_a_process_is_replaced_as_soon_as_the_database_is_back(
    real: Town, tmp_path: Path
) -> None:
    proxy = Proxy(real.url)
    try:
        with serving(proxy.url, write_key(tmp_path), processes=2) as server:
            proxy.left = 0
            for pid in server.children():
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: proxy.left == -2)  # both tried, and could not start
            proxy.left = None
            wait_until(lambda: len(server.children()) == 2)
            await spend_through(server.address, COUNTER, 1)
            assert server.end(signal.SIGTERM) == 0
    finally:
        proxy.close()


async def test_a_port_just_left_is_taken_again(real: Town, tmp_path: Path) -> None:
    """Its closed connections linger there for a minute."""
    key_file = write_key(tmp_path)
    with (
        serving(real.url, key_file, processes=2) as server,
        socket.create_connection(("127.0.0.1", server.port), SECONDS_MAX) as client,
    ):
        client.sendall(HTTP2_PREFACE)
        assert client.recv(1 << 16)
        assert server.end(signal.SIGTERM) == 0
        while client.recv(1 << 16):
            pass  # until the server's side is closed, which is then the one that lingers
    with serving(real.url, key_file, server.port, processes=2) as again:
        await spend_through(again.address, COUNTER, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_all_processes_finish_what_they_took(
    real: Town, tmp_path: Path, number: signal.Signals
) -> None:
    with serving(real.url, write_key(tmp_path), processes=2) as server:
        async with AsyncExitStack() as stack:
            clients = [await client_at(stack, server.address) for _ in range(4)]
            await clients[0].sign_in()
            for client in clients:
                client.token = clients[0].token
            today = TestClock(SystemClock().now()).today
            spends = [
                asyncio.create_task(client.spend(spend_request(CARD_A, 1, day=today)))
                for _ in range(50)
                for client in clients
            ]
            await spends[0]
            assert await asyncio.to_thread(server.end, number) == 0
            answers = await asyncio.gather(*spends, return_exceptions=True)
    codes = {one.code() for one in answers if isinstance(one, grpc.aio.AioRpcError)}
    assert codes <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    booked = sum(isinstance(one, points_pb2.SpendResponse) for one in answers)
    assert booked >= 1
    assert real.balance(CARD_A) == 1000 - booked


def test_a_process_that_cannot_start_is_told_in_one_line(real: Town, tmp_path: Path) -> None:
    proxy = Proxy(real.url)
    proxy.left = CONNECTIONS_OF_PARENT
    try:
        result = subprocess.run(
            command(proxy.url, write_key(tmp_path), processes=2),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    finally:
        proxy.close()
    assert proxy.left < 0, "a process was refused"
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: postgresql://"), result.stderr
    assert "cannot be reached" in result.stderr
    assert result.stderr.count("\n") == 1, result.stderr


def test_processes_end_when_their_parent_is_killed(real: Town, tmp_path: Path) -> None:
    with serving(real.url, write_key(tmp_path), processes=2) as server:
        children = server.children()
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
        wait_until_gone(children)


def test_a_port_that_others_of_ours_share_is_taken(real: Town, tmp_path: Path) -> None:
    key_file = write_key(tmp_path)
    with serving(real.url, key_file, processes=2) as server:
        result = subprocess.run(
            command(real.url, key_file, server.address, processes=2),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert result.returncode == 1
        assert result.stderr.startswith(f"Error: cannot listen on {server.address}")
        assert result.stderr.count("\n") == 1


def test_metrics_of_all_processes_are_served_together(real: Town, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = command(real.url, write_key(tmp_path), processes=2)
    program += ["--metrics-listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().rpartition(" ")[2].strip()
        for _ in range(8):
            alone = [("grpc.use_local_subchannel_pool", 1)]
            with grpc.insecure_channel(address, options=alone) as one:
                call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = one.unary_unary(
                    "/jichipoint.v1.TerminalService/GetServerTime"
                )
                call(b"", timeout=SECONDS_MAX)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            told = answer.read().decode()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS_MAX)
    counted = 'jichipoint_calls_total{method="TerminalService/GetServerTime",result="OK"} 8.0'
    assert counted in told


def test_a_password_is_not_in_the_list_of_processes(real: Town, tmp_path: Path) -> None:
    config = tmp_path / "jichipoint.toml"
    url = real.url.replace("postgres:@", "postgres:geheim@")
    assert "geheim" in url
    config.write_text(
        f'[ledger]\ndatabase = "{url}"\nmaster_key_file = "{write_key(tmp_path).name}"\n'
        '[server]\nlisten = "127.0.0.1:0"\nprocesses = 2\n'
    )
    config.chmod(0o600)
    program = [sys.executable, "-m", "server.cli", "--config", str(config), "serve"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        lines = [Path(f"/proc/{one}/cmdline").read_text() for one in (process.pid, *children)]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS_MAX)
    assert len(lines) == 3
    assert not [line for line in lines if "geheim" in line]
