"""Renewed cards (CRD-4), and amounts for which the PIN is asked (CRD-2, CRD-3)."""

import asyncio

import grpc
import pytest
from jichipoint.v1 import cards_pb2, points_pb2

from counter_tui.virtual.authority import der
from server.municipalities.tables import ProgramRow
from server.upkeep.verify import verify
from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import Client, merge_request, refused, spend_request
from tests.server.citizens.authorities import BEGAN, LAST_GOOD_DAY, Authorities
from tests.server.citizens.conftest import authorities
from tests.server.support import (
    CARD_A,
    COUNTER,
    COUNTER_2,
    IN_CIRCLES,
    MUNICIPAL,
    MYKEY,
    POINT_USE,
    RENEWED,
    RENEWED_FROM_UNKNOWN,
    RENEWED_TWICE,
    new_request_id,
)

__all__ = ["authorities"]

Code = grpc.StatusCode
ABOVE = 300
"""More points than this take the PIN."""


def certificates(service: Service) -> list[tuple[str, int, str | None]]:
    rows = service.town.rows(
        "SELECT serial_number, citizen_id, renews FROM certificate "
        "WHERE renews IS NOT NULL ORDER BY serial_number"
    )
    return [(str(one), int(citizen), renews) for one, citizen, renews in rows]


# Renewed cards


async def test_a_renewed_card_is_linked_at_its_first_use(service: Service, counter: Client) -> None:
    found = await counter.usable(RENEWED)
    assert found.mykey_id == MYKEY[CARD_A]
    assert certificates(service) == [(RENEWED, 1, CARD_A)]
    spent = await counter.spend(spend_request(RENEWED, 100, mykey_id=MYKEY[CARD_A]))
    assert spent.balance_after == BALANCE - 100
    assert verify(service.town.database).fault is None


async def test_a_card_renewed_twice_is_linked_over_both_steps(
    service: Service, counter: Client
) -> None:
    assert (await counter.usable(RENEWED_TWICE)).mykey_id == MYKEY[CARD_A]
    assert certificates(service) == [(RENEWED, 1, CARD_A), (RENEWED_TWICE, 1, RENEWED)]


async def test_a_link_is_made_once_at_the_same_moment(
    service: Service, connect: Connect, connect_second: Connect
) -> None:
    clients = [await connect(POINT_USE), await connect_second(COUNTER_2)]
    asked = [client.usable(RENEWED_TWICE) for client in clients for _ in range(5)]
    found = await asyncio.gather(*asked)
    assert {one.mykey_id for one in found} == {MYKEY[CARD_A]}
    assert len(certificates(service)) == 2


@pytest.mark.parametrize("serial_number", [RENEWED_FROM_UNKNOWN, IN_CIRCLES, "FFFFFF"])
async def test_with_no_link_known_nothing_is_changed(
    service: Service, counter: Client, serial_number: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await counter.usable(serial_number)
    assert refused(caught.value).reason == "CERTIFICATE_UNKNOWN"
    assert certificates(service) == []


async def test_a_renewed_certificate_expires_on_its_own_day(
    service: Service, counter: Client
) -> None:
    service.town.clock.advance(days=365 * 5)
    await counter.sign_in()
    with pytest.raises(grpc.RpcError) as caught:
        await counter.usable(RENEWED)
    assert refused(caught.value).metadata == {"last_good_day": "2031-01-01"}


# The PIN

CARD = "C0FFEE"
"""Of the same citizen as card A."""
OTHER_CARD = "C0FFEF"


@pytest.fixture
async def asking(service: Service, authorities: Authorities) -> Service:
    """A server that checks cards, in a town that asks for the PIN above 300 points."""
    with service.town.database.connection_context():
        ProgramRow.update(pin_above_points=ABOVE).where(ProgramRow.program_id == MUNICIPAL).execute(
            service.town.database
        )
    await service.check_cards(authorities.verifier(now=service.town.clock.now()), CARD)
    return service


@pytest.fixture
async def client(asking: Service, connect: Connect) -> Client:
    return await connect(COUNTER)


async def challenge(client: Client, request_id: str) -> bytes:
    request = cards_pb2.CreateCardChallengeRequest(request_id=request_id)
    answer = cards_pb2.CreateCardChallengeResponse
    return (await client.call("CardService/CreateCardChallenge", request, answer)).challenge


def signed(authorities: Authorities, content: bytes, card: str = CARD) -> cards_pb2.CardProof:
    certificate = authorities.authority.issue(authorities.key, int(card, 16), BEGAN, LAST_GOOD_DAY)
    return cards_pb2.CardProof(
        challenge=content, certificate=der(certificate), signature=authorities.sign(content)
    )


def asks(
    points: int, proof: cards_pb2.CardProof | None = None, request_id: str | None = None
) -> points_pb2.SpendRequest:
    request = spend_request(CARD, points, request_id=request_id, mykey_id=MYKEY[CARD_A])
    if proof is not None:
        request.card_proof.CopyFrom(proof)
    return request


async def test_the_counter_is_told_from_which_amount(client: Client) -> None:
    municipal, *others = (await client.usable(CARD)).usable_points
    assert municipal.pin_above_points == ABOVE
    assert not any(one.HasField("pin_above_points") for one in others)


async def test_up_to_the_amount_no_pin_is_needed(client: Client) -> None:
    assert (await client.spend(asks(ABOVE))).balance_after == BALANCE - ABOVE


async def test_above_it_the_pin_is_needed(client: Client, authorities: Authorities) -> None:
    told = await client.refusal("PointService/Spend", asks(ABOVE + 1))
    assert (told.code, told.reason) == (Code.FAILED_PRECONDITION, "PIN_NEEDED")
    request_id = new_request_id()
    proof = signed(authorities, await challenge(client, request_id))
    spent = await client.spend(asks(ABOVE + 1, proof, request_id))
    assert spent.balance_after == BALANCE - ABOVE - 1


async def test_merging_asks_too(client: Client, authorities: Authorities) -> None:
    request = merge_request(CARD, ABOVE + 1, mykey_id=MYKEY[CARD_A])
    told = await client.refusal("MergeService/Merge", request)
    assert told.reason == "PIN_NEEDED"
    request.request_id = new_request_id()
    request.card_proof.CopyFrom(signed(authorities, await challenge(client, request.request_id)))
    assert (await client.merge(request)).balance_after == BALANCE - ABOVE - 1


async def test_a_proof_counts_once_and_its_request_can_be_repeated(
    asking: Service, client: Client, authorities: Authorities
) -> None:
    request_id = new_request_id()
    proof = signed(authorities, await challenge(client, request_id))
    request = asks(ABOVE + 1, proof, request_id)
    first = await client.spend(request)
    asking.town.clock.advance(seconds=121)
    assert await client.spend(request) == first
    told = await client.refusal("PointService/Spend", asks(ABOVE + 1, proof))
    assert told.reason == "CHALLENGE_NOT_FOR_THIS_REQUEST"
    assert (await client.usable(CARD)).usable_points[0].balance == BALANCE - ABOVE - 1


async def test_a_proof_of_another_terminal(
    client: Client, connect: Connect, authorities: Authorities
) -> None:
    request_id = new_request_id()
    proof = signed(authorities, await challenge(client, request_id))
    other = await connect(COUNTER_2)
    told = await other.refusal("PointService/Spend", asks(ABOVE + 1, proof, request_id))
    assert told.reason == "CHALLENGE_NOT_FOR_THIS_REQUEST"


async def test_a_proof_that_came_too_late(
    asking: Service, client: Client, authorities: Authorities
) -> None:
    request_id = new_request_id()
    proof = signed(authorities, await challenge(client, request_id))
    asking.town.clock.advance(seconds=120)
    told = await client.refusal("PointService/Spend", asks(ABOVE + 1, proof, request_id))
    assert (told.code, told.reason) == (Code.FAILED_PRECONDITION, "CHALLENGE_EXPIRED")


async def test_leading_zeros_make_no_other_number(client: Client) -> None:
    usable = await client.usable(f"000{CARD_A}")
    assert usable == await client.usable(CARD_A)
    await client.spend(spend_request(f"0{CARD_A}", 1, mykey_id=MYKEY[CARD_A]))


async def test_a_proof_of_another_card(client: Client, authorities: Authorities) -> None:
    request_id = new_request_id()
    proof = signed(authorities, await challenge(client, request_id), OTHER_CARD)
    told = await client.refusal("PointService/Spend", asks(ABOVE + 1, proof, request_id))
    assert told.reason == "CARD_SIGNATURE_WRONG"


async def test_a_wrong_proof_is_refused_even_where_none_is_needed(
    client: Client, authorities: Authorities
) -> None:
    request_id = new_request_id()
    proof = signed(authorities, await challenge(client, request_id))
    proof.signature = bytes(256)
    told = await client.refusal("PointService/Spend", asks(1, proof, request_id))
    assert told.reason == "CARD_SIGNATURE_WRONG"
    empty = await client.refusal("PointService/Spend", asks(1, cards_pb2.CardProof()))
    assert empty.reason == "CHALLENGE_NOT_FOR_THIS_REQUEST"


async def test_a_server_without_authorities_says_so(counter: Client) -> None:
    request = cards_pb2.CreateCardChallengeRequest(request_id=new_request_id())
    told = await counter.refusal("CardService/CreateCardChallenge", request)
    assert (told.code, told.reason) == (Code.FAILED_PRECONDITION, "CARD_AUTHORITY_MISSING")


async def test_a_challenge_wants_a_request_id(client: Client) -> None:
    request = cards_pb2.CreateCardChallengeRequest(request_id="1")
    told = await client.refusal("CardService/CreateCardChallenge", request)
    assert told.fields == ("request_id",)
