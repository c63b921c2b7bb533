"""A holder's attempts with a MyKey ID."""

from jichipoint.v1 import cards_pb2, mykey_pb2, mykey_pb2_grpc

from counter_tui.calls.channel import BOOK_SECONDS, READ_SECONDS, Channel
from counter_tui.calls.paging import pages


class MykeyCalls:
    """From the attempt's beginning to its end."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = mykey_pb2_grpc.MykeyServiceStub(channel.grpc)

    async def begin_attempt(
        self,
        request_id: str,
        purpose: mykey_pb2.AttemptPurpose.ValueType,
        proof: cards_pb2.CardProof,
    ) -> mykey_pb2.BeginAttemptResponse:
        """Begin what a holder wants to do with a MyKey ID; the request ID names the attempt."""
        request = mykey_pb2.BeginAttemptRequest(
            request_id=request_id, purpose=purpose, card_proof=proof
        )
        return await self._channel.call(self._stub.BeginAttempt, request, BOOK_SECONDS)

    async def propose_mykey_id(self, attempt_id: str) -> mykey_pb2.ProposeMykeyIdResponse:
        """MKY-2."""
        request = mykey_pb2.ProposeMykeyIdRequest(attempt_id=attempt_id)
        return await self._channel.call(self._stub.ProposeMykeyId, request, BOOK_SECONDS)

    async def check_mykey_id(
        self, attempt_id: str, mykey_id: str
    ) -> mykey_pb2.CheckMykeyIdResponse:
        """MKY-3."""
        request = mykey_pb2.CheckMykeyIdRequest(attempt_id=attempt_id, mykey_id=mykey_id)
        return await self._channel.call(self._stub.CheckMykeyId, request, BOOK_SECONDS)

    async def register_mykey_id(
        self, request: mykey_pb2.RegisterMykeyIdRequest
    ) -> mykey_pb2.RegisterMykeyIdResponse:
        """MKY-1; it may be repeated. Its password is never kept on this machine."""
        return await self._channel.call(self._stub.RegisterMykeyId, request, BOOK_SECONDS)

    async def change_mykey_id(
        self, request: mykey_pb2.ChangeMykeyIdRequest
    ) -> mykey_pb2.ChangeMykeyIdResponse:
        """MKY-6; it may be repeated."""
        return await self._channel.call(self._stub.ChangeMykeyId, request, BOOK_SECONDS)

    async def revocation_losses(self, attempt_id: str) -> mykey_pb2.GetRevocationLossesResponse:
        """MKY-7: what the holder is shown before."""
        request = mykey_pb2.GetRevocationLossesRequest(attempt_id=attempt_id)
        return await self._channel.call(self._stub.GetRevocationLosses, request, READ_SECONDS)

    async def revoke_mykey_id(
        self, request: mykey_pb2.RevokeMykeyIdRequest
    ) -> mykey_pb2.RevokeMykeyIdResponse:
        """MKY-7; it may be repeated."""
        return await self._channel.call(self._stub.RevokeMykeyId, request, BOOK_SECONDS)

    async def tie_card(self, request: mykey_pb2.TieCardRequest) -> mykey_pb2.TieCardResponse:
        """CRD-4; it may be repeated. Its password is never kept on this machine."""
        return await self._channel.call(self._stub.TieCard, request, BOOK_SECONDS)

    async def own_service_ids(self, attempt_id: str) -> list[mykey_pb2.OwnServiceId]:
        """S57."""
        request = mykey_pb2.ListOwnServiceIdsRequest(attempt_id=attempt_id)
        response = await self._channel.call(self._stub.ListOwnServiceIds, request, READ_SECONDS)
        return list(response.service_ids)

    async def end_attempt(self, attempt_id: str) -> None:
        """Free the candidate that an attempt has reserved."""
        request = mykey_pb2.EndAttemptRequest(attempt_id=attempt_id)
        await self._channel.call(self._stub.EndAttempt, request, BOOK_SECONDS)

    async def base_municipalities(self) -> list[mykey_pb2.BaseMunicipality]:
        """MKY-4: all that can be a base."""

        async def page(token: str) -> mykey_pb2.ListBaseMunicipalitiesResponse:
            request = mykey_pb2.ListBaseMunicipalitiesRequest(page_size=500, page_token=token)
            return await self._channel.call(
                self._stub.ListBaseMunicipalities, request, READ_SECONDS
            )

        return [one async for found in pages(page) for one in found.municipalities]
