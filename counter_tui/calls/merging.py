"""Merges: what can be merged, and whether files are delivered and taken."""

from jichipoint.v1 import merging_pb2, merging_pb2_grpc

from counter_tui.calls.channel import BOOK_SECONDS, READ_SECONDS, Channel
from counter_tui.calls.paging import pages


class MergeCalls:
    """Merges and their files."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = merging_pb2_grpc.MergeServiceStub(channel.grpc)

    async def mergeable_points(self, serial_number: str) -> merging_pb2.GetMergeablePointsResponse:
        """MRG-1."""
        request = merging_pb2.GetMergeablePointsRequest(certificate_serial_number=serial_number)
        return await self._channel.call(self._stub.GetMergeablePoints, request, READ_SECONDS)

    async def mergeable_by_street_card(
        self, customer_id: str
    ) -> merging_pb2.GetMergeablePointsResponse:
        """MRG-1, by the number on the street's own card (III.15)."""
        request = merging_pb2.GetMergeablePointsRequest(customer_id=customer_id)
        return await self._channel.call(self._stub.GetMergeablePoints, request, READ_SECONDS)

    async def undelivered_merges(
        self,
    ) -> list[merging_pb2.ListUndeliveredMergesResponse.UndeliveredMerge]:
        """MRG-4: the terminal's merge files that it has not reported as delivered."""

        async def page(token: str) -> merging_pb2.ListUndeliveredMergesResponse:
            request = merging_pb2.ListUndeliveredMergesRequest(page_token=token)
            return await self._channel.call(self._stub.ListUndeliveredMerges, request, READ_SECONDS)

        return [one async for found in pages(page) for one in found.merges]

    async def report_merge_delivered(self, transaction_number: str) -> None:
        """MRG-4; it may be repeated."""
        request = merging_pb2.ReportMergeDeliveredRequest(transaction_number=transaction_number)
        await self._channel.call(self._stub.ReportMergeDelivered, request, BOOK_SECONDS)

    async def merge_state(self, transaction_number: str) -> merging_pb2.MergeState:
        """MRG-4: whether the street's system has taken a merge."""
        request = merging_pb2.GetMergeStateRequest(transaction_number=transaction_number)
        response = await self._channel.call(self._stub.GetMergeState, request, READ_SECONDS)
        return response.state
