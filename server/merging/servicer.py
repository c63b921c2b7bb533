"""MergeService: protobuf in, operation, protobuf out."""

from jichipoint.v1 import merging_pb2 as pb

from server.chance import Chance, uuid7
from server.citizens.proofs import CardProofs
from server.citizens.renewals import Cards
from server.clock import Clock, Moment
from server.ledger.values import Refusal, RequestKey
from server.ledger.writer import Writer
from server.merging.errors import MergingReason
from server.merging.operations import MergeCommand, Merged, mergeable
from server.points.servicer import usable_points, use_of
from server.rpc import fields
from server.rpc.access import STREET_COUNTERS, open_to
from server.rpc.booking import book, fingerprint, timestamp
from server.rpc.calls import Call
from server.secrets import Vault

STREET_POINT_ID_LENGTH_MAX = 32


class MergeServicer:
    """What can be merged, and merging."""

    def __init__(
        self,
        writer: Writer,
        cards: Cards,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        *,
        proofs: CardProofs,
        makes_files: bool = True,
    ) -> None:
        self._writer = writer
        self._cards = cards
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._proofs = proofs
        self._makes_files = makes_files

    @open_to(STREET_COUNTERS)
    async def GetMergeablePoints(  # noqa: N802
        self, request: pb.GetMergeablePointsRequest, call: Call
    ) -> pb.GetMergeablePointsResponse:
        """MRG-1."""
        serial_number = fields.serial_number(request.certificate_serial_number)
        today = Moment.of(self._clock.now()).day
        terminal_id = call.session.terminal_id
        found = await self._cards.read(
            serial_number, lambda reader: mergeable(reader, terminal_id, serial_number, today)
        )
        return pb.GetMergeablePointsResponse(
            mykey_id=found.balances.holder.mykey_id,
            issuer_id=found.street.issuer_id,
            street_name=found.street.name,
            street_point_id=found.street_point_id,
            usable_points=usable_points(found.balance),
            shown_on=fields.to_date(found.balances.day),
        )

    @open_to(STREET_COUNTERS)
    async def Merge(self, request: pb.MergeRequest, call: Call) -> bytes:  # noqa: N802
        """MRG-1, MRG-4."""
        issuer_id = call.session.issuer_id
        if issuer_id is None:
            raise Refusal(MergingReason.TERMINAL_CANNOT_MERGE)
        key = RequestKey(call.session.caller, fields.request_id(request.request_id))
        use = await use_of(request, call.session.terminal_id, key, self._proofs)
        milliseconds = Moment.of(self._clock.now()).microseconds // 1000
        command = MergeCommand(
            key,
            fingerprint("Merge", request),
            use,
            issuer_id,
            fields.text(request.street_point_id, "street_point_id", STREET_POINT_ID_LENGTH_MAX),
            uuid7(milliseconds, self._chance),
            self._chance.bytes(16),
            self._vault,
            _merged,
            self._makes_files,
        )
        return await book(self._writer, command, call)


def _merged(merged: Merged) -> bytes:
    record = merged.record
    file = pb.MergeFile(name=record.file_name, content=record.content) if record else None
    return pb.MergeResponse(
        transaction_number=merged.transaction_number,
        book_time=timestamp(merged.booked_at),
        mykey_id=merged.mykey_id,
        program_id=merged.program.program_id,
        program_name=merged.program.name,
        points=merged.points,
        balance_after=merged.balance_after,
        issuer_id=merged.street.issuer_id,
        street_name=merged.street.name,
        street_point_id=merged.street_point_id,
        merge_file=file,
    ).SerializeToString()
