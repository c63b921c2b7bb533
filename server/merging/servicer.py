"""MergeService: protobuf in, operation, protobuf out."""

from google.protobuf.timestamp_pb2 import Timestamp
from jichipoint.v1 import merging_pb2 as pb
from peewee import Database

from server.callers.rules import active_terminal
from server.callers.values import TerminalClass, TerminalKey, terminal_of
from server.chance import Chance, uuid7
from server.citizens.proofs import CardProofs
from server.citizens.renewals import Cards
from server.clock import Clock, Moment
from server.ledger.values import Refusal, RequestKey
from server.ledger.writer import Writer
from server.merging.cards import StreetCard
from server.merging.errors import MergingReason
from server.merging.operations import (
    MergeCommand,
    Merged,
    mergeable,
    mergeable_by_street_card,
)
from server.merging.states import (
    OVERDUE_HOURS,
    OVERDUE_HOURS_MAX,
    MergeEvent,
    MergeState,
    note,
    overdue,
    state_of,
    unacknowledged,
    undelivered,
)
from server.points.cards import MyNumberCard
from server.points.errors import PointsReason
from server.points.servicer import asked_in, usable_points, use_of
from server.rpc import fields, pages
from server.rpc.access import LEDGER_READERS, STREET_COUNTERS, Whose, open_to
from server.rpc.booking import book, fingerprint, timestamp
from server.rpc.calls import Call
from server.secrets import Vault
from server.service_ids.values import CardServiceIdKey
from server.threads.readers import Readers

STREET_POINT_ID_LENGTH_MAX = 32
FILES, FILES_MAX = 20, 50
STATES, STATES_MAX = 100, 500
NO_MUNICIPALITY = "-"


class MergeServicer:
    """What can be merged, merging, and what became of merges."""

    def __init__(
        self,
        writer: Writer,
        readers: Readers,
        cards: Cards,
        vault: Vault,
        *,
        clock: Clock,
        chance: Chance,
        proofs: CardProofs,
        makes_files: bool = True,
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._cards = cards
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._proofs = proofs
        self._makes_files = makes_files

    @open_to(STREET_COUNTERS, Whose.HOLDER)
    async def GetMergeablePoints(  # noqa: N802
        self, request: pb.GetMergeablePointsRequest, call: Call
    ) -> pb.GetMergeablePointsResponse:
        """MRG-1."""
        today = Moment.of(self._clock.now()).day
        terminal_id, makes_files = call.session.terminal_id, self._makes_files
        if request.WhichOneof("card") == "customer_id":
            number = _customer_id(request.customer_id)
            found = await self._readers.read(
                lambda reader: mergeable_by_street_card(
                    reader, terminal_id, number, today, makes_files=makes_files
                )
            )
        else:
            serial_number = fields.serial_number(request.certificate_serial_number)
            found = await self._cards.read(
                serial_number,
                call.session.caller,
                lambda reader: mergeable(
                    reader, terminal_id, serial_number, today, makes_files=makes_files
                ),
            )
        return pb.GetMergeablePointsResponse(
            mykey_id=found.balances.holder.mykey_id,
            issuer_id=found.street.issuer_id,
            street_name=found.street.name,
            street_point_id=found.street_point_id,
            usable_points=usable_points(found.balance),
            shown_on=fields.to_date(found.balances.day),
        )

    @open_to(STREET_COUNTERS, Whose.HOLDER)
    async def Merge(self, request: pb.MergeRequest, call: Call) -> bytes:  # noqa: N802
        """MRG-1, MRG-4."""
        issuer_id = call.session.issuer_id
        if issuer_id is None:
            raise Refusal(MergingReason.TERMINAL_CANNOT_MERGE)
        with fields.checked() as checked:
            request_id = checked(fields.request_id, request.request_id)
            shown_card = checked(_card, request, issuer_id)
            asked = checked(asked_in, request)
            street_point_id = checked(_street_point_id, request.street_point_id)
        key, terminal_id = RequestKey(call.session.caller, request_id), call.session.terminal_id
        card, customer_id = shown_card
        use = await use_of(request, asked, card, terminal_id, key=key, proofs=self._proofs)
        milliseconds = Moment.of(self._clock.now()).microseconds // 1000
        command = MergeCommand(
            key,
            fingerprint("Merge", request),
            use,
            customer_id,
            street_point_id,
            uuid7(milliseconds, self._chance),
            self._chance.bytes(16),
            self._vault,
            _merged,
            self._makes_files,
        )
        return await book(self._writer, command, call)

    @open_to(STREET_COUNTERS, Whose.CALLER)
    async def ListUndeliveredMerges(  # noqa: N802
        self, request: pb.ListUndeliveredMergesRequest, call: Call
    ) -> pb.ListUndeliveredMergesResponse:
        """MRG-4."""
        with fields.checked() as checked:
            size = checked(pages.size, request.page_size, FILES, FILES_MAX)
            after = checked(pages.position, request.page_token) or 0
        caller = call.session.caller
        found = await self._readers.query(
            lambda database: undelivered(database, caller, after, size + 1)
        )
        if found:
            await self._writer.confirm()  # a street books what it is given
        page = found[:size]
        response = pb.ListUndeliveredMergesResponse(
            next_page_token=pages.token(page[-1].transaction_id) if len(found) > size else ""
        )
        for one in page:
            file = pb.MergeFile(name=one.file_name, content=one.content)
            response.merges.add(transaction_number=one.transaction_number, merge_file=file)
        return response

    @open_to(STREET_COUNTERS, Whose.CALLER)
    async def ReportMergeDelivered(  # noqa: N802
        self, request: pb.ReportMergeDeliveredRequest, call: Call
    ) -> pb.ReportMergeDeliveredResponse:
        """MRG-4."""
        caller = call.session.caller
        state = await self._state(request.transaction_number, caller)
        now = Moment.of(self._clock.now()).microseconds
        if state.delivered_at is not None:
            return pb.ReportMergeDeliveredResponse(deliver_time=timestamp(state.delivered_at))

        def deliver(database: Database) -> None:
            note(database, [state.transaction_id], MergeEvent.DELIVERED, now, caller)

        await self._writer.run(deliver)
        return pb.ReportMergeDeliveredResponse(deliver_time=timestamp(now))

    @open_to(STREET_COUNTERS, Whose.CALLER)
    async def GetMergeState(  # noqa: N802
        self, request: pb.GetMergeStateRequest, call: Call
    ) -> pb.GetMergeStateResponse:
        """MRG-4."""
        state = await self._state(request.transaction_number, call.session.caller)
        return pb.GetMergeStateResponse(state=_state(state))

    @open_to(LEDGER_READERS, Whose.MUNICIPALITY)
    async def ListUnacknowledgedMerges(  # noqa: N802
        self, request: pb.ListUnacknowledgedMergesRequest, call: Call
    ) -> pb.ListUnacknowledgedMergesResponse:
        """MRG-8."""
        with fields.checked() as checked:
            hours = checked(fields.whole_number, request.hours, "hours", 0, OVERDUE_HOURS_MAX)
            size = checked(pages.size, request.page_size, STATES, STATES_MAX)
            after = checked(pages.position, request.page_token) or 0
        now = Moment.of(self._clock.now()).microseconds
        until = overdue(now, hours or OVERDUE_HOURS)
        municipality_code = await self._municipality_of(call)
        found = await self._readers.query(
            lambda database: unacknowledged(database, until, municipality_code, after, size + 1)
        )
        page = found[:size]
        return pb.ListUnacknowledgedMergesResponse(
            merges=[_state(one) for one in page],
            next_page_token=pages.token(page[-1].transaction_id) if len(found) > size else "",
        )

    async def _municipality_of(self, call: Call) -> str:
        """Return whose merges a caller may see: a municipality's; '' for all (SEC-2)."""
        if call.session.terminal_class == TerminalClass.OPERATOR:
            return ""
        key = TerminalKey(call.session.terminal_id)
        terminal = await self._readers.read(lambda reader: reader.look_up([key]).get(key))
        return active_terminal(terminal).municipality_code or NO_MUNICIPALITY

    async def _state(self, transaction_number: str, caller: str) -> MergeState:
        number = fields.text(transaction_number, "transaction_number", 20)
        state = await self._readers.query(lambda database: state_of(database, caller, number))
        if state is None:
            raise Refusal(PointsReason.TRANSACTION_UNKNOWN)
        return state


def _customer_id(text: str) -> str:
    return fields.text(text, "customer_id", STREET_POINT_ID_LENGTH_MAX)


def _street_point_id(text: str) -> str:
    return fields.text(text, "street_point_id", STREET_POINT_ID_LENGTH_MAX)


def _card(
    request: pb.MergeRequest, issuer_id: str
) -> tuple[MyNumberCard | StreetCard, CardServiceIdKey | str]:
    """Return the card that is shown, and where its holder's number at the street is found."""
    if request.WhichOneof("card") == "customer_id":
        customer_id = _customer_id(request.customer_id)
        return StreetCard(issuer_id, customer_id, request.mykey_id), customer_id
    serial_number = fields.serial_number(request.certificate_serial_number)
    return MyNumberCard(serial_number), CardServiceIdKey(issuer_id, serial_number)


def _state(state: MergeState) -> pb.MergeState:
    return pb.MergeState(
        transaction_number=state.transaction_number,
        book_time=timestamp(state.booked_at),
        points=state.points,
        issuer_id=state.issuer_id,
        street_name=state.street_name,
        terminal_id=terminal_of(state.caller),
        deliver_time=_time(state.delivered_at),
        acknowledge_time=_time(state.acknowledged_at),
    )


def _time(microseconds: int | None) -> Timestamp | None:
    return None if microseconds is None else timestamp(microseconds)


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
