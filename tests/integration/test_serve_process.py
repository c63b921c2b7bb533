"""`jichipoint-server serve` as a process: starting, stopping, being killed (LED-5)."""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest
from jichipoint.v1 import points_pb2, terminals_pb2

from server.clock import SystemClock
from server.db.engine import open_database
from server.ledger.verify import verify
from tests.integration.support import sign_in_request, spend_request
from tests.server.db.test_migrate import NEWER
from tests.server.support import (
    CARD_A,
    CARD_B,
    COUNTER,
    COUNTER_2,
    MASTER_KEY,
    PASSWORD,
    TestClock,
    Town,
    grant_command,
    granted,
)

SECONDS_MAX = 30
POINTS = 1_000_000
ROUNDS = 3
CLIENTS = 8

Unary: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"


@pytest.fixture
def real_town(town: Town) -> Town:
    """A town at the machine's own time, in which cards A and B hold points."""
    town.clock = TestClock(SystemClock().now())
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, POINTS), grant_command(CARD_B, POINTS))
    return town


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    path.write_text(MASTER_KEY.hex())
    path.chmod(0o600)
    return path


def real_today() -> date:
    return TestClock(SystemClock().now()).today


def command(url: str, key_file: Path, listen: str = "127.0.0.1:0") -> list[str]:
    program = [sys.executable, "-m", "server.cli", "serve"]
    return [*program, "--database", url, "--listen", listen, "--master-key-file", str(key_file)]


@dataclass
class Process:
    """A server's process, and the port it said it listens on."""

    process: subprocess.Popen[str]
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS_MAX)


@contextmanager
def serving(town: Town, key_file: Path, port: int = 0) -> Iterator[Process]:
    process = subprocess.Popen(
        command(town.url, key_file, f"127.0.0.1:{port}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on 127.0.0.1:"), line
        yield Process(process, int(line.rpartition(":")[2]))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(SECONDS_MAX)
        assert process.stdout is not None
        process.stdout.close()


def sign_in(channel: grpc.Channel, terminal_id: str) -> tuple[tuple[str, str], ...]:
    call: Unary = channel.unary_unary("/jichipoint.v1.TerminalService/SignIn")
    request = sign_in_request(terminal_id, PASSWORD).SerializeToString()
    answer = terminals_pb2.SignInResponse.FromString(call(request, timeout=SECONDS_MAX))
    return (("authorization", f"Bearer {answer.session_token}"),)


def test_it_answers_and_sigterm_loses_nothing(real_town: Town, key_file: Path) -> None:
    with serving(real_town, key_file) as server:
        with grpc.insecure_channel(server.address) as channel:
            metadata = sign_in(channel, COUNTER)
            spend: Unary = channel.unary_unary("/jichipoint.v1.PointService/Spend")
            request = spend_request(points=7, day=real_today())
            answer = spend(request.SerializeToString(), metadata=metadata, timeout=SECONDS_MAX)
        assert server.end(signal.SIGTERM) == 0
    number = points_pb2.SpendResponse.FromString(answer).transaction_number
    kept = real_town.rows("SELECT transaction_number FROM ledger_transaction WHERE kind = 'SPEND'")
    assert kept == [(number,)]
    assert real_town.balance(CARD_A) == POINTS - 7


@dataclass
class Load:
    """Clients that spend and repeat the same request until they have an answer."""

    port: int
    sessions: dict[str, tuple[tuple[str, str], ...]]
    stopping: threading.Event = field(default_factory=threading.Event)
    answered: "queue.Queue[tuple[str, str, bytes]]" = field(default_factory=queue.Queue)
    repeated: "queue.Queue[str]" = field(default_factory=queue.Queue)

    def run(self, number: int) -> None:
        card = CARD_A if number % 2 else CARD_B
        terminal_id = COUNTER if number % 4 < 2 else COUNTER_2
        channel = grpc.insecure_channel(
            f"127.0.0.1:{self.port}",
            options=[("grpc.max_reconnect_backoff_ms", 100), ("grpc.min_reconnect_backoff_ms", 50)],
        )
        spend: Unary = channel.unary_unary("/jichipoint.v1.PointService/Spend")
        with channel:
            while not self.stopping.is_set():
                request = spend_request(card, 1, day=real_today())
                content = request.SerializeToString()
                answer = self.insist(spend, content, self.sessions[terminal_id], request.request_id)
                self.answered.put((terminal_id, request.request_id, answer))

    def insist(
        self,
        spend: Unary,
        content: bytes,
        metadata: tuple[tuple[str, str], ...],
        request_id: str,
    ) -> bytes:
        until = time.monotonic() + SECONDS_MAX
        while True:
            try:
                answer: bytes = spend(content, metadata=metadata, timeout=2, wait_for_ready=True)
                return answer
            except grpc.RpcError as error:
                assert error.code() in (
                    grpc.StatusCode.UNAVAILABLE,
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                ), error
                assert time.monotonic() < until, "no answer in time"
                self.repeated.put(request_id)


def test_kill_9_under_load_loses_and_doubles_nothing(real_town: Town, key_file: Path) -> None:
    port = free_port()
    with serving(real_town, key_file, port) as server, grpc.insecure_channel(server.address) as one:
        sessions = {terminal: sign_in(one, terminal) for terminal in (COUNTER, COUNTER_2)}
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
    load = Load(port, sessions)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            load.run(number)
        except BaseException as error:
            failures.append(error)

    clients = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        for _ in range(ROUNDS):
            with serving(real_town, key_file, port) as server:
                wait_for(load.answered.qsize() + 40, load, failures)
                assert server.end(signal.SIGKILL) == -signal.SIGKILL
        with serving(real_town, key_file, port) as server:
            load.stopping.set()
            for client in clients:
                client.join(SECONDS_MAX)
            assert server.end(signal.SIGTERM) == 0
    finally:
        load.stopping.set()
    assert not failures
    assert load.repeated.qsize(), "no call was cut off: the kills came at no bad moment"
    check(real_town, [load.answered.get() for _ in range(load.answered.qsize())])


def wait_for(answers: int, load: Load, failures: list[BaseException]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while load.answered.qsize() < answers:
        assert not failures, failures
        assert time.monotonic() < until, "the load makes no progress"
        time.sleep(0.005)


def check(town: Town, answered: list[tuple[str, str, bytes]]) -> None:
    """Every answer is in the ledger exactly once, and nothing else is."""
    kept = {
        (caller, request_id): (answer, number)
        for caller, request_id, answer, number in town.rows(
            """SELECT o.caller, o.request_id, o.answer, t.transaction_number FROM operation o
            JOIN ledger_transaction t USING (transaction_id) WHERE t.kind = 'SPEND'"""
        )
    }
    assert len(answered) == len(kept)
    for terminal_id, request_id, answer in answered:
        number = points_pb2.SpendResponse.FromString(answer).transaction_number
        assert kept[f"terminal:{terminal_id}", request_id] == (answer, number)
    assert town.rows("SELECT count(*) FROM ledger_transaction WHERE kind = 'SPEND'") == [
        (len(answered),)
    ]
    spent = 2 * POINTS - town.balance(CARD_A) - town.balance(CARD_B)
    assert spent == len(answered)
    assert verify(open_database(town.url)).fault is None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refuses_to_start(arguments: list[str], text: str, **environment: str) -> None:
    """It exits with 1 and one line that says why, without a traceback."""
    result = subprocess.run(
        arguments,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        env={**os.environ, **environment},
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert result.stdout == ""
    assert text in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1, result.stderr


def test_a_wrong_master_key_is_told(real_town: Town, key_file: Path) -> None:
    key_file.write_text("ff" * 32)
    refuses_to_start(command(real_town.url, key_file), "sealed with another master key")


def test_a_master_key_that_is_none_is_told(real_town: Town, key_file: Path) -> None:
    key_file.write_text("not hexadecimal")
    refuses_to_start(command(real_town.url, key_file), "is not 64 hexadecimal digits")
    refuses_to_start(command(real_town.url, key_file.with_name("none")), "cannot be read from")
    key_file.chmod(0o644)
    refuses_to_start(command(real_town.url, key_file), "chmod 600 it")


def test_a_newer_schema_is_told(real_town: Town, key_file: Path) -> None:
    real_town.tamper(NEWER)
    refuses_to_start(command(real_town.url, key_file), "newer version (9999_future)")


def test_a_port_in_use_is_told(real_town: Town, key_file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        refuses_to_start(command(real_town.url, key_file, listen), f"cannot listen on {listen}")


def test_a_missing_folder_is_told(tmp_path: Path, key_file: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none' / 'ledger.db'}"
    refuses_to_start(command(url, key_file), "does not exist: make it first")


def test_another_address_than_loopback_is_told(tmp_path: Path, key_file: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    refuses_to_start(command(url, key_file, "0.0.0.0:0"), "is not a loopback address")
    assert not (tmp_path / "ledger.db").exists()
