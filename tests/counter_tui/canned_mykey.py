"""The part of the canned gateway that answers what is asked about MyKey IDs."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from jichipoint.v1 import cards_pb2, mykey_pb2

from counter_tui.calls.answers import RefusedError, TroubleError, UnreachableError

T = TypeVar("T")

PRESENT_ID = "MY123456"
PROPOSALS = ("K7Q0X1PO", "3NB8WF2R", "ZC5TI94A")
TAKEN = ("TAKEN001", "TAKEN002", "TAKEN003", "TAKEN004")
NO_ANSWER = UnreachableError("UNAVAILABLE", "サーバーから返事がありません。")
OVER = RefusedError("ATTEMPT_OVER", "手続きの時間が過ぎました。最初からやり直してください。")

MUNICIPALITIES = [
    mykey_pb2.BaseMunicipality(municipality_code=code, prefecture=prefecture, name=name)
    for code, prefecture, name in (
        ("141003", "神奈川県", "横浜市"),
        ("141305", "神奈川県", "川崎市"),
        ("141500", "神奈川県", "相模原市"),
    )
]
MANY_MUNICIPALITIES = [
    mykey_pb2.BaseMunicipality(
        municipality_code=f"{place:02}{number:04}",
        prefecture=f"第{place}県",
        name=f"第{place}県第{number}市",
    )
    for place in range(1, 12)
    for number in range(1, place + 2)
]
LOSSES = mykey_pb2.GetRevocationLossesResponse(
    losses=[
        mykey_pb2.ProgramLoss(program_id="00000001", program_name="A市ポイント", points=1730),
        mykey_pb2.ProgramLoss(program_id="00000000", program_name="留保ポイント", points=12500),
    ],
    service_ids=2,
    holds=1,
)
SERVICE_IDS = [
    mykey_pb2.OwnServiceId(issuer_name="川崎市立図書館", customer_id="180000000011"),
    mykey_pb2.OwnServiceId(issuer_name="ブレーメン商店街", customer_id="520625"),
]


@dataclass
class MykeyBook:
    """What was asked, and what is answered."""

    begun: list[tuple[str, int]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The candidates that were checked."""
    sent: list[
        mykey_pb2.RegisterMykeyIdRequest
        | mykey_pb2.ChangeMykeyIdRequest
        | mykey_pb2.RevokeMykeyIdRequest
        | mykey_pb2.TieCardRequest
    ] = field(default_factory=list)
    proposed: int = 0
    refused: int = 0
    troubles: dict[str, list[TroubleError]] = field(default_factory=dict)
    """By method: what is answered instead, one after the other."""
    municipalities: list[mykey_pb2.BaseMunicipality] = field(
        default_factory=lambda: list(MUNICIPALITIES)
    )
    losses: mykey_pb2.GetRevocationLossesResponse = field(
        default_factory=lambda: mykey_pb2.GetRevocationLossesResponse.FromString(
            LOSSES.SerializeToString()
        )
    )
    service_ids: list[mykey_pb2.OwnServiceId] = field(default_factory=lambda: list(SERVICE_IDS))

    def may_trouble(self, method: str) -> None:
        if self.troubles.get(method):
            raise self.troubles[method].pop(0)

    def propose(self) -> mykey_pb2.ProposeMykeyIdResponse:
        self.proposed += 1
        return mykey_pb2.ProposeMykeyIdResponse(
            mykey_id=PROPOSALS[self.proposed - 1], proposals_left=3 - self.proposed
        )


class CannedMykeys:
    """Answers as S14 to S17, S57, S61 and S62 show it."""

    away: bool

    @cached_property
    def mykey(self) -> MykeyBook:
        return MykeyBook()

    async def begin_attempt(
        self,
        request_id: str,
        purpose: mykey_pb2.AttemptPurpose.ValueType,
        proof: cards_pb2.CardProof,
    ) -> mykey_pb2.BeginAttemptResponse:
        assert proof.signature
        assert proof.challenge == request_id.encode()
        self.mykey.begun.append((request_id, purpose))
        self.mykey.may_trouble("begin")
        has_none = (mykey_pb2.ATTEMPT_PURPOSE_CREATE, mykey_pb2.ATTEMPT_PURPOSE_TIE)
        return mykey_pb2.BeginAttemptResponse(mykey_id="" if purpose in has_none else PRESENT_ID)

    async def propose_mykey_id(self, attempt_id: str) -> mykey_pb2.ProposeMykeyIdResponse:
        self.mykey.may_trouble("propose")
        return self.mykey.propose()

    async def check_mykey_id(
        self, attempt_id: str, mykey_id: str
    ) -> mykey_pb2.CheckMykeyIdResponse:
        book = self.mykey
        book.asked.append(mykey_id)
        book.may_trouble("check")
        if mykey_id not in TAKEN:
            return mykey_pb2.CheckMykeyIdResponse(is_free=True, refusals_left=3 - book.refused)
        book.refused += 1
        answer = mykey_pb2.CheckMykeyIdResponse(refusals_left=3 - book.refused)
        if answer.refusals_left == 0:
            answer.proposal.CopyFrom(book.propose())
        return answer

    async def register_mykey_id(
        self, request: mykey_pb2.RegisterMykeyIdRequest
    ) -> mykey_pb2.RegisterMykeyIdResponse:
        self._sent("register", request)
        return mykey_pb2.RegisterMykeyIdResponse(mykey_id=request.mykey_id)

    async def change_mykey_id(
        self, request: mykey_pb2.ChangeMykeyIdRequest
    ) -> mykey_pb2.ChangeMykeyIdResponse:
        self._sent("change", request)
        return mykey_pb2.ChangeMykeyIdResponse(mykey_id=request.mykey_id, replaced=PRESENT_ID)

    async def revocation_losses(self, attempt_id: str) -> mykey_pb2.GetRevocationLossesResponse:
        self.mykey.may_trouble("losses")
        return self.mykey.losses

    async def revoke_mykey_id(
        self, request: mykey_pb2.RevokeMykeyIdRequest
    ) -> mykey_pb2.RevokeMykeyIdResponse:
        self._sent("revoke", request)
        return mykey_pb2.RevokeMykeyIdResponse(
            mykey_id=PRESENT_ID,
            transaction_number="2017040200007",
            losses=self.mykey.losses.losses,
        )

    async def tie_card(self, request: mykey_pb2.TieCardRequest) -> mykey_pb2.TieCardResponse:
        self._sent("tie", request)
        return mykey_pb2.TieCardResponse(mykey_id=request.mykey_id)

    async def own_service_ids(self, attempt_id: str) -> list[mykey_pb2.OwnServiceId]:
        self.mykey.may_trouble("service_ids")
        return self.mykey.service_ids

    async def end_attempt(self, attempt_id: str) -> None:
        self.mykey.ended.append(attempt_id)
        self.mykey.may_trouble("end")

    async def base_municipalities(self) -> list[mykey_pb2.BaseMunicipality]:
        self.mykey.may_trouble("bases")
        return self.mykey.municipalities

    def _sent(
        self,
        method: str,
        request: mykey_pb2.RegisterMykeyIdRequest
        | mykey_pb2.ChangeMykeyIdRequest
        | mykey_pb2.RevokeMykeyIdRequest
        | mykey_pb2.TieCardRequest,
    ) -> None:
        self.mykey.sent.append(request)
        if self.away:
            raise NO_ANSWER
        self.mykey.may_trouble(method)
