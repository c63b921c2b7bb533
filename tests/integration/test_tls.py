"""TLS over a real socket: certificates by path, renewed without a restart; of clients (SEC-1)."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from jichipoint.v1 import terminals_pb2

from counter_tui.calls.answers import UnreachableError
from counter_tui.calls.server import Calls
from counter_tui.calls.server_certificate import CertificateTrouble
from server.serving.app import RunningServer, start
from server.serving.tls import Identities, TlsError, TlsFiles
from tests.integration.support import Client
from tests.integration.tls import Authority, new_authority
from tests.server.conftest import engine, find_template, town
from tests.server.support import TestClock, Town

__all__ = ["engine", "find_template", "town"]

Code = grpc.StatusCode


@pytest.fixture
def clock() -> TestClock:
    return TestClock(datetime.now(UTC) + timedelta(minutes=1))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return new_authority(tmp_path)


@pytest.fixture
def files(authority: Authority) -> TlsFiles:
    return TlsFiles(*authority.sign("server"))


Serve = Callable[[TlsFiles], Awaitable[str]]


@pytest.fixture
async def serve(town: Town, clock: TestClock) -> AsyncIterator[Serve]:
    """Start the server with TLS and give its address."""
    running: list[RunningServer] = []

    async def start_with(files: TlsFiles) -> str:
        identities = Identities(files, clock)
        address = "0.0.0.0:0"
        one = await start(
            town.ledger,
            address,
            town.clock,
            town.chance,
            identities=identities,
        )
        running.append(one)
        return f"127.0.0.1:{one.port}"

    yield start_with
    for one in running:
        await one.stop(0)


def credentials_of(authority: Path, identity: tuple[Path, Path] | None) -> grpc.ChannelCredentials:
    certificate, key = (path.read_bytes() for path in identity) if identity else (None, None)
    return grpc.ssl_channel_credentials(authority.read_bytes(), key, certificate)


async def time_at(
    address: str, authority: Path, identity: tuple[Path, Path] | None = None
) -> terminals_pb2.GetServerTimeResponse:
    """Ask the server over a new connection."""
    credentials = credentials_of(authority, identity)
    async with grpc.aio.secure_channel(address, credentials) as channel:
        client = Client(channel, timeout_seconds=5.0)
        request = terminals_pb2.GetServerTimeRequest()
        answer = terminals_pb2.GetServerTimeResponse
        return await client.call("TerminalService/GetServerTime", request, answer)


async def test_with_tls_it_answers_on_every_address(
    serve: Serve, files: TlsFiles, authority: Authority, town: Town
) -> None:
    address = await serve(files)
    answer = await time_at(address, authority.certificate)
    assert answer.server_time.ToDatetime(UTC) == town.clock.now()


async def test_in_the_clear_it_answers_nobody(serve: Serve, files: TlsFiles) -> None:
    address = await serve(files)
    async with grpc.aio.insecure_channel(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as told:
            await Client(channel, timeout_seconds=5.0).raw("TerminalService/GetServerTime", b"")
        assert told.value.code() == Code.UNAVAILABLE


async def test_another_authority_is_not_believed(
    serve: Serve, files: TlsFiles, tmp_path: Path
) -> None:
    address = await serve(files)
    other = new_authority(tmp_path, "other")
    with pytest.raises(grpc.aio.AioRpcError) as told:
        await time_at(address, other.certificate)
    assert told.value.code() == Code.UNAVAILABLE


async def test_a_renewed_certificate_counts_without_a_restart(
    serve: Serve, files: TlsFiles, authority: Authority, tmp_path: Path
) -> None:
    address = await serve(files)
    await time_at(address, authority.certificate)
    other = new_authority(tmp_path, "other")
    for new, old in zip(other.sign("renewed"), (files.certificate, files.key), strict=True):
        os.replace(new, old)  # noqa: PTH105 -- as a renewing program does
    await time_at(address, other.certificate)
    with pytest.raises(grpc.aio.AioRpcError):
        await time_at(address, authority.certificate)


@pytest.mark.parametrize("damage", ["missing", "half a pair", "no certificate", "expired"])
async def test_a_bad_renewal_leaves_the_certificate_before(
    serve: Serve,
    files: TlsFiles,
    authority: Authority,
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    address = await serve(files)
    if damage == "missing":
        files.certificate.unlink()
    elif damage == "half a pair":
        shutil.copy(authority.sign("other")[1], files.key)
    elif damage == "no certificate":
        files.certificate.write_text("half a fi")
    else:
        expired, key = authority.sign("old", days=0)
        os.replace(expired, files.certificate)  # noqa: PTH105
        os.replace(key, files.key)  # noqa: PTH105
    await time_at(address, authority.certificate)
    assert "the certificate before stays in use" in caplog.text
    assert caplog.text.count("stays in use") == 1, "told once for each change"
    await time_at(address, authority.certificate)
    assert caplog.text.count("stays in use") == 1


async def test_clients_show_certificates_where_that_is_asked(
    serve: Serve, files: TlsFiles, authority: Authority, tmp_path: Path
) -> None:
    clients = new_authority(tmp_path, "clients")
    asking = TlsFiles(files.certificate, files.key, clients.certificate)
    address = await serve(asking)
    await time_at(address, authority.certificate, clients.sign("partner"))
    for stranger in (None, authority.sign("stranger")):
        with pytest.raises(grpc.aio.AioRpcError):
            await time_at(address, authority.certificate, stranger)


async def test_the_counter_speaks_tls_with_the_authority_it_was_set_up_with(
    serve: Serve, files: TlsFiles, authority: Authority, town: Town, tmp_path: Path
) -> None:
    address = await serve(files)
    async with AsyncExitStack() as stack:
        good = Calls(address, authority.certificate.read_bytes())
        stack.push_async_callback(good.close)
        assert await good.terminals.server_time() == town.clock.now()
        other = Calls(address, new_authority(tmp_path, "other").certificate.read_bytes())
        stack.push_async_callback(other.close)
        with pytest.raises(UnreachableError, match="認証局") as told:
            await other.terminals.server_time()
        assert told.value.reason == CertificateTrouble.OTHER_AUTHORITY
        _, _, port = address.rpartition(":")
        called = Calls(f"localhost:{port}", authority.certificate.read_bytes())
        stack.push_async_callback(called.close)
        with pytest.raises(UnreachableError, match=f"localhost:{port}") as told:
            await called.terminals.server_time()
        assert told.value.reason == CertificateTrouble.OTHER_NAME


async def test_no_server_is_silence_and_no_certificate(authority: Authority) -> None:
    calls = Calls("127.0.0.1:1", authority.certificate.read_bytes())
    with pytest.raises(UnreachableError) as told:
        await calls.terminals.server_time()
    await calls.close()
    assert told.value.reason == "UNAVAILABLE"


def refusal(files: TlsFiles, clock: TestClock) -> str:
    with pytest.raises(TlsError) as told:
        Identities(files, clock)
    assert str(told.value).count("\n") == 0
    return str(told.value)


def test_what_cannot_be_used_is_told_at_the_start(
    files: TlsFiles, authority: Authority, clock: TestClock, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.pem"
    assert "cannot be read" in refusal(TlsFiles(missing, files.key), clock)
    assert "cannot be read" in refusal(TlsFiles(files.certificate, missing), clock)
    assert "no certificate in PEM" in refusal(TlsFiles(files.key, files.key), clock)
    other = authority.sign("other")[1]
    assert "not the key of" in refusal(TlsFiles(files.certificate, other), clock)
    empty = tmp_path / "empty.key"
    empty.touch(0o600)
    assert "not a private key" in refusal(TlsFiles(files.certificate, empty), clock)
    no_authority = TlsFiles(files.certificate, files.key, files.key)
    assert "no certificate in PEM" in refusal(no_authority, clock)
    files.key.chmod(0o640)
    assert "chmod 600" in refusal(files, clock)


def test_a_certificate_out_of_its_time_is_told(files: TlsFiles, clock: TestClock) -> None:
    clock.advance(days=3)
    assert "expired on" in refusal(files, clock)
    clock.time -= timedelta(days=10)
    assert "not valid before" in refusal(files, clock)
