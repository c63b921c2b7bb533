"""PointService: protobuf in, operation, protobuf out."""

from typing import NamedTuple

from jichipoint.v1 import merging_pb2, programs_pb2, vouchers_pb2
from jichipoint.v1 import points_pb2 as pb

from server.citizens.proofs import CardProofs, SignedChallenge
from server.citizens.renewals import Cards
from server.citizens.servicer import signed_in
from server.clock import Clock, Moment
from server.ledger.values import RequestKey
from server.ledger.writer import Writer
from server.points.balances import UsableBalance, usable_balances
from server.points.cards import MyNumberCard, ShownCard
from server.points.operations import Cancelled, CancelSpendCommand, SpendCommand, Spent, Use
from server.points.rules import Shown, is_amount
from server.rpc import fields
from server.rpc.access import POINT_COUNTERS, REDEEMING_COUNTERS, Whose, open_to
from server.rpc.booking import book, fingerprint, timestamp
from server.rpc.calls import Call

REASON_LENGTH_MAX = 100


class PointServicer:
    """Balances, spending and its cancellation."""

    def __init__(self, writer: Writer, cards: Cards, clock: Clock, proofs: CardProofs) -> None:
        self._writer = writer
        self._cards = cards
        self._clock = clock
        self._proofs = proofs

    @open_to(REDEEMING_COUNTERS, Whose.HOLDER)
    async def ListUsablePoints(  # noqa: N802
        self, request: pb.ListUsablePointsRequest, call: Call
    ) -> pb.ListUsablePointsResponse:
        """USE-1."""
        serial_number = fields.serial_number(request.certificate_serial_number)
        today = Moment.of(self._clock.now()).day
        terminal_id = call.session.terminal_id
        found = await self._cards.read(
            serial_number,
            call.session.caller,
            lambda reader: usable_balances(reader, terminal_id, serial_number, today),
        )
        return pb.ListUsablePointsResponse(
            mykey_id=found.holder.mykey_id,
            usable_points=[usable_points(one) for one in found.balances],
            shown_on=fields.to_date(found.day),
        )

    @open_to(POINT_COUNTERS, Whose.HOLDER)
    async def Spend(self, request: pb.SpendRequest, call: Call) -> bytes:  # noqa: N802
        """USE-2."""
        with fields.checked() as checked:
            request_id = checked(fields.request_id, request.request_id)
            serial_number = checked(fields.serial_number, request.certificate_serial_number)
            asked = checked(asked_in, request)
        key = RequestKey(call.session.caller, request_id)
        card, terminal_id = MyNumberCard(serial_number), call.session.terminal_id
        use = await use_of(request, asked, card, terminal_id, key=key, proofs=self._proofs)
        command = SpendCommand(key, fingerprint("Spend", request), use, _spent)
        return await book(self._writer, command, call)

    @open_to(POINT_COUNTERS, Whose.CALLER)
    async def CancelSpend(self, request: pb.CancelSpendRequest, call: Call) -> bytes:  # noqa: N802
        """USE-4."""
        cancelling = cancelling_in(request)
        command = CancelSpendCommand(
            RequestKey(call.session.caller, cancelling.request_id),
            fingerprint("CancelSpend", request),
            call.session.terminal_id,
            cancelling.number,
            cancelling.reason,
            _cancelled,
        )
        return await book(self._writer, command, call)


class Cancelling(NamedTuple):
    """What a request cancels, and why."""

    request_id: str
    number: str
    reason: str


def cancelling_in(
    request: pb.CancelSpendRequest | vouchers_pb2.CancelVoucherRequest,
) -> Cancelling:
    """Return what a request cancels. Raises Refusal where fields are not valid."""
    with fields.checked() as checked:
        request_id = checked(fields.request_id, request.request_id)
        number = checked(fields.text, request.transaction_number, "transaction_number", 20)
        reason = checked(fields.text, request.reason, "reason", REASON_LENGTH_MAX)
    return Cancelling(request_id, number, reason)


UseRequest = pb.SpendRequest | merging_pb2.MergeRequest | vouchers_pb2.IssueVoucherRequest


class Asked(NamedTuple):
    """What was shown before a use, and whose points it uses."""

    shown: Shown
    program_id: str
    signed: SignedChallenge | None
    """Also None where the use is refused whatever was signed: nobody looks at it then."""


def asked_in(request: UseRequest) -> Asked:
    """Return what a request asks for. Raises Refusal where fields are not valid."""
    with fields.checked() as checked:
        mykey_id = checked(fields.mykey_id, request.mykey_id)
        shown_on = checked(fields.day, request.shown_on, "shown_on")
        program_id = checked(fields.digits, request.program_id, "program_id", 8)
    is_looked_at = request.HasField("card_proof") and is_amount(request.points)
    signed = signed_in(request.card_proof) if is_looked_at else None
    return Asked(Shown(mykey_id, shown_on), program_id, signed)


async def use_of(
    request: UseRequest,
    asked: Asked,
    card: ShownCard,
    terminal_id: str,
    *,
    key: RequestKey,
    proofs: CardProofs,
) -> Use:
    """Return what a request would use. Raises QueueFullError."""
    number = card.serial_number if isinstance(card, MyNumberCard) else ""
    return Use(
        terminal_id,
        card,
        asked.shown,
        asked.program_id,
        request.points,
        await proofs.shown(asked.signed, number, key),
    )


def usable_points(one: UsableBalance) -> programs_pb2.UsablePoints:
    """Return a balance as protobuf has it."""
    kind = programs_pb2.ProgramKind.Value(f"PROGRAM_KIND_{one.program.kind}")
    return programs_pb2.UsablePoints(
        program_id=one.program.program_id,
        program_name=one.program.name,
        kind=kind,
        balance=one.points,
        next_expiry=fields.to_date(one.next_expiry) if one.next_expiry else None,
        points_expiring_next=one.points_expiring_next,
        pin_above_points=one.program.pin_above_points,
        points_per_use_max=one.program.points_per_use_max,
        citizen_points_left_today=one.citizen_left_today,
        terminal_points_left_today=one.terminal_left_today,
    )


def _spent(spent: Spent) -> bytes:
    return pb.SpendResponse(
        transaction_number=spent.transaction_number,
        book_time=timestamp(spent.booked_at),
        mykey_id=spent.mykey_id,
        program_id=spent.program.program_id,
        program_name=spent.program.name,
        points=spent.points,
        balance_after=spent.balance_after,
    ).SerializeToString()


def _cancelled(cancelled: Cancelled) -> bytes:
    return pb.CancelSpendResponse(
        transaction_number=cancelled.transaction_number,
        book_time=timestamp(cancelled.booked_at),
        cancelled_transaction_number=cancelled.cancelled_number,
        mykey_id=cancelled.mykey_id,
        program_id=cancelled.program_id,
        points=cancelled.points,
        points_lapsed=cancelled.points_lapsed,
        balance_after=cancelled.balance_after,
    ).SerializeToString()
