"""Bookings, as they lie in the outbox: sent, asked about, settled (USE-5)."""

from collections.abc import Mapping

import grpc
from jichipoint.v1 import operations_pb2, operations_pb2_grpc

from counter_tui.calls.answers import Booked, Decision, RefusedError, Settled
from counter_tui.calls.channel import BOOK_SECONDS, READ_SECONDS, Channel, told


class BookingCalls:
    """Sends requests without knowing what is in them."""

    def __init__(self, channel: Channel, paths: Mapping[str, str]) -> None:
        """`paths` has the path of each method that is booked, as gRPC writes it."""
        self._channel = channel
        self._stub = operations_pb2_grpc.OperationServiceStub(channel.grpc)
        self._methods: dict[str, grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = {
            method: channel.grpc.unary_unary(path) for method, path in paths.items()
        }

    async def book(self, method: str, request: bytes) -> Booked:
        """Send a booking and return its answer. Raises KeyError for a method without a path."""
        return Booked(
            method, await self._channel.call(self._methods[method], request, BOOK_SECONDS)
        )

    async def look_up(self, request_id: str) -> Decision | None:
        """Return what was decided on a request ID; None where nothing is yet (USE-5)."""
        request = operations_pb2.GetOperationRequest(request_id=request_id)
        try:
            found = await self._channel.call(self._stub.GetOperation, request, READ_SECONDS)
        except RefusedError as refused:
            if refused.reason == "OPERATION_UNKNOWN":
                return None
            raise
        return decision_of(found.operation)

    async def settle(self, request_id: str) -> Decision:
        """Settle a request ID for good and return what holds (USE-5)."""
        request = operations_pb2.SettleOperationRequest(request_id=request_id)
        found = await self._channel.call(self._stub.SettleOperation, request, BOOK_SECONDS)
        return decision_of(found.operation)


def booked_of(operation: operations_pb2.Operation) -> Booked | None:
    """Return the answer of an operation that was booked."""
    if operation.state != operations_pb2.OPERATION_STATE_BOOKED:
        return None
    kind = operation.WhichOneof("response") or ""
    method = "".join(part.capitalize() for part in kind.split("_"))
    return Booked(method, getattr(operation, kind).SerializeToString())


def decision_of(operation: operations_pb2.Operation) -> Decision:
    """Return what was decided on a request."""
    booked = booked_of(operation)
    if booked is not None:
        return booked
    if operation.state == operations_pb2.OPERATION_STATE_REFUSED:
        found = told(operation.refusal)
        return Settled(found.reason, found.words)
    return Settled()
