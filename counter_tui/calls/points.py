"""Points that can be used."""

from jichipoint.v1 import points_pb2, points_pb2_grpc

from counter_tui.calls.channel import READ_SECONDS, Channel


class PointCalls:
    """Balances at a counter."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = points_pb2_grpc.PointServiceStub(channel.grpc)

    async def usable_points(self, serial_number: str) -> points_pb2.ListUsablePointsResponse:
        """USE-1."""
        request = points_pb2.ListUsablePointsRequest(certificate_serial_number=serial_number)
        return await self._channel.call(self._stub.ListUsablePoints, request, READ_SECONDS)
