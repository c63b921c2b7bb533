"""What cards are to sign."""

from jichipoint.v1 import cards_pb2, cards_pb2_grpc

from counter_tui.calls.channel import READ_SECONDS, Channel


class CardCalls:
    """Challenges."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = cards_pb2_grpc.CardServiceStub(channel.grpc)

    async def card_challenge(self, request_id: str) -> bytes:
        """Return what the card is to sign for a request (CRD-2)."""
        request = cards_pb2.CreateCardChallengeRequest(request_id=request_id)
        response = await self._channel.call(self._stub.CreateCardChallenge, request, READ_SECONDS)
        return response.challenge
