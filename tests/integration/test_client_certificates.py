"""A client certificate stands for a caller and for no other, over real TLS (SEC-1)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner
from jichipoint.v1 import streets_pb2, terminals_pb2

from merge_driver.acknowledging import AcknowledgeError
from merge_driver.keys import KeyFile
from merge_driver.record import TakenRecord
from merge_driver.settings import ClientIdentity
from merge_driver.street_service import StreetService
from server.callers.certificates import CACHED_MICROSECONDS
from server.cli import main
from server.rpc.access import Anyone
from server.serving.app import start
from server.serving.services import declared_methods
from server.serving.tls import Identities, TlsFiles
from tests.integration.support import Client, acknowledge_request, sign_in_request
from tests.integration.test_street_acknowledging import RECORD
from tests.integration.tls import Authority, new_authority
from tests.server.conftest import engine, find_template, town
from tests.server.support import (
    CLIENT_SECRET,
    COUNTER,
    STREET_1,
    STREET_2,
    TestClock,
    Town,
    street_key,
)

__all__ = ["engine", "find_template", "town"]

Identity = tuple[Path, Path]
Connect = Callable[[Identity], Awaitable[Client]]
OF_ANOTHER, MISSING = "CLIENT_CERTIFICATE_OF_ANOTHER", "CLIENT_CERTIFICATE_MISSING"
SIGN_IN = streets_pb2.StreetSignInRequest(issuer_id=STREET_1, client_secret=CLIENT_SECRET)
ACKNOWLEDGE = acknowledge_request(("2017123100001", 1))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return new_authority(tmp_path)


@pytest.fixture
def clients(tmp_path: Path) -> Authority:
    return new_authority(tmp_path, "clients")


@pytest.fixture
async def address(town: Town, authority: Authority, clients: Authority) -> AsyncIterator[str]:
    """A server to which nobody comes without a certificate of the clients' authority."""
    files = TlsFiles(*authority.sign("server"), clients.certificate)
    identities = Identities(files, TestClock(datetime.now(UTC)))
    running = await start(
        town.ledger, "127.0.0.1:0", town.clock, town.chance, identities=identities
    )
    yield f"127.0.0.1:{running.port}"
    await running.stop(0)


@pytest.fixture
async def connect(address: str, authority: Authority) -> AsyncIterator[Connect]:
    """Makes clients that show a certificate."""
    async with AsyncExitStack() as stack:

        async def new_client(identity: Identity) -> Client:
            certificate, key = (path.read_bytes() for path in identity)
            roots = authority.certificate.read_bytes()
            credentials = grpc.ssl_channel_credentials(roots, key, certificate)
            channel = grpc.aio.secure_channel(address, credentials)
            return Client(await stack.enter_async_context(channel))

        yield new_client


def streets(town: Town, command: str, *arguments: object) -> str:
    line = ["streets", command, "--database", town.url, *map(str, arguments)]
    told = CliRunner().invoke(main, line)
    assert told.exit_code == 0, told.output
    return told.output


def forget(town: Town) -> None:
    """Let the time pass for which a server takes a certificate as before."""
    town.clock.advance(microseconds=CACHED_MICROSECONDS)


async def test_a_street_is_let_in_with_its_own_and_no_other_caller_is(
    town: Town, clients: Authority, connect: Connect
) -> None:
    own, other = clients.sign("street-1"), clients.sign("street-2")
    streets(town, "add-certificate", STREET_1, own[0])
    streets(town, "add-certificate", STREET_2, other[0])
    street = await connect(own)
    await street.street_sign_in(STREET_1)
    assert await street.acknowledge(("2017123100001", 1)) == [("2017123100001", "UNKNOWN")]
    stranger = await connect(other)
    told = await stranger.refusal("StreetService/StreetSignIn", SIGN_IN)
    assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, OF_ANOTHER)
    stranger.token = street.token
    told = await stranger.refusal("StreetService/AcknowledgeMerges", ACKNOWLEDGE)
    assert told.reason == OF_ANOTHER, "nor with a session that it got hold of"


async def test_a_street_s_certificate_is_no_terminal_s(
    town: Town, clients: Authority, connect: Connect
) -> None:
    own, unnamed = clients.sign("street-1"), clients.sign("counter")
    streets(town, "add-certificate", STREET_1, own[0])
    street, counter = await connect(own), await connect(unnamed)
    told = await street.refusal("TerminalService/SignIn", sign_in_request(COUNTER))
    assert told.reason == OF_ANOTHER
    await counter.sign_in(COUNTER)
    street.token = counter.token
    request = terminals_pb2.SignOutRequest()
    assert (await street.refusal("TerminalService/SignOut", request)).reason == OF_ANOTHER
    counter_again = await connect(unnamed)
    counter_again.token = counter.token
    await counter_again.call("TerminalService/SignOut", request, terminals_pb2.SignOutResponse)


async def test_a_street_that_has_certificates_shows_one(
    town: Town, clients: Authority, connect: Connect
) -> None:
    own, unnamed = clients.sign("street-1"), clients.sign("unnamed")
    client = await connect(unnamed)
    await client.street_sign_in(STREET_1)
    streets(town, "add-certificate", STREET_1, own[0])
    forget(town)
    told = await client.refusal("StreetService/AcknowledgeMerges", ACKNOWLEDGE)
    assert told.reason == MISSING, "nor with a session from before"
    assert (await client.refusal("StreetService/StreetSignIn", SIGN_IN)).reason == MISSING
    wrong = streets_pb2.StreetSignInRequest(issuer_id=STREET_1, client_secret="x")
    told = await client.refusal("StreetService/StreetSignIn", wrong)
    assert told.reason == "STREET_SIGN_IN_REFUSED", "what it lacks is told to the street alone"


async def test_a_renewed_certificate_is_added_before_the_old_one_goes(
    town: Town, clients: Authority, connect: Connect
) -> None:
    old, new = clients.sign("old"), clients.sign("new")
    streets(town, "add-certificate", STREET_1, old[0])
    streets(town, "add-certificate", STREET_1, new[0])
    before, after = await connect(old), await connect(new)
    await before.street_sign_in(STREET_1)
    await after.street_sign_in(STREET_1)
    fingerprint = streets(town, "add-certificate", STREET_1, old[0]).split()[0]
    streets(town, "remove-certificate", STREET_1, fingerprint)
    forget(town)
    assert (await before.refusal("StreetService/StreetSignIn", SIGN_IN)).reason == MISSING
    await after.street_sign_in(STREET_1)


async def test_who_is_asked_for_nothing_shows_nothing(town: Town, clients: Authority) -> None:
    """A server that asks no client, as on loopback: the street comes to the other one."""
    streets(town, "add-certificate", STREET_1, clients.sign("street-1")[0])
    running = await start(town.ledger, "127.0.0.1:0", town.clock, town.chance)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}") as channel:
        told = await Client(channel).refusal("StreetService/StreetSignIn", SIGN_IN)
        assert told.reason == MISSING
        await Client(channel).street_sign_in(STREET_2)
    await running.stop(0)


async def test_a_merge_driver_shows_what_its_configuration_names(
    town: Town, clients: Authority, authority: Authority, address: str
) -> None:
    own, other = clients.sign("street-1"), clients.sign("other")
    streets(town, "add-certificate", STREET_1, own[0])

    def acknowledge(identity: Identity, record: TakenRecord) -> list[tuple[str, str]]:
        file = KeyFile(street_key(STREET_1), address, CLIENT_SECRET)
        shown = ClientIdentity(*identity)
        with closing(StreetService(file, address, authority.certificate, shown)) as server:
            return server.acknowledge([record])

    answered = await asyncio.to_thread(acknowledge, own, RECORD)
    assert answered == [(RECORD.transaction_number, "UNKNOWN")]
    with pytest.raises(AcknowledgeError, match="client certificate"):
        await asyncio.to_thread(acknowledge, other, RECORD)


def test_methods_without_a_session_are_known() -> None:
    """Each that opens a session checks the certificate itself: the gate knows no caller yet."""
    to_anyone = {
        one.name.rpartition(".")[2]
        for one in declared_methods()
        if one.declared is not None and isinstance(one.declared.access, Anyone)
    }
    assert to_anyone == {"TerminalService/SignIn", "TerminalService/GetServerTime"} | {
        "StreetService/StreetSignIn"
    }


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_cannot_be_tied_is_told(town: Town, clients: Authority, tmp_path: Path) -> None:
    own = clients.sign("street-1")[0]
    first = streets(town, "add-certificate", STREET_1, own)
    assert streets(town, "add-certificate", STREET_1, own) == first, "once more does no harm"
    assert f"  certificate {first.split()[0]}\n" in streets(town, "list")
    (tmp_path / "no.pem").write_text("x")
    for arguments, says in (
        (("add-certificate", STREET_2, own), f"stands for issuer:{STREET_1}"),
        (("add-certificate", "999999", own), "has no merge settings"),
        (("add-certificate", STREET_2, tmp_path / "no.pem"), "no certificate in PEM"),
        (("add-certificate", STREET_2, tmp_path / "gone.pem"), "cannot be read"),
        (("remove-certificate", STREET_2, first.split()[0]), "has no certificate"),
        (("remove-certificate", STREET_1, "00ff"), "64 hexadecimal digits"),
    ):
        command, *rest = map(str, arguments)
        told = CliRunner().invoke(main, ["streets", command, "--database", town.url, *rest])
        assert told.exit_code != 0
        assert isinstance(told.exception, SystemExit), "no traceback"
        assert says in told.output
