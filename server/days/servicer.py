"""DayService: protobuf in, reading, protobuf out."""

from dataclasses import asdict
from datetime import date, datetime, time

from google.type.date_pb2 import Date
from jichipoint.v1 import days_pb2 as pb

from server.clock import TOKYO, Clock, Moment
from server.days.reading import day_lines, day_operation, day_totals, persons_since
from server.ledger.values import Refusal
from server.operations.servicer import operation_message
from server.points.errors import PointsReason
from server.rpc import fields, pages
from server.rpc.access import REDEEMING_COUNTERS, Whose, open_to
from server.rpc.booking import timestamp, transaction_kind
from server.rpc.calls import Call
from server.rpc.status import Statuses
from server.threads.readers import Readers

PAGE_SIZE, PAGE_SIZE_MAX = 50, 100
_MOST = 2**63 - 1


class DayServicer:
    """What a terminal booked."""

    def __init__(self, readers: Readers, clock: Clock, statuses: Statuses) -> None:
        self._readers = readers
        self._clock = clock
        self._statuses = statuses

    @open_to(REDEEMING_COUNTERS, Whose.CALLER)
    async def ListDayTransactions(  # noqa: N802
        self, request: pb.ListDayTransactionsRequest, call: Call
    ) -> pb.ListDayTransactionsResponse:
        """USE-4."""
        with fields.checked() as checked:
            day = checked(self._day, request.day if request.HasField("day") else None)
            size = checked(pages.size, request.page_size, PAGE_SIZE, PAGE_SIZE_MAX)
            before = checked(pages.position, request.page_token) or _MOST
        caller = call.session.caller
        found, persons = await self._readers.query(
            lambda database: (
                day_lines(database, caller, day, before, size + 1),
                persons_since(database, caller, _first_moment(day)),
            )
        )
        return pb.ListDayTransactionsResponse(
            day=fields.to_date(day),
            transactions=[
                pb.DayTransaction(
                    transaction_number=line.transaction_number,
                    kind=transaction_kind(line.kind),
                    book_time=timestamp(line.booked_at),
                    program_id=line.program_id,
                    program_name=line.program_name,
                    points=line.points,
                    settled_by=transaction_kind(line.settled_by),
                    voucher_number=line.voucher_number,
                    refers_to=line.refers_to,
                    mykey_id=line.mykey_id,
                    person=persons.get(line.request_id, ""),
                )
                for line in found[:size]
            ],
            next_page_token=pages.token(found[size - 1].transaction_id)
            if len(found) > size
            else "",
        )

    @open_to(REDEEMING_COUNTERS, Whose.CALLER)
    async def GetDayTotals(  # noqa: N802
        self, request: pb.GetDayTotalsRequest, call: Call
    ) -> pb.GetDayTotalsResponse:
        """USE-4."""
        day = self._day(request.day if request.HasField("day") else None)
        caller = call.session.caller
        found = await self._readers.query(lambda database: day_totals(database, caller, day))
        return pb.GetDayTotalsResponse(
            day=fields.to_date(day),
            totals=[
                pb.DayTotal(**{**asdict(one), "kind": transaction_kind(one.kind)}) for one in found
            ],
            read_time=timestamp(Moment.of(self._clock.now()).microseconds),
        )

    @open_to(REDEEMING_COUNTERS, Whose.CALLER)
    async def GetDayTransaction(  # noqa: N802
        self, request: pb.GetDayTransactionRequest, call: Call
    ) -> pb.GetDayTransactionResponse:
        """USE-4."""
        number = fields.text(request.transaction_number, "transaction_number", 20)
        caller = call.session.caller
        found = await self._readers.query(lambda database: day_operation(database, caller, number))
        if found is None:
            raise Refusal(PointsReason.TRANSACTION_UNKNOWN)
        return pb.GetDayTransactionResponse(operation=operation_message(found, self._statuses))

    def _day(self, asked: Date | None) -> date:
        if asked is None:
            return Moment.of(self._clock.now()).day
        return fields.day(asked, "day")


def _first_moment(day: date) -> int:
    """Return when an Asia/Tokyo day begins, in microseconds."""
    return Moment.of(datetime.combine(day, time(), TOKYO)).microseconds
