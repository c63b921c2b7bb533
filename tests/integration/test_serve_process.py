"""`jichipoint-server serve` as a process: starting, stopping, and what keeps it from starting."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from datetime import date
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest
from jichipoint.v1 import points_pb2, terminals_pb2

from server.clock import SystemClock
from server.db.engine import open_database
from server.db.migrate import migrate
from server.db.sqlite import sqlite_path
from tests.engines import TestEngine
from tests.fixtures.schemas import NEWER
from tests.integration.processes import SECONDS_MAX, command, serving, write_key
from tests.integration.support import sign_in_request, spend_request
from tests.server.support import (
    CARD_A,
    CARD_B,
    COUNTER,
    PASSWORD,
    TestClock,
    Town,
    grant_command,
    granted,
)

POINTS = 1_000_000
ITSELF = "is the ledger itself: name another database"

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
    return write_key(tmp_path)


def real_today() -> date:
    return TestClock(SystemClock().now()).today


def sign_in(channel: grpc.Channel, terminal_id: str) -> tuple[tuple[str, str], ...]:
    call: Unary = channel.unary_unary("/jichipoint.v1.TerminalService/SignIn")
    request = sign_in_request(terminal_id, PASSWORD).SerializeToString()
    answer = terminals_pb2.SignInResponse.FromString(call(request, timeout=SECONDS_MAX))
    return (("authorization", f"Bearer {answer.session_token}"),)


def test_it_answers_and_sigterm_loses_nothing(real_town: Town, key_file: Path) -> None:
    with serving(real_town.url, key_file) as server:
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
    told = [line for line in result.stderr.splitlines() if " INFO up: " not in line]
    assert len(told) == 1, result.stderr
    assert told[0].startswith("Error: ")


def test_a_wrong_master_key_is_told(real_town: Town, key_file: Path) -> None:
    key_file.write_text("ff" * 32)
    refuses_to_start(command(real_town.url, key_file), "sealed with another master key")


def test_a_master_key_that_is_none_is_told(real_town: Town, key_file: Path) -> None:
    key_file.chmod(0o644)
    refuses_to_start(command(real_town.url, key_file), "chmod 600 it")
    key_file.write_text("not hexadecimal")
    refuses_to_start(command(real_town.url, key_file), "is not 64 hexadecimal digits")
    refuses_to_start(command(real_town.url, key_file.with_name("none")), "cannot be read from")


def test_a_newer_schema_is_told(real_town: Town, key_file: Path) -> None:
    real_town.tamper(NEWER)
    refuses_to_start(command(real_town.url, key_file), "newer version (9999_future)")


def test_a_port_in_use_is_told(real_town: Town, key_file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        refuses_to_start(command(real_town.url, key_file, listen), f"cannot listen on {listen}")


def test_one_file_takes_one_process(tmp_path: Path, key_file: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    refuses_to_start(command(url, key_file, processes=2), "is served by one process")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["ledger.db", "../{folder}/ledger.db", "symlink.db", "link.db"])
def test_a_training_ledger_that_is_the_file_itself_is_refused(
    real_town: Town, key_file: Path, name: str
) -> None:
    path = sqlite_path(real_town.url)
    (path.parent / "symlink.db").symlink_to(path)
    (path.parent / "link.db").hardlink_to(path)
    other = path.parent / name.format(folder=path.parent.name)
    more = ["--training-database", f"sqlite:///{other}"]
    refuses_to_start([*command(real_town.url, key_file), *more], ITSELF)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("more", ["", "&application_name=training", "&user=postgres"])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_training_ledger_that_is_the_database_itself_is_refused(
    real_town: Town, key_file: Path, more: str, processes: int
) -> None:
    arguments = command(real_town.url, key_file, processes=processes)
    refuses_to_start([*arguments, "--training-database", real_town.url + more], ITSELF)


def test_a_training_ledger_may_be_made_of_a_copy(
    engine: TestEngine, key_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "copy").mkdir()
    with engine.database(tmp_path) as first:
        migrate(open_database(first))
        with (
            engine.database(tmp_path / "copy", first) as copy,
            serving(first, key_file, more=("--training-database", copy)) as server,
        ):
            assert server.end(signal.SIGTERM) == 0


def test_a_missing_folder_is_told(tmp_path: Path, key_file: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none' / 'ledger.db'}"
    refuses_to_start(command(url, key_file), "does not exist: make it first")


def test_another_address_than_loopback_is_told(tmp_path: Path, key_file: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    refuses_to_start(command(url, key_file, "0.0.0.0:0"), "is not a loopback address")
    assert not (tmp_path / "ledger.db").exists()


def test_it_is_set_by_a_file(real_town: Town, key_file: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        metrics = free.getsockname()[1]
    config = tmp_path / "jichipoint.toml"
    config.write_text(
        f'[ledger]\ndatabase = "{real_town.url}"\nmaster_key_file = "{key_file.name}"\n'
        f'[server]\nlisten = "127.0.0.1:0"\n[metrics]\nlisten = "127.0.0.1:{metrics}"\n'
        '[logs]\nform = "json"\n'
    )
    program = [sys.executable, "-m", "server.cli", "--config", str(config), "serve"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().rpartition(":")[2].strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            sign_in(channel, COUNTER)
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=10) as answer:
            told = answer.read().decode()
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=SECONDS_MAX)
    assert 'jichipoint_calls_total{method="TerminalService/SignIn",result="OK"} 1.0' in told
    assert process.returncode == 0
    assert all(json.loads(line)["event"] for line in log.splitlines())
