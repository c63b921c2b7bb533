"""The transactions of a terminal's day."""

from jichipoint.v1 import days_pb2, days_pb2_grpc

from counter_tui.calls.answers import Booked, RefusedError
from counter_tui.calls.bookings import booked_of
from counter_tui.calls.channel import READ_SECONDS, Channel
from counter_tui.calls.paging import pages


class DayCalls:
    """Lists, totals and single answers."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = days_pb2_grpc.DayServiceStub(channel.grpc)

    async def day_transactions(self) -> list[days_pb2.DayTransaction]:
        """USE-4: all of today's."""

        async def page(token: str) -> days_pb2.ListDayTransactionsResponse:
            request = days_pb2.ListDayTransactionsRequest(page_size=100, page_token=token)
            return await self._channel.call(self._stub.ListDayTransactions, request, READ_SECONDS)

        return [one async for found in pages(page) for one in found.transactions]

    async def day_totals(self) -> days_pb2.GetDayTotalsResponse:
        """USE-4."""
        request = days_pb2.GetDayTotalsRequest()
        return await self._channel.call(self._stub.GetDayTotals, request, READ_SECONDS)

    async def day_transaction(self, transaction_number: str) -> Booked:
        """USE-4: how one of this terminal's transactions was answered."""
        request = days_pb2.GetDayTransactionRequest(transaction_number=transaction_number)
        response = await self._channel.call(self._stub.GetDayTransaction, request, READ_SECONDS)
        answer = booked_of(response.operation)
        if answer is None:
            raise RefusedError("TRANSACTION_UNKNOWN", "")
        return answer
