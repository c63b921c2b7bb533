"""ServiceIdService: protobuf in, operation, protobuf out."""

from jichipoint.v1 import service_ids_pb2 as pb

from server.citizens.renewals import Cards
from server.clock import Clock, Moment
from server.rpc import fields
from server.rpc.access import SERVICE_ID_COUNTERS, open_to
from server.rpc.calls import Call
from server.service_ids.looking_up import look_up


class ServiceIdServicer:
    """Looking service IDs up."""

    def __init__(self, cards: Cards, clock: Clock) -> None:
        self._cards = cards
        self._clock = clock

    @open_to(SERVICE_ID_COUNTERS)
    async def LookUpServiceId(  # noqa: N802
        self, request: pb.LookUpServiceIdRequest, call: Call
    ) -> pb.LookUpServiceIdResponse:
        """SID-3."""
        serial_number = fields.serial_number(request.certificate_serial_number)
        today = Moment.of(self._clock.now()).day
        terminal_id = call.session.terminal_id
        found = await self._cards.read(
            serial_number, lambda reader: look_up(reader, terminal_id, serial_number, today)
        )
        return pb.LookUpServiceIdResponse(
            issuer_id=found.issuer_id,
            issuer_name=found.terminal.issuer_name,
            customer_id=found.customer_id,
        )
