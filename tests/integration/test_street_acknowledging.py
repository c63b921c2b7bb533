"""The merge driver tells the real server what it took, and keeps what it cannot tell (DRV-6)."""

import asyncio
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from jichipoint.v1 import streets_pb2, streets_pb2_grpc

from merge_driver.acknowledging import Acknowledged, AcknowledgeError, acknowledge
from merge_driver.driver import MergeDriver
from merge_driver.errors import DriverError
from merge_driver.handing_on import ToFile
from merge_driver.journal import Journal
from merge_driver.keys import KeyFile
from merge_driver.outputs.forms import JsonLines
from merge_driver.outputs.line_file import LineFile
from merge_driver.record import TakenRecord
from merge_driver.spool import Spool
from merge_driver.street_service import StreetService
from tests.integration.conftest import Service
from tests.integration.support import Client, merge_request
from tests.server.support import CLIENT_SECRET, STREET_1, TODAY, street_key

RECORD = TakenRecord(STREET_1, "123456789", 100, "2017123100001", "x.mrg")


class Street:
    """A street's folder with a driver, as `merge-driver run` puts it together."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.journal = folder / "journal.db"
        self.output = folder / "points.jsonl"

    def put(self, name: str, content: bytes) -> None:
        (self.spool / name).write_bytes(content)

    def run(self, file: KeyFile) -> Acknowledged:
        with (
            Journal(self.journal, acknowledges=True) as journal,
            closing(StreetService(file, file.server, None)) as server,
        ):
            output = ToFile(LineFile(self.output), JsonLines())
            spool = Spool(self.spool)
            driver = MergeDriver(spool, [file.key], journal, output, today=lambda: TODAY)
            driver.prepare()
            list(driver.run_files())
            return acknowledge(journal, server)

    def acknowledgements(self) -> list[str | None]:
        with closing(sqlite3.connect(self.journal)) as journal:
            query = "SELECT acknowledgement FROM record ORDER BY transaction_number"
            return [one for (one,) in journal.execute(query)]


@pytest.fixture
def street(tmp_path: Path) -> Street:
    return Street(tmp_path)


def key_file(service: Service, client_secret: str = CLIENT_SECRET) -> KeyFile:
    return KeyFile(street_key(STREET_1), service.address, client_secret)


async def test_what_was_taken_is_acknowledged_once(
    service: Service, counter: Client, street: Street
) -> None:
    for points in (100, 200):
        merged = await counter.merge(merge_request(points=points))
        street.put(merged.merge_file.name, merged.merge_file.content)
    told = await asyncio.to_thread(street.run, key_file(service))
    assert told == Acknowledged(taken=2)
    noted = service.town.rows("SELECT kind, caller FROM merge_event")
    assert noted == [("ACKNOWLEDGED", f"issuer:{STREET_1}")] * 2
    assert street.acknowledgements() == ["ACKNOWLEDGED"] * 2
    assert await asyncio.to_thread(street.run, key_file(service)) == Acknowledged()


async def test_what_cannot_be_told_is_kept_until_it_can(
    service: Service, counter: Client, street: Street
) -> None:
    merged = await counter.merge(merge_request())
    street.put(merged.merge_file.name, merged.merge_file.content)
    away = replace(key_file(service), server="127.0.0.1:9")
    told = await asyncio.to_thread(street.run, away)
    assert (told.taken, told.kept) == (0, 1)
    assert "UNAVAILABLE" in told.trouble
    assert len(street.output.read_text().splitlines()) == 1, "the points are handed on all the same"
    told = await asyncio.to_thread(street.run, key_file(service))
    assert told == Acknowledged(taken=1)


async def test_a_wrong_secret_is_told_and_shown_nowhere(
    service: Service, counter: Client, street: Street
) -> None:
    merged = await counter.merge(merge_request())
    street.put(merged.merge_file.name, merged.merge_file.content)
    told = await asyncio.to_thread(street.run, key_file(service, "wr0ng-s3cret"))
    assert (told.kept, told.trouble.count("\n")) == (1, 0)
    assert "UNAUTHENTICATED" in told.trouble
    assert "wr0ng" not in told.trouble


async def test_what_the_server_does_not_know_is_not_asked_for_ever(
    service: Service, street: Street
) -> None:
    def run() -> Acknowledged:
        with (
            Journal(street.journal, acknowledges=True) as journal,
            closing(StreetService(key_file(service), service.address, None)) as server,
        ):
            journal.take([], [RECORD], handed_on=True)
            return acknowledge(journal, server)

    told = await asyncio.to_thread(run)
    assert told == Acknowledged(refused=((RECORD.transaction_number, "UNKNOWN"),))
    assert street.acknowledgements() == ["UNKNOWN"]


async def test_a_session_that_ended_is_opened_anew(service: Service) -> None:
    with closing(StreetService(key_file(service), service.address, None)) as server:
        answered = [(RECORD.transaction_number, "UNKNOWN")]
        assert await asyncio.to_thread(server.acknowledge, [RECORD]) == answered
        service.town.clock.advance(hours=2)
        assert await asyncio.to_thread(server.acknowledge, [RECORD]) == answered
    assert len(service.town.rows("SELECT * FROM street_session")) == 2


class Acknowledging(streets_pb2_grpc.StreetServiceServicer):
    """Takes everything; the real server has no TLS yet that could be asked."""

    def StreetSignIn(  # noqa: N802
        self, request: streets_pb2.StreetSignInRequest, context: grpc.ServicerContext
    ) -> streets_pb2.StreetSignInResponse:
        return streets_pb2.StreetSignInResponse(session_token="street.0")

    def AcknowledgeMerges(  # noqa: N802
        self, request: streets_pb2.AcknowledgeMergesRequest, context: grpc.ServicerContext
    ) -> streets_pb2.AcknowledgeMergesResponse:
        result = streets_pb2.ACKNOWLEDGEMENT_RESULT_ACKNOWLEDGED
        answer = streets_pb2.AcknowledgeMergesResponse.Answer
        return streets_pb2.AcknowledgeMergesResponse(
            answers=[
                answer(transaction_number=one.transaction_number, result=result)
                for one in request.merges
            ]
        )


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A key and a certificate of its own for this machine, made by openssl."""
    key, signed = folder / f"{name}.key", folder / f"{name}.pem"
    line = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    line += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", str(key)]
    line += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(signed)]
    subprocess.run(line, check=True, capture_output=True)
    return key, signed


@pytest.fixture
def with_tls(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server with TLS: its address, and the authority that signed its certificate."""
    key, signed = certificate(tmp_path, "server")
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        streets_pb2_grpc.add_StreetServiceServicer_to_server(Acknowledging(), server)
        pair = [(key.read_bytes(), signed.read_bytes())]
        credentials = grpc.ssl_server_credentials(pair)
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        yield f"127.0.0.1:{port}", signed
        server.stop(None).wait()


def test_with_an_authority_tls_is_spoken(with_tls: tuple[str, Path]) -> None:
    address, authority = with_tls
    file = KeyFile(street_key(STREET_1), "elsewhere.example:1", CLIENT_SECRET)
    with closing(StreetService(file, address, authority)) as server:
        assert server.acknowledge([RECORD]) == [(RECORD.transaction_number, "ACKNOWLEDGED")]


def test_a_server_that_another_authority_signed_is_told_nothing(
    with_tls: tuple[str, Path], tmp_path: Path
) -> None:
    address, _ = with_tls
    _, other = certificate(tmp_path, "other")
    file = KeyFile(street_key(STREET_1), address, CLIENT_SECRET)
    with (
        closing(StreetService(file, address, other)) as server,
        pytest.raises(AcknowledgeError, match="UNAVAILABLE"),
    ):
        server.acknowledge([RECORD])


def test_another_machine_is_never_spoken_to_in_the_clear(service: Service) -> None:
    """The real server speaks without TLS: under a name that is not loopback it is not asked."""
    port = service.address.rpartition(":")[2]
    file = key_file(service)
    with (
        closing(StreetService(file, f"127.0.0.2:{port}", None)) as server,
        pytest.raises(AcknowledgeError, match="UNAVAILABLE"),
    ):
        server.acknowledge([RECORD])


def test_an_authority_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = KeyFile(street_key(STREET_1), "points.example:50051", CLIENT_SECRET)
    with pytest.raises(DriverError, match="cannot be read"):
        StreetService(file, file.server, tmp_path / "missing.pem")
