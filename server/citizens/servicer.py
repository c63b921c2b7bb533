"""CardService: protobuf in, operation, protobuf out."""

from jichipoint.v1 import cards_pb2 as pb

from server.citizens.proofs import CardProofs, SignedChallenge
from server.ledger.values import RequestKey
from server.rpc import fields
from server.rpc.access import REDEEMING_COUNTERS, Whose, open_to
from server.rpc.booking import timestamp
from server.rpc.calls import Call


class CardServicer:
    """Challenges for cards to sign."""

    def __init__(self, proofs: CardProofs) -> None:
        self._proofs = proofs

    @open_to(REDEEMING_COUNTERS, Whose.CALLER)
    async def CreateCardChallenge(  # noqa: N802
        self, request: pb.CreateCardChallengeRequest, call: Call
    ) -> pb.CreateCardChallengeResponse:
        """CRD-2."""
        key = RequestKey(call.session.caller, fields.request_id(request.request_id))
        challenge = self._proofs.challenge(key)
        return pb.CreateCardChallengeResponse(
            challenge=challenge.content, expire_time=timestamp(challenge.expires_at)
        )


def signed_in(message: pb.CardProof) -> SignedChallenge:
    """Return what a card signed, as a message has it."""
    return SignedChallenge(message.challenge, message.certificate, message.signature)
