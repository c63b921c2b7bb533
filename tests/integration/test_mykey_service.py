"""MykeyService over a real socket, with cards that sign (MKY-1 to MKY-7, CRD-4)."""

import asyncio
from dataclasses import dataclass
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from jichipoint.v1 import cards_pb2, operations_pb2
from jichipoint.v1 import mykey_pb2 as pb

from counter_tui.virtual.authority import der
from server.citizens.renewals import Renewal, import_renewals
from server.mykey_ids.rules import PROPOSED
from server.upkeep.verify import verify
from tests.integration.conftest import BALANCE, EVENT_BALANCE, Connect, Service
from tests.integration.support import Client, spend_request
from tests.server.citizens.authorities import BEGAN, LAST_GOOD_DAY, Authorities
from tests.server.citizens.conftest import authorities
from tests.server.support import (
    AWAY,
    CARD_A,
    COUNTER,
    COUNTER_2,
    HOME,
    MYKEY,
    POINT_USE,
    RENEWED_TWICE,
    granted,
    hold_command,
    new_request_id,
)

__all__ = ["authorities"]

Code = grpc.StatusCode
M = TypeVar("M", bound=Message)
NEW_CARD, CARD, OTHER_NEW_CARD = "F0001", "C0FFEE", "F0002"
"""The second one is of the same citizen as card A."""
PASSWORD = "Himitsu1"


@pytest.fixture
async def kiosk_service(service: Service, authorities: Authorities) -> Service:
    await service.check_cards(authorities.verifier(now=service.town.clock.now()), CARD)
    return service


@dataclass
class Kiosk:
    """A terminal, and whoever stands before it."""

    client: Client
    authorities: Authorities

    async def proof(self, request_id: str, card: str) -> cards_pb2.CardProof:
        asked = cards_pb2.CreateCardChallengeRequest(request_id=request_id)
        answer = cards_pb2.CreateCardChallengeResponse
        content = (
            await self.client.call("CardService/CreateCardChallenge", asked, answer)
        ).challenge
        certificate = self.authorities.authority.issue(
            self.authorities.key, int(card, 16), BEGAN, LAST_GOOD_DAY
        )
        return cards_pb2.CardProof(
            challenge=content,
            certificate=der(certificate),
            signature=self.authorities.sign(content),
        )

    async def beginning(
        self, purpose: pb.AttemptPurpose.ValueType, card: str
    ) -> pb.BeginAttemptRequest:
        request_id = new_request_id()
        return pb.BeginAttemptRequest(
            request_id=request_id, purpose=purpose, card_proof=await self.proof(request_id, card)
        )

    async def begin(
        self, purpose: pb.AttemptPurpose.ValueType, card: str = NEW_CARD
    ) -> tuple[str, pb.BeginAttemptResponse]:
        request = await self.beginning(purpose, card)
        answer = await self.call("BeginAttempt", request, pb.BeginAttemptResponse)
        return request.request_id, answer

    async def call(self, method: str, request: Message, answer: type[M]) -> M:
        return await self.client.call(f"MykeyService/{method}", request, answer)

    async def reason(self, method: str, request: Message) -> str:
        return (await self.client.refusal(f"MykeyService/{method}", request)).reason

    async def propose(self, attempt: str) -> pb.ProposeMykeyIdResponse:
        request = pb.ProposeMykeyIdRequest(attempt_id=attempt)
        return await self.call("ProposeMykeyId", request, pb.ProposeMykeyIdResponse)

    async def check(self, attempt: str, mykey_id: str) -> pb.CheckMykeyIdResponse:
        request = pb.CheckMykeyIdRequest(attempt_id=attempt, mykey_id=mykey_id)
        return await self.call("CheckMykeyId", request, pb.CheckMykeyIdResponse)

    async def register(self, attempt: str, mykey_id: str) -> pb.RegisterMykeyIdResponse:
        request = registration(attempt, mykey_id)
        return await self.call("RegisterMykeyId", request, pb.RegisterMykeyIdResponse)

    async def create(self, mykey_id: str, card: str = NEW_CARD) -> None:
        attempt, _ = await self.begin(pb.ATTEMPT_PURPOSE_CREATE, card)
        assert (await self.check(attempt, mykey_id)).is_free
        assert (await self.register(attempt, mykey_id)).mykey_id == mykey_id


def registration(attempt: str, mykey_id: str) -> pb.RegisterMykeyIdRequest:
    return pb.RegisterMykeyIdRequest(
        request_id=new_request_id(),
        attempt_id=attempt,
        mykey_id=mykey_id,
        password=PASSWORD,
        mail="hanako@example.com",
        mail_choices=pb.MailChoices(granted=True, mykey_id=True),
        base_municipality_code=HOME,
    )


@pytest.fixture
async def kiosk(kiosk_service: Service, connect: Connect, authorities: Authorities) -> Kiosk:
    return Kiosk(await connect(COUNTER), authorities)


async def test_a_citizen_makes_a_mykey_id_and_uses_points(
    kiosk: Kiosk, kiosk_service: Service
) -> None:
    attempt, begun = await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE)
    assert begun.mykey_id == ""
    proposed = await kiosk.propose(attempt)
    assert len(proposed.mykey_id) == 8
    assert set(proposed.mykey_id) <= set(PROPOSED)
    assert proposed.proposals_left == 2
    registered = await kiosk.register(attempt, proposed.mykey_id)
    assert registered.mykey_id == proposed.mykey_id
    found = await kiosk.client.usable(NEW_CARD)
    assert found.mykey_id == proposed.mykey_id
    ((password_hash,),) = kiosk_service.town.rows("SELECT password_hash FROM citizen_profile")
    assert str(password_hash).startswith("$argon2id$")
    everything = repr(kiosk_service.town.dump())
    assert PASSWORD not in everything


async def test_no_hash_but_the_slow_one_is_kept_of_a_password(
    kiosk: Kiosk, kiosk_service: Service
) -> None:
    """A fingerprint of the whole request could be tried against all passwords in no time."""
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE)
    await kiosk.check(attempt, "NEWONE22")
    request = registration(attempt, "NEWONE22")
    await kiosk.call("RegisterMykeyId", request, pb.RegisterMykeyIdResponse)
    request.password = "Anderes22"
    again = await kiosk.call("RegisterMykeyId", request, pb.RegisterMykeyIdResponse)
    assert again.mykey_id == "NEWONE22", "the same request, whatever its password"


async def test_a_registration_is_found_by_its_request_id(kiosk: Kiosk) -> None:
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE)
    await kiosk.check(attempt, "NEWONE22")
    request = registration(attempt, "NEWONE22")
    await kiosk.call("RegisterMykeyId", request, pb.RegisterMykeyIdResponse)
    asked = operations_pb2.GetOperationRequest(request_id=request.request_id)
    found = await kiosk.client.call(
        "OperationService/GetOperation", asked, operations_pb2.GetOperationResponse
    )
    assert found.operation.state == operations_pb2.OPERATION_STATE_BOOKED
    assert found.operation.register_mykey_id.mykey_id == "NEWONE22"


async def test_a_settled_registration_never_comes(kiosk: Kiosk) -> None:
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE)
    await kiosk.check(attempt, "NEWONE22")
    request = registration(attempt, "NEWONE22")
    asked = operations_pb2.SettleOperationRequest(request_id=request.request_id)
    answer = operations_pb2.SettleOperationResponse
    settled = await kiosk.client.call("OperationService/SettleOperation", asked, answer)
    assert settled.operation.state == operations_pb2.OPERATION_STATE_ABANDONED
    assert await kiosk.reason("RegisterMykeyId", request) == "OPERATION_ABANDONED"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "a" * 17}, "password"),
        ({"password": "with-symbol1"}, "password"),
        ({"password": "ｚｅｎｋａｋｕ"}, "password"),
        ({"password": "あいうえおか"}, "password"),
        ({"mail": "no-at-sign"}, "mail"),
        ({"mail": "two@at@signs"}, "mail"),
        ({"mail": "a b@example.com"}, "mail"),
        ({"mail": "a@" + "b" * 254}, "mail"),
        ({"mail": ""}, "mail_choices"),
        ({"mykey_id": "newone22"}, "mykey_id"),
        ({"mykey_id": "ＮＥＷＯＮＥ２２"}, "mykey_id"),
        ({"mykey_id": "NEWONE2"}, "mykey_id"),
        ({"base_municipality_code": "13116"}, "base_municipality_code"),
        ({"request_id": "1"}, "request_id"),
        ({"attempt_id": "x"}, "attempt_id"),
    ],
)
async def test_fields_of_a_registration(kiosk: Kiosk, change: dict[str, str], field: str) -> None:
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE)
    await kiosk.check(attempt, "NEWONE22")
    request = registration(attempt, "NEWONE22")
    for name, value in change.items():
        setattr(request, name, value)
    told = await kiosk.client.refusal("MykeyService/RegisterMykeyId", request)
    assert (told.code, told.fields) == (Code.INVALID_ARGUMENT, (field,))
    await kiosk.register(attempt, "NEWONE22")


async def test_who_has_one_makes_no_second(kiosk: Kiosk) -> None:
    request = await kiosk.beginning(pb.ATTEMPT_PURPOSE_CREATE, CARD)
    assert await kiosk.reason("BeginAttempt", request) == "MYKEY_ID_EXISTS"
    tie = await kiosk.beginning(pb.ATTEMPT_PURPOSE_TIE, CARD)
    assert await kiosk.reason("BeginAttempt", tie) == "MYKEY_ID_EXISTS"


async def test_a_card_that_renews_one_with_a_mykey_id_makes_no_second(kiosk: Kiosk) -> None:
    request = await kiosk.beginning(pb.ATTEMPT_PURPOSE_CREATE, RENEWED_TWICE)
    assert await kiosk.reason("BeginAttempt", request) == "MYKEY_ID_EXISTS"


async def test_a_list_that_tells_it_during_the_attempt_counts_too(
    kiosk: Kiosk, kiosk_service: Service
) -> None:
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE)
    assert (await kiosk.check(attempt, "NEWONE22")).is_free
    renewal = Renewal(NEW_CARD, CARD_A, LAST_GOOD_DAY)
    with kiosk_service.town.database.connection_context():
        import_renewals(kiosk_service.town.database, [renewal])
    request = registration(attempt, "NEWONE22")
    assert await kiosk.reason("RegisterMykeyId", request) == "MYKEY_ID_EXISTS"
    assert await kiosk.reason("RegisterMykeyId", request) == "MYKEY_ID_EXISTS"
    assert (await kiosk.client.usable(NEW_CARD)).mykey_id == MYKEY[CARD_A]


@pytest.mark.parametrize(
    "purpose",
    [
        pb.ATTEMPT_PURPOSE_CHANGE,
        pb.ATTEMPT_PURPOSE_REVOKE,
        pb.ATTEMPT_PURPOSE_SERVICE_IDS,
    ],
)
async def test_who_has_none_has_nothing_to_change(
    kiosk: Kiosk, purpose: pb.AttemptPurpose.ValueType
) -> None:
    request = await kiosk.beginning(purpose, NEW_CARD)
    assert await kiosk.reason("BeginAttempt", request) == "CERTIFICATE_UNKNOWN"


async def test_without_a_card_that_signs_nothing_begins(kiosk: Kiosk) -> None:
    request = await kiosk.beginning(pb.ATTEMPT_PURPOSE_CREATE, NEW_CARD)
    request.card_proof.signature = bytes(256)
    assert await kiosk.reason("BeginAttempt", request) == "CARD_SIGNATURE_WRONG"
    request.ClearField("card_proof")
    assert await kiosk.reason("BeginAttempt", request) == "CHALLENGE_NOT_FOR_THIS_REQUEST"


async def test_a_purpose_has_to_be_said(kiosk: Kiosk) -> None:
    request = await kiosk.beginning(pb.ATTEMPT_PURPOSE_UNSPECIFIED, NEW_CARD)
    told = await kiosk.client.refusal("MykeyService/BeginAttempt", request)
    assert told.fields == ("purpose",)
    request.purpose = 99  # type: ignore[assignment]
    assert (await kiosk.client.refusal("MykeyService/BeginAttempt", request)).fields == ("purpose",)


async def test_counts_are_kept_by_the_server(kiosk: Kiosk) -> None:
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE)
    taken = MYKEY[CARD_A]
    lefts = [(await kiosk.check(attempt, taken)).refusals_left for _ in range(2)]
    assert lefts == [2, 1]
    last = await kiosk.check(attempt, taken)
    assert (last.is_free, last.refusals_left, last.proposal.proposals_left) == (False, 0, 2)
    asked = pb.CheckMykeyIdRequest(attempt_id=attempt, mykey_id="FREE2222")
    assert await kiosk.reason("CheckMykeyId", asked) == "NO_MORE_CANDIDATES"
    await kiosk.register(attempt, last.proposal.mykey_id)


async def test_many_want_the_same_mykey_id_at_once(
    kiosk_service: Service,
    second: Service,
    connect: Connect,
    connect_second: Connect,
    authorities: Authorities,
) -> None:
    """On two servers: one holder gets it, the others are told that it is taken."""
    kiosks = await two_kiosks(kiosk_service, second, connect, connect_second, authorities)
    attempts = [
        (kiosks[number % 2], await kiosks[number % 2].begin(pb.ATTEMPT_PURPOSE_CREATE, card))
        for number, card in enumerate(f"0F10{n:02}" for n in range(8))
    ]
    answers = await asyncio.gather(
        *(kiosk.check(attempt, "WANTED22") for kiosk, (attempt, _) in attempts)
    )
    assert sum(answer.is_free for answer in answers) == 1
    registering = [
        kiosk.client.raw(
            "MykeyService/RegisterMykeyId", registration(attempt, "WANTED22").SerializeToString()
        )
        for kiosk, (attempt, _) in attempts
    ]
    outcomes = await asyncio.gather(*registering, return_exceptions=True)
    assert sum(isinstance(one, bytes) for one in outcomes) == 1
    rows = kiosk_service.town.rows("SELECT count(*) FROM citizen WHERE mykey_id = 'WANTED22'")
    assert rows == [(1,)]


async def test_the_same_card_at_two_kiosks_at_once(
    kiosk_service: Service,
    second: Service,
    connect: Connect,
    connect_second: Connect,
    authorities: Authorities,
) -> None:
    kiosks = await two_kiosks(kiosk_service, second, connect, connect_second, authorities)
    wanted = ["NEWONE22", "NEWTWO22"]
    attempts = [(await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE))[0] for kiosk in kiosks]
    for kiosk, attempt, mykey_id in zip(kiosks, attempts, wanted, strict=True):
        assert (await kiosk.check(attempt, mykey_id)).is_free
    outcomes = await asyncio.gather(
        *(
            kiosk.register(attempt, mykey_id)
            for kiosk, attempt, mykey_id in zip(kiosks, attempts, wanted, strict=True)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Message) for one in outcomes) == 1
    query = """SELECT z.mykey_id FROM certificate c JOIN citizen z USING (citizen_id)
        WHERE c.serial_number = ?"""
    ((mykey_id,),) = kiosk_service.town.rows(query, NEW_CARD)
    assert mykey_id in wanted
    made = kiosk_service.town.rows("SELECT count(*) FROM citizen_profile")
    assert made == [(1,)], "nothing of the other registration is there"


async def test_a_change(kiosk: Kiosk) -> None:
    attempt, begun = await kiosk.begin(pb.ATTEMPT_PURPOSE_CHANGE, CARD)
    assert begun.mykey_id == MYKEY[CARD_A]
    assert (await kiosk.check(attempt, "CHANGED2")).is_free
    request = pb.ChangeMykeyIdRequest(
        request_id=new_request_id(), attempt_id=attempt, mykey_id="CHANGED2"
    )
    changed = await kiosk.call("ChangeMykeyId", request, pb.ChangeMykeyIdResponse)
    assert (changed.mykey_id, changed.replaced) == ("CHANGED2", MYKEY[CARD_A])
    assert await kiosk.call("ChangeMykeyId", request, pb.ChangeMykeyIdResponse) == changed
    found = await kiosk.client.usable(CARD)
    assert (found.mykey_id, found.usable_points[0].balance) == ("CHANGED2", BALANCE)
    told = await kiosk.client.refusal(
        "PointService/Spend", spend_request(CARD, 1, mykey_id=MYKEY[CARD_A])
    )
    assert told.reason == "CARD_CHANGED"


async def two_kiosks(
    service: Service,
    second: Service,
    connect: Connect,
    connect_second: Connect,
    authorities: Authorities,
) -> list[Kiosk]:
    """At two servers, as other processes have them."""
    await second.stop()
    second.verify_card = service.verify_card
    await second.start()
    return [
        Kiosk(await connect(COUNTER), authorities),
        Kiosk(await connect_second(COUNTER_2), authorities),
    ]


async def test_two_changes_at_once_follow_each_other(
    kiosk_service: Service,
    second: Service,
    connect: Connect,
    connect_second: Connect,
    authorities: Authorities,
) -> None:
    kiosks = await two_kiosks(kiosk_service, second, connect, connect_second, authorities)
    requests = []
    for kiosk, mykey_id in zip(kiosks, ("CHANGED2", "CHANGED3"), strict=True):
        attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CHANGE, CARD)
        assert (await kiosk.check(attempt, mykey_id)).is_free
        requests.append(
            pb.ChangeMykeyIdRequest(
                request_id=new_request_id(), attempt_id=attempt, mykey_id=mykey_id
            )
        )
    changed = await asyncio.gather(
        *(
            kiosk.call("ChangeMykeyId", request, pb.ChangeMykeyIdResponse)
            for kiosk, request in zip(kiosks, requests, strict=True)
        )
    )
    first = next(one for one in changed if one.replaced == MYKEY[CARD_A])
    (last,) = (one for one in changed if one is not first)
    assert last.replaced == first.mykey_id
    assert (await kiosks[0].client.usable(CARD)).mykey_id == last.mykey_id


async def test_two_revocations_at_once(
    kiosk_service: Service,
    second: Service,
    connect: Connect,
    connect_second: Connect,
    authorities: Authorities,
) -> None:
    kiosks = await two_kiosks(kiosk_service, second, connect, connect_second, authorities)
    points = BALANCE + EVENT_BALANCE + 10 + 20
    revoking = []
    for kiosk in kiosks:
        attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_REVOKE, CARD)
        request = pb.RevokeMykeyIdRequest(
            request_id=new_request_id(), attempt_id=attempt, shown_points=points
        )
        revoking.append(kiosk.call("RevokeMykeyId", request, pb.RevokeMykeyIdResponse))
    outcomes = await asyncio.gather(*revoking, return_exceptions=True)
    assert sum(isinstance(one, Message) for one in outcomes) == 1
    assert verify(kiosk_service.town.database).fault is None
    lapsed = kiosk_service.town.rows("SELECT count(*) FROM ledger_transaction WHERE kind = 'LAPSE'")
    assert lapsed == [(1,)]


async def test_a_revocation_with_an_order_open(kiosk: Kiosk, kiosk_service: Service) -> None:
    with kiosk_service.town.booker() as booker:
        granted(booker, hold_command(MYKEY[CARD_A], 30))
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_REVOKE, CARD)
    asked = pb.GetRevocationLossesRequest(attempt_id=attempt)
    shown = await kiosk.call("GetRevocationLosses", asked, pb.GetRevocationLossesResponse)
    points = BALANCE + EVENT_BALANCE + 10 + 20
    assert sum(one.points for one in shown.losses) == points
    assert (shown.service_ids, shown.holds) == (3, 1)
    request = pb.RevokeMykeyIdRequest(
        request_id=new_request_id(), attempt_id=attempt, shown_points=points - 1
    )
    assert await kiosk.reason("RevokeMykeyId", request) == "LOSSES_CHANGED"
    ((open_holds,),) = kiosk_service.town.rows("SELECT count(*) FROM hold WHERE is_open")
    assert open_holds == 1, "what was not confirmed releases nothing"
    request.request_id, request.shown_points = new_request_id(), points
    revoked = await kiosk.call("RevokeMykeyId", request, pb.RevokeMykeyIdResponse)
    assert revoked.mykey_id == MYKEY[CARD_A]
    assert revoked.transaction_number
    assert await kiosk.call("RevokeMykeyId", request, pb.RevokeMykeyIdResponse) == revoked
    told = await kiosk.client.refusal("PointService/Spend", spend_request(CARD_A, 1))
    assert told.reason == "MYKEY_ID_REVOKED"
    await kiosk.create("AGAIN222", CARD)
    assert (await kiosk.client.usable(CARD)).usable_points[0].balance == 0
    assert verify(kiosk_service.town.database).fault is None


async def test_a_revoked_mykey_id_wherever_it_could_be_typed(kiosk: Kiosk) -> None:
    await kiosk.create("REVOKED2")
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_REVOKE, NEW_CARD)
    request = pb.RevokeMykeyIdRequest(request_id=new_request_id(), attempt_id=attempt)
    await kiosk.call("RevokeMykeyId", request, pb.RevokeMykeyIdResponse)
    wanting, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE, OTHER_NEW_CARD)
    assert not (await kiosk.check(wanting, "REVOKED2")).is_free
    tying, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_TIE, OTHER_NEW_CARD)
    assert await kiosk.reason("TieCard", tie(tying, "REVOKED2")) == "MYKEY_PASSWORD_WRONG"
    told = await kiosk.client.refusal(
        "PointService/Spend", spend_request(NEW_CARD, 1, mykey_id="REVOKED2")
    )
    assert told.reason == "MYKEY_ID_REVOKED"


def tie(attempt: str, mykey_id: str, password: str = PASSWORD) -> pb.TieCardRequest:
    return pb.TieCardRequest(
        request_id=new_request_id(), attempt_id=attempt, mykey_id=mykey_id, password=password
    )


async def test_a_new_card_is_tied_with_the_password(kiosk: Kiosk) -> None:
    await kiosk.create("NEWONE22")
    attempt, begun = await kiosk.begin(pb.ATTEMPT_PURPOSE_TIE, OTHER_NEW_CARD)
    assert begun.mykey_id == ""
    assert await kiosk.reason("TieCard", tie(attempt, "NEWONE22", "Falsch12")) == (
        "MYKEY_PASSWORD_WRONG"
    )
    tied = await kiosk.call("TieCard", tie(attempt, "NEWONE22"), pb.TieCardResponse)
    assert tied.mykey_id == "NEWONE22"
    assert (await kiosk.client.usable(OTHER_NEW_CARD)).mykey_id == "NEWONE22"
    told = await kiosk.client.refusal(
        "PointService/Spend", spend_request(NEW_CARD, 1, mykey_id="NEWONE22")
    )
    assert told.reason == "CERTIFICATE_REVOKED", "the lost card is good for nothing"


async def test_guessing_passwords_takes_longer_and_longer(
    kiosk: Kiosk, kiosk_service: Service, connect: Connect
) -> None:
    await kiosk.create("NEWONE22")
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_TIE, OTHER_NEW_CARD)
    for number in range(3):
        told = tie(attempt, "NEWONE22" if number else "NOBODY22", f"Falsch{number}2")
        assert await kiosk.reason("TieCard", told) == "MYKEY_PASSWORD_WRONG"
    assert await kiosk.reason("TieCard", tie(attempt, "NEWONE22")) == "ATTEMPT_OVER"
    next_attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_TIE, OTHER_NEW_CARD)
    assert await kiosk.reason("TieCard", tie(next_attempt, "NEWONE22", "Falsch92")) == (
        "MYKEY_PASSWORD_WRONG"
    )
    waits = await kiosk.client.refusal("MykeyService/TieCard", tie(next_attempt, "NEWONE22"))
    assert (waits.code, waits.reason) == (Code.RESOURCE_EXHAUSTED, "TOO_MANY_WRONG_PASSWORDS")
    recorded = kiosk_service.town.rows("SELECT count(*) FROM wrong_mykey_password")
    assert recorded == [(4,)]
    honest = Kiosk(await connect(COUNTER_2), kiosk.authorities)
    elsewhere, _ = await honest.begin(pb.ATTEMPT_PURPOSE_TIE, OTHER_NEW_CARD)
    await honest.call("TieCard", tie(elsewhere, "NEWONE22"), pb.TieCardResponse)


async def test_own_service_ids_are_for_their_holder(kiosk: Kiosk) -> None:
    attempt, begun = await kiosk.begin(pb.ATTEMPT_PURPOSE_SERVICE_IDS, CARD)
    assert begun.mykey_id == MYKEY[CARD_A]
    asked = pb.ListOwnServiceIdsRequest(attempt_id=attempt)
    found = await kiosk.call("ListOwnServiceIds", asked, pb.ListOwnServiceIdsResponse)
    assert [(one.issuer_name, one.customer_id) for one in found.service_ids] == [
        ("一番街", "123456789"),
        ("二番街", "223456789"),
        ("四番街", "323456789"),
    ]
    other, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CHANGE, CARD)
    wrong = pb.ListOwnServiceIdsRequest(attempt_id=other)
    assert await kiosk.reason("ListOwnServiceIds", wrong) == "ATTEMPT_OVER"


async def test_an_attempt_is_its_terminals_own(kiosk: Kiosk, connect: Connect) -> None:
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_SERVICE_IDS, CARD)
    stranger = Kiosk(await connect(COUNTER_2), kiosk.authorities)
    asked = pb.ListOwnServiceIdsRequest(attempt_id=attempt)
    assert await stranger.reason("ListOwnServiceIds", asked) == "ATTEMPT_OVER"
    await stranger.call(
        "EndAttempt", pb.EndAttemptRequest(attempt_id=attempt), pb.EndAttemptResponse
    )
    await kiosk.call("ListOwnServiceIds", asked, pb.ListOwnServiceIdsResponse)


async def test_base_municipalities_in_pages(kiosk: Kiosk) -> None:
    found: list[tuple[str, str]] = []
    token = ""
    while True:
        asked = pb.ListBaseMunicipalitiesRequest(page_size=1, page_token=token)
        page = await kiosk.call("ListBaseMunicipalities", asked, pb.ListBaseMunicipalitiesResponse)
        found += [(one.municipality_code, one.name) for one in page.municipalities]
        token = page.next_page_token
        if not token:
            break
    assert found == [(HOME, "さくら野区"), (AWAY, "みどり川市")]
    wrong = pb.ListBaseMunicipalitiesRequest(page_token="é")
    told = await kiosk.client.refusal("MykeyService/ListBaseMunicipalities", wrong)
    assert told.fields == ("page_token",)


async def test_a_terminal_of_another_class(connect: Connect, kiosk_service: Service) -> None:
    client = await connect(POINT_USE)
    told = await client.refusal("MykeyService/ProposeMykeyId", pb.ProposeMykeyIdRequest())
    assert told.reason == "NOT_FOR_THIS_TERMINAL"
