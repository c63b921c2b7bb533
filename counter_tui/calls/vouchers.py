"""Vouchers: what is trusted, where they are redeemed, reprints."""

from jichipoint.v1 import vouchers_pb2, vouchers_pb2_grpc

from counter_tui.calls.channel import BOOK_SECONDS, READ_SECONDS, Channel
from counter_tui.calls.paging import pages


class VoucherCalls:
    """All of vouchers but their bookings."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = vouchers_pb2_grpc.VoucherServiceStub(channel.grpc)

    async def voucher_trust(self) -> vouchers_pb2.GetVoucherTrustResponse:
        """VCH-8."""
        request = vouchers_pb2.GetVoucherTrustRequest()
        return await self._channel.call(self._stub.GetVoucherTrust, request, READ_SECONDS)

    async def redemption_places(self) -> list[vouchers_pb2.RedemptionPlace]:
        """VCH-5: all of them."""

        async def page(token: str) -> vouchers_pb2.ListRedemptionPlacesResponse:
            request = vouchers_pb2.ListRedemptionPlacesRequest(page_size=500, page_token=token)
            return await self._channel.call(self._stub.ListRedemptionPlaces, request, READ_SECONDS)

        return [one async for found in pages(page) for one in found.places]

    async def look_up_voucher(self, voucher_number: str, place_id: int) -> vouchers_pb2.Voucher:
        """VCH-4."""
        request = vouchers_pb2.LookUpVoucherRequest(
            voucher_number=voucher_number, place_id=place_id
        )
        response = await self._channel.call(self._stub.LookUpVoucher, request, READ_SECONDS)
        return response.voucher

    async def reprint_voucher(
        self, request_id: str, transaction_number: str
    ) -> vouchers_pb2.ReprintVoucherResponse:
        """VCH-3."""
        request = vouchers_pb2.ReprintVoucherRequest(
            request_id=request_id, transaction_number=transaction_number
        )
        return await self._channel.call(self._stub.ReprintVoucher, request, BOOK_SECONDS)
