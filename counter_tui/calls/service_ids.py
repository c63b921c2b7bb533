"""Service IDs of the terminal's own issuer."""

from jichipoint.v1 import service_ids_pb2, service_ids_pb2_grpc

from counter_tui.calls.channel import BOOK_SECONDS, READ_SECONDS, Channel
from counter_tui.calls.paging import pages


class ServiceIdCalls:
    """Look-ups, lists and notices."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = service_ids_pb2_grpc.ServiceIdServiceStub(channel.grpc)

    async def look_up_service_id(
        self, serial_number: str
    ) -> service_ids_pb2.LookUpServiceIdResponse:
        """SID-3."""
        request = service_ids_pb2.LookUpServiceIdRequest(certificate_serial_number=serial_number)
        return await self._channel.call(self._stub.LookUpServiceId, request, READ_SECONDS)

    async def look_up_mykey_id(self, customer_id: str) -> str:
        """SID-4: the MyKey ID behind a number of the terminal's own issuer."""
        request = service_ids_pb2.LookUpMykeyIdRequest(customer_id=customer_id)
        response = await self._channel.call(self._stub.LookUpMykeyId, request, READ_SECONDS)
        return response.mykey_id

    async def issuer(self) -> service_ids_pb2.GetIssuerResponse:
        """How the terminal's issuer hands numbers over and reads them."""
        request = service_ids_pb2.GetIssuerRequest()
        return await self._channel.call(self._stub.GetIssuer, request, READ_SECONDS)

    async def service_ids(self, page_token: str) -> service_ids_pb2.ListServiceIdsResponse:
        """A page of the numbers registered at the terminal's issuer."""
        request = service_ids_pb2.ListServiceIdsRequest(page_size=100, page_token=page_token)
        return await self._channel.call(self._stub.ListServiceIds, request, READ_SECONDS)

    async def address_notices(self) -> list[service_ids_pb2.AddressNotice]:
        """SID-2: all notices that were not acknowledged."""

        async def page(token: str) -> service_ids_pb2.ListAddressNoticesResponse:
            request = service_ids_pb2.ListAddressNoticesRequest(page_size=100, page_token=token)
            return await self._channel.call(self._stub.ListAddressNotices, request, READ_SECONDS)

        return [one async for found in pages(page) for one in found.notices]

    async def acknowledge_address_notice(self, notice_id: int) -> service_ids_pb2.AddressNotice:
        """SID-2; it may be repeated. Return the notice as it is then."""
        request = service_ids_pb2.AcknowledgeAddressNoticeRequest(notice_id=notice_id)
        response = await self._channel.call(
            self._stub.AcknowledgeAddressNotice, request, BOOK_SECONDS
        )
        return response.notice
