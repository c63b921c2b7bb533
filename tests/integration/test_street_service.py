"""StreetService over a real socket: a street's system acknowledges, and can do nothing else."""

import grpc
import pytest
from jichipoint.v1 import points_pb2, streets_pb2

from tests.integration.conftest import Connect, Service
from tests.integration.support import Client, acknowledge_request, merge_request
from tests.server.support import CARD_A, LIBRARY, STREET_1, STREET_2

Code = grpc.StatusCode


@pytest.fixture
async def street(connect: Connect) -> Client:
    client = await connect(None)
    await client.street_sign_in(STREET_1)
    return client


@pytest.mark.parametrize(
    ("issuer_id", "client_secret"),
    [(STREET_1, "Client"), (STREET_1, "client "), (LIBRARY, "client"), ("999999", "client")],
)
async def test_a_wrong_secret_and_an_unknown_street_are_told_alike(
    connect: Connect, issuer_id: str, client_secret: str
) -> None:
    client = await connect(None)
    request = streets_pb2.StreetSignInRequest(issuer_id=issuer_id, client_secret=client_secret)
    told = await client.refusal("StreetService/StreetSignIn", request)
    assert (told.code, told.reason) == (Code.UNAUTHENTICATED, "STREET_SIGN_IN_REFUSED")


@pytest.mark.parametrize(
    ("issuer_id", "client_secret", "field"),
    [("12345", "client", "issuer_id"), (STREET_1, "", "client_secret")]
    + [(STREET_1, text, "client_secret") for text in ("x" * 129, "a\nb")],
)
async def test_bad_fields_are_named(
    connect: Connect, issuer_id: str, client_secret: str, field: str
) -> None:
    client = await connect(None)
    request = streets_pb2.StreetSignInRequest(issuer_id=issuer_id, client_secret=client_secret)
    told = await client.refusal("StreetService/StreetSignIn", request)
    assert (told.code, told.fields) == (Code.INVALID_ARGUMENT, (field,))


async def test_the_first_acknowledgement_counts(
    service: Service, street: Client, counter: Client
) -> None:
    numbers = [(await counter.merge(merge_request())).transaction_number for _ in range(2)]
    given = [(number, 100) for number in numbers]
    answers = [(number, "ACKNOWLEDGED") for number in numbers]
    assert await street.acknowledge(*given) == answers
    noted = service.town.dump("merge_event")
    service.town.clock.advance(minutes=5)
    assert await street.acknowledge(*given, given[0]) == [*answers, answers[0]]
    assert service.town.dump("merge_event") == noted
    assert len(service.town.rows("SELECT * FROM merge_event")) == 2


async def test_what_is_not_the_street_s_or_not_as_booked_is_not_noted(
    service: Service, connect: Connect, street: Client, counter: Client
) -> None:
    number = (await counter.merge(merge_request())).transaction_number
    other = await connect(None)
    await other.street_sign_in(STREET_2)
    assert await other.acknowledge((number, 100)) == [(number, "UNKNOWN")]
    assert await street.acknowledge((number, 101), ("2017123100001", 1)) == [
        (number, "OTHER_POINTS"),
        ("2017123100001", "UNKNOWN"),
    ]
    assert service.town.rows("SELECT * FROM merge_event") == []


async def test_a_thousand_at_once_and_no_more(street: Client) -> None:
    many = [(f"2017123{n:06d}", 1) for n in range(1000)]
    assert {result for _, result in await street.acknowledge(*many)} == {"UNKNOWN"}
    for merges in ([], [*many, ("2017123100001", 1)]):
        request = acknowledge_request(*merges)
        told = await street.refusal("StreetService/AcknowledgeMerges", request)
        assert (told.code, told.fields) == (Code.INVALID_ARGUMENT, ("merges",))


async def test_a_street_s_system_can_do_nothing_else(street: Client) -> None:
    request = points_pb2.ListUsablePointsRequest(certificate_serial_number=CARD_A)
    told = await street.refusal("PointService/ListUsablePoints", request)
    assert (told.code, told.reason) == (Code.PERMISSION_DENIED, "NOT_FOR_THIS_CALLER")


async def test_a_session_ends_after_an_hour(service: Service, street: Client) -> None:
    service.town.clock.advance(minutes=59)
    await street.acknowledge(("2017123100001", 1))
    service.town.clock.advance(minutes=1)
    request = acknowledge_request(("2017123100001", 1))
    told = await street.refusal("StreetService/AcknowledgeMerges", request)
    assert (told.code, told.reason) == (Code.UNAUTHENTICATED, "SESSION_EXPIRED")
