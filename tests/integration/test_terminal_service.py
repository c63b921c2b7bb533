"""TerminalService over a real socket: signing in and out, sessions, contacts (TRM-4, 5, SEC-3)."""

import asyncio
from dataclasses import asdict

import grpc
import pytest
from jichipoint.v1 import points_pb2, service_ids_pb2, terminals_pb2

from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import MACHINE, Client, sign_in_request, spend_request
from tests.server.support import (
    CARD_A,
    CONTACT,
    COUNTER,
    COUNTER_2,
    LIBRARY,
    MYKEY,
    OPERATOR,
    POINT_USE,
    STREET_1,
    STREET_2,
    WITHDRAWN,
)

Code = grpc.StatusCode


async def test_a_terminal_signs_in_and_learns_what_it_is(connect: Connect) -> None:
    client = await connect(None)
    answer = await client.sign_in(COUNTER)
    terminal = answer.terminal
    assert terminal.terminal_class == terminals_pb2.TERMINAL_CLASS_SERVICE_ID
    assert (terminal.terminal_id, terminal.place_name) == (COUNTER, "花田酒店")
    assert (terminal.issuer_id, terminal.issuer_name) == (STREET_1, "一番街")
    assert terminal.can_merge
    assert answer.expire_time.ToDatetime().isoformat() == "2026-07-01T15:00:00"
    assert len((await client.usable(CARD_A)).usable_points) == 2


async def test_a_wrong_password_and_an_unknown_id_say_the_same(connect: Connect) -> None:
    client = await connect(None)
    wrong = await client.refusal("TerminalService/SignIn", sign_in_request(password="wrong"))
    unknown = await client.refusal("TerminalService/SignIn", sign_in_request("99999999"))
    withdrawn = sign_in_request(WITHDRAWN, password="wrong")
    assert wrong == unknown == await client.refusal("TerminalService/SignIn", withdrawn)
    assert (wrong.code, wrong.reason) == (Code.UNAUTHENTICATED, "SIGN_IN_REFUSED")


async def test_another_machine_is_refused(connect: Connect) -> None:
    client = await connect(COUNTER)
    other = sign_in_request(machine=bytes(32))
    told = await client.refusal("TerminalService/SignIn", other)
    assert (told.code, told.reason) == (Code.PERMISSION_DENIED, "MACHINE_NOT_BOUND")
    assert (await client.sign_in(COUNTER)).session_token, "the machine itself still may"


async def test_a_withdrawn_terminal_is_refused(connect: Connect) -> None:
    client = await connect(None)
    told = await client.refusal("TerminalService/SignIn", sign_in_request(WITHDRAWN))
    assert told.reason == "TERMINAL_WITHDRAWN"


async def test_a_terminal_withdrawn_while_signed_in_books_nothing(
    service: Service, counter: Client
) -> None:
    service.town.tamper(f"UPDATE terminal SET withdrawn_at = 1 WHERE terminal_id = '{COUNTER}'")  # noqa: S608
    told = await counter.refusal("PointService/Spend", spend_request())
    assert told.reason == "TERMINAL_WITHDRAWN"
    assert service.town.balance(CARD_A) == BALANCE


@pytest.mark.parametrize(
    ("request_message", "field"),
    [
        (sign_in_request("1234567"), "terminal_id"),
        (sign_in_request("１２３４５６７８"), "terminal_id"),
        (sign_in_request(password=""), "password"),
        (sign_in_request(password="x" * 129), "password"),
        (sign_in_request(machine=b"short"), "machine_fingerprint"),
    ],
)
async def test_a_bad_sign_in_names_the_field(
    connect: Connect, request_message: terminals_pb2.SignInRequest, field: str
) -> None:
    told = await (await connect(None)).refusal("TerminalService/SignIn", request_message)
    assert (told.code, told.reason) == (Code.INVALID_ARGUMENT, "INVALID_FIELD")
    assert told.fields == (field,)


async def test_a_session_expires(service: Service, counter: Client) -> None:
    service.town.clock.advance(hours=12)
    told = await counter.refusal("PointService/Spend", spend_request())
    assert (told.code, told.reason) == (Code.UNAUTHENTICATED, "SESSION_EXPIRED")
    await counter.sign_in()
    assert (await counter.usable(CARD_A)).mykey_id == MYKEY[CARD_A]


@pytest.mark.parametrize("token", [None, "", "0" * 64])
async def test_without_a_session_nothing_is_told(connect: Connect, token: str | None) -> None:
    client = await connect(None)
    client.token = token
    request = points_pb2.ListUsablePointsRequest(certificate_serial_number=CARD_A)
    told = await client.refusal("PointService/ListUsablePoints", request)
    assert told.code == Code.UNAUTHENTICATED
    assert told.reason == ("SESSION_EXPIRED" if token else "SESSION_MISSING")


async def test_signing_out_ends_the_session(service: Service, connect: Connect) -> None:
    client, other = await connect(COUNTER), await connect(COUNTER)
    request = terminals_pb2.SignOutRequest()
    await client.call("TerminalService/SignOut", request, terminals_pb2.SignOutResponse)
    assert (await client.refusal("PointService/Spend", spend_request())).reason == "SESSION_EXPIRED"
    assert (await other.usable(CARD_A)).mykey_id, "another session goes on"
    kept = service.town.rows("SELECT token_hash FROM session")
    assert client.token
    assert client.token.encode() not in [row[0] for row in kept]


async def test_a_session_outlives_the_server(service: Service, counter: Client) -> None:
    await service.stop()
    await service.start()
    async with grpc.aio.insecure_channel(service.address) as channel:
        again = Client(channel, counter.token)
        assert (await again.usable(CARD_A)).mykey_id == MYKEY[CARD_A]


async def test_machine_and_password_are_not_kept_in_the_clear(
    service: Service, counter: Client
) -> None:
    (kept,) = service.town.rows(
        "SELECT machine_fingerprint, password_hash FROM terminal WHERE terminal_id = ?", COUNTER
    )
    assert kept[0] == MACHINE
    assert kept[1].startswith("$argon2id$")


async def issuers(client: Client, size: int = 0) -> list[str]:
    """The IDs of all issuers, asked for page by page."""
    found: list[str] = []
    token = ""
    while True:
        asked = terminals_pb2.ListIssuersRequest(page_size=size, page_token=token)
        answer = terminals_pb2.ListIssuersResponse
        page = await client.call("TerminalService/ListIssuers", asked, answer)
        assert size == 0 or len(page.issuers) <= size
        found += [one.issuer_id for one in page.issuers]
        token = page.next_page_token
        if not token:
            return found


def choice(issuer_id: str) -> terminals_pb2.ChooseIssuerRequest:
    return terminals_pb2.ChooseIssuerRequest(issuer_id=issuer_id)


@pytest.mark.parametrize("size", [0, 1, 2, 5])
async def test_issuers_are_listed_page_by_page(connect: Connect, size: int) -> None:
    client = await connect(COUNTER)
    assert await issuers(client, size) == [f"{number:06d}" for number in range(1, 6)]


async def test_a_terminal_without_an_issuer_chooses_one_for_good(
    service: Service, connect: Connect
) -> None:
    without = f"UPDATE terminal SET issuer_id = NULL WHERE terminal_id = '{COUNTER_2}'"  # noqa: S608
    service.town.tamper(without)
    client, method = await connect(COUNTER_2), "TerminalService/ChooseIssuer"
    about = "ServiceIdService/GetIssuer"
    nothing = service_ids_pb2.GetIssuerRequest()
    assert (await client.refusal(about, nothing)).reason == "TERMINAL_WITHOUT_ISSUER"
    unknown = await client.refusal(method, choice("999999"))
    assert (unknown.code, unknown.reason) == (Code.NOT_FOUND, "ISSUER_UNKNOWN")
    for bad in ("", "12345", "０００００２", "1234567"):
        assert (await client.refusal(method, choice(bad))).fields == ("issuer_id",)
    for _again in range(2):
        chosen = await client.call(method, choice(LIBRARY), terminals_pb2.ChooseIssuerResponse)
        assert (chosen.terminal.issuer_id, chosen.terminal.can_merge) == (LIBRARY, False)
    told = await client.call(about, nothing, service_ids_pb2.GetIssuerResponse)
    assert told.issuer_id == LIBRARY, "the session knows it at once"
    other = await client.refusal(method, choice(STREET_2))
    assert (other.code, other.reason) == (Code.FAILED_PRECONDITION, "ISSUER_CHOSEN_BEFORE")
    assert (await client.sign_in(COUNTER_2)).terminal.issuer_id == LIBRARY


async def test_no_other_class_of_terminal_has_an_issuer(connect: Connect) -> None:
    client = await connect(POINT_USE)
    told = await client.refusal("TerminalService/ChooseIssuer", choice(LIBRARY))
    assert told.reason == "NOT_FOR_THIS_TERMINAL"
    listed = await client.refusal("TerminalService/ListIssuers", terminals_pb2.ListIssuersRequest())
    assert listed.reason == "NOT_FOR_THIS_TERMINAL"


def contact(**fields: str) -> terminals_pb2.Contact:
    return terminals_pb2.Contact(**(asdict(CONTACT) | fields))


async def set_contact(client: Client, sent: terminals_pb2.Contact) -> terminals_pb2.Terminal:
    request = terminals_pb2.SetContactRequest(contact=sent)
    answer = terminals_pb2.SetContactResponse
    return (await client.call("TerminalService/SetContact", request, answer)).terminal


async def get_contact(client: Client) -> terminals_pb2.GetContactResponse:
    request, answer = terminals_pb2.GetContactRequest(), terminals_pb2.GetContactResponse
    return await client.call("TerminalService/GetContact", request, answer)


async def test_a_terminal_registers_its_contact_and_changes_it(
    service: Service, connect: Connect
) -> None:
    client = await connect(None)
    assert not (await client.sign_in(OPERATOR)).terminal.has_contact
    assert not (await get_contact(client)).HasField("contact")
    for _again in range(2):
        assert (await set_contact(client, contact())).has_contact
        assert (await get_contact(client)).contact == contact()
    changed = contact(telephone="0300000001", mail="new@example.jp")
    await set_contact(client, changed)
    assert (await get_contact(client)).contact == changed
    assert (await client.sign_in(OPERATOR)).terminal.has_contact
    assert (await get_contact(await connect(COUNTER))).contact == contact(), "another's stays"


async def test_a_wrong_contact_changes_nothing_and_every_field_is_told(
    service: Service, counter: Client
) -> None:
    names = [f"contact.{name}" for name in asdict(CONTACT)]
    huge = "9" * 10_000
    for sent in (
        terminals_pb2.Contact(),
        contact(**dict.fromkeys(asdict(CONTACT), huge)),
        contact(**dict.fromkeys(asdict(CONTACT), "花\u200f子")),
    ):
        request = terminals_pb2.SetContactRequest(contact=sent)
        told = await counter.refusal("TerminalService/SetContact", request)
        assert (told.code, told.reason) == (Code.INVALID_ARGUMENT, "INVALID_FIELD")
        assert list(told.fields) == names
    nothing = await counter.refusal("TerminalService/SetContact", b"")
    assert list(nothing.fields) == names
    request = terminals_pb2.SetContactRequest(contact=contact(telephone="110", mail="x"))
    told = await counter.refusal("TerminalService/SetContact", request)
    assert told.fields == ("contact.telephone", "contact.mail")
    assert (await get_contact(counter)).contact == contact()


async def test_two_contacts_at_once_leave_one_of_them_whole(connect: Connect) -> None:
    clients = await asyncio.gather(*(connect(COUNTER) for _ in range(4)))
    sent = [contact(contact_name=f"{n}", address=f"{n}") for n in range(4)]
    await asyncio.gather(*map(set_contact, clients, sent))
    assert (await get_contact(clients[0])).contact in sent


async def test_without_a_session_no_contact_is_told_or_taken(connect: Connect) -> None:
    client = await connect(None)
    for method in ("GetContact", "SetContact", "FindAddresses"):
        assert (await client.refusal(f"TerminalService/{method}", b"")).reason == "SESSION_MISSING"


async def test_addresses_are_found_by_postal_code(counter: Client) -> None:
    method, answer = "TerminalService/FindAddresses", terminals_pb2.FindAddressesResponse

    async def found(postal_code: str) -> list[tuple[str, str]]:
        request = terminals_pb2.FindAddressesRequest(postal_code=postal_code)
        addresses = (await counter.call(method, request, answer)).addresses
        return [(one.prefecture, one.address) for one in addresses]

    assert await found("1050011") == [("東京都", "港区芝公園")]
    assert len(await found("4980000")) > 1
    assert await found("9999999") == []
    many = await asyncio.gather(*(found("1050011") for _ in range(20)))
    assert many == [[("東京都", "港区芝公園")]] * 20
    for bad in ("", "105-0011", "１０５００１１", "10500111", "0" * 10_000):
        request = terminals_pb2.FindAddressesRequest(postal_code=bad)
        assert (await counter.refusal(method, request)).fields == ("postal_code",)
