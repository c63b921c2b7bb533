"""VoucherService: protobuf in, operation, protobuf out."""

from datetime import date

from google.protobuf.timestamp_pb2 import Timestamp
from jichipoint.v1 import vouchers_pb2 as pb

from server.callers.guessing import Guessed, Guesses
from server.chance import Chance
from server.citizens.proofs import CardProofs
from server.clock import Clock, Moment
from server.ledger.values import Refusal, RequestKey, TransactionKind
from server.ledger.writer import Writer
from server.municipalities.values import Place
from server.points.cards import MyNumberCard
from server.points.operations import Cancelled
from server.points.servicer import REASON_LENGTH_MAX, asked_in, cancelling_in, use_of
from server.rpc import fields, pages
from server.rpc.access import MUNICIPALITIES, REDEEMING_COUNTERS, VOUCHER_COUNTERS, Whose, open_to
from server.rpc.booking import book, fingerprint, timestamp
from server.rpc.calls import Call
from server.secrets import Vault
from server.threads.readers import Readers
from server.vouchers.codes import NUMBERS_DRAWN, voucher_number
from server.vouchers.correcting import CorrectRedemptionCommand
from server.vouchers.errors import VoucherReason
from server.vouchers.keys import known_keys, signing_key
from server.vouchers.operations import (
    CancelVoucherCommand,
    Issued,
    IssueVoucherCommand,
    Redeemed,
    RedeemVoucherCommand,
    voucher_at,
)
from server.vouchers.places import (
    offline_limits,
    own_place,
    own_place_id,
    taken_programs,
    tied_places,
)
from server.vouchers.reprinting import reprint
from server.vouchers.rules import is_days_valid, last_day_of_trust
from server.vouchers.values import Voucher, VoucherKey

PLACES_DEFAULT, PLACES_MAX = 100, 500
GUESSED_NUMBERS = Guessed(
    "wrong_voucher_number",
    VoucherReason.VOUCHER_UNKNOWN,
    lambda seconds: Refusal(VoucherReason.TOO_MANY_WRONG_NUMBERS, {"retry_seconds": seconds}),
)


class VoucherServicer:
    """Vouchers from their issue to their redemption."""

    def __init__(
        self,
        writer: Writer,
        readers: Readers,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        *,
        proofs: CardProofs,
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._proofs = proofs
        self._guesses = Guesses(GUESSED_NUMBERS, writer, readers, clock)

    @open_to(VOUCHER_COUNTERS, Whose.HOLDER)
    async def IssueVoucher(self, request: pb.IssueVoucherRequest, call: Call) -> bytes:  # noqa: N802
        """VCH-1."""
        with fields.checked() as checked:
            request_id = checked(fields.request_id, request.request_id)
            serial_number = checked(fields.serial_number, request.certificate_serial_number)
            asked = checked(asked_in, request)
        if not is_days_valid(request.days_valid):
            asked = asked._replace(signed=None)
        key = RequestKey(call.session.caller, request_id)
        card, terminal_id = MyNumberCard(serial_number), call.session.terminal_id
        use = await use_of(request, asked, card, terminal_id, key=key, proofs=self._proofs)
        command = IssueVoucherCommand(
            key,
            fingerprint("IssueVoucher", request),
            use,
            request.days_valid,
            tuple(voucher_number(self._chance.bytes(16)) for _ in range(NUMBERS_DRAWN)),
            await self._readers.query(lambda database: signing_key(database, self._vault)),
            _issued,
        )
        return await book(self._writer, command, call)

    @open_to(VOUCHER_COUNTERS, Whose.PLACE)
    async def ReprintVoucher(  # noqa: N802
        self, request: pb.ReprintVoucherRequest, call: Call
    ) -> pb.ReprintVoucherResponse:
        """VCH-3."""
        with fields.checked() as checked:
            request_id = checked(fields.request_id, request.request_id)
            number = checked(fields.text, request.transaction_number, "transaction_number", 20)
        key = RequestKey(call.session.caller, request_id)
        now = Moment.of(self._clock.now())
        found = await self._writer.run(
            lambda database: reprint(database, key, number, now.microseconds)
        )
        voucher_key = VoucherKey(found.voucher_number)
        voucher = await self._readers.read(
            lambda reader: reader.look_up([voucher_key])[voucher_key]
        )
        return pb.ReprintVoucherResponse(
            voucher=message(voucher, now.day),
            qr_text=found.qr_text,
            reprint_count=found.number,
        )

    @open_to(VOUCHER_COUNTERS, Whose.PLACE)
    async def CancelVoucher(self, request: pb.CancelVoucherRequest, call: Call) -> bytes:  # noqa: N802
        """VCH-9."""
        cancelling = cancelling_in(request)
        command = CancelVoucherCommand(
            RequestKey(call.session.caller, cancelling.request_id),
            fingerprint("CancelVoucher", request),
            call.session.terminal_id,
            cancelling.number,
            cancelling.reason,
            _cancelled,
        )
        return await book(self._writer, command, call)

    @open_to(REDEEMING_COUNTERS, Whose.HOLDER)
    async def LookUpVoucher(  # noqa: N802
        self, request: pb.LookUpVoucherRequest, call: Call
    ) -> pb.LookUpVoucherResponse:
        """VCH-4."""
        number = fields.digits(request.voucher_number, "voucher_number", 12)
        terminal_id = call.session.terminal_id
        place_id = await self._place_id(request.place_id, terminal_id)
        async with self._guesses.watched(terminal_id):
            voucher, _ = await self._readers.read(
                lambda reader: voucher_at(reader, terminal_id, number, place_id)
            )
        today = Moment.of(self._clock.now()).day
        return pb.LookUpVoucherResponse(voucher=message(voucher, today))

    @open_to(REDEEMING_COUNTERS, Whose.HOLDER)
    async def RedeemVoucher(self, request: pb.RedeemVoucherRequest, call: Call) -> bytes:  # noqa: N802
        """VCH-4 to VCH-7."""
        with fields.checked() as checked:
            request_id = checked(fields.request_id, request.request_id)
            number = checked(fields.digits, request.voucher_number, "voucher_number", 12)
        terminal_id = call.session.terminal_id
        command = RedeemVoucherCommand(
            RequestKey(call.session.caller, request_id),
            fingerprint("RedeemVoucher", request),
            terminal_id,
            number,
            await self._place_id(request.place_id, terminal_id),
            _redeemed,
        )
        async with self._guesses.watched(terminal_id):
            return await book(self._writer, command, call)

    @open_to(MUNICIPALITIES, Whose.MUNICIPALITY)
    async def CorrectRedemption(  # noqa: N802
        self, request: pb.CorrectRedemptionRequest, call: Call
    ) -> bytes:
        """VCH-9."""
        with fields.checked() as checked:
            request_id = checked(fields.request_id, request.request_id)
            number = checked(fields.digits, request.voucher_number, "voucher_number", 12)
            reason = checked(fields.text, request.reason, "reason", REASON_LENGTH_MAX)
        command = CorrectRedemptionCommand(
            RequestKey(call.session.caller, request_id),
            fingerprint("CorrectRedemption", request),
            call.session.terminal_id,
            number,
            request.place_id,
            reason,
            _corrected,
        )
        return await book(self._writer, command, call)

    @open_to(REDEEMING_COUNTERS, Whose.PLACE)
    async def ListRedemptionPlaces(  # noqa: N802
        self, request: pb.ListRedemptionPlacesRequest, call: Call
    ) -> pb.ListRedemptionPlacesResponse:
        """VCH-5."""
        with fields.checked() as checked:
            size = checked(pages.size, request.page_size, PLACES_DEFAULT, PLACES_MAX)
            after = checked(pages.position, request.page_token)
        terminal_id = call.session.terminal_id
        tied = await self._readers.query(
            lambda database: tied_places(database, terminal_id, after or 0, size + 1)
        )
        own = []
        if after is None:
            own = await self._readers.query(lambda database: own_place(database, terminal_id))
        return pb.ListRedemptionPlacesResponse(
            places=[
                pb.RedemptionPlace(place_id=one.place_id, name=one.name)
                for one in (*own, *tied[:size])
            ],
            next_page_token=pages.token(tied[size - 1].place_id) if len(tied) > size else "",
        )

    @open_to(REDEEMING_COUNTERS, Whose.NOBODY)
    async def GetVoucherTrust(  # noqa: N802
        self,
        request: pb.GetVoucherTrustRequest,  # noqa: ARG002
        call: Call,
    ) -> pb.GetVoucherTrustResponse:
        """VCH-8."""
        terminal_id = call.session.terminal_id
        keys = await self._readers.query(known_keys)
        most = await self._readers.query(lambda database: offline_limits(database, terminal_id))
        programs = await self._readers.read(lambda reader: taken_programs(reader, terminal_id))
        today = Moment.of(self._clock.now()).day
        return pb.GetVoucherTrustResponse(
            keys=[
                pb.VoucherKey(
                    key_id=one.key_id,
                    public_key=one.public_key,
                    withdrawn=one.withdrawn_at is not None,
                )
                for one in keys
            ],
            offline_vouchers_max=most.vouchers,
            offline_points_max=most.points,
            programs=[
                pb.VoucherProgram(program_id=one.program_id, program_name=one.name)
                for one in programs
            ],
            last_day=fields.to_date(last_day_of_trust(today)),
        )

    async def _place_id(self, asked: int, terminal_id: str) -> int:
        """Return the place that is meant: the terminal's own where none is named."""
        if asked:
            return asked
        return await self._readers.read(lambda reader: own_place_id(reader, terminal_id))


def message(voucher: Voucher, today: date) -> pb.Voucher:
    """Return a voucher as protobuf has it, in the state that it is in today."""
    settlement = voucher.settlement
    told = settlement is not None and settlement.kind != TransactionKind.EXPIRE
    return pb.Voucher(
        voucher_number=voucher.voucher_number,
        transaction_number=voucher.transaction_number,
        program_id=voucher.program.program_id,
        program_name=voucher.program.name,
        points=voucher.points,
        issue_time=timestamp(voucher.issued_at),
        days_valid=voucher.days_valid,
        last_good_day=fields.to_date(voucher.last_good_day),
        issuing_place_name=voucher.place_name,
        state=pb.VoucherState.Value(f"VOUCHER_STATE_{voucher.state(today)}"),
        settle_time=timestamp(settlement.booked_at) if settlement and told else None,
        redeeming_place_name=settlement.place_name if settlement else "",
    )


def _issued(issued: Issued) -> bytes:
    day = Moment.at(issued.booked_at).day
    return pb.IssueVoucherResponse(
        transaction_number=issued.transaction_number,
        book_time=timestamp(issued.booked_at),
        mykey_id=issued.voucher.subject,
        balance_after=issued.balance_after,
        voucher=message(issued.voucher, day),
        qr_text=issued.qr_text,
    ).SerializeToString()


def _cancelled(cancelled: Cancelled) -> bytes:
    return pb.CancelVoucherResponse(
        transaction_number=cancelled.transaction_number,
        book_time=timestamp(cancelled.booked_at),
        cancelled_transaction_number=cancelled.cancelled_number,
        mykey_id=cancelled.mykey_id,
        program_id=cancelled.program_id,
        points=cancelled.points,
        points_lapsed=cancelled.points_lapsed,
        balance_after=cancelled.balance_after,
    ).SerializeToString()


def _redeemed(redeemed: Redeemed) -> bytes:
    return pb.RedeemVoucherResponse(
        transaction_number=redeemed.transaction_number,
        book_time=timestamp(redeemed.booked_at),
        voucher=_paid(redeemed.voucher, redeemed.place, redeemed.booked_at),
    ).SerializeToString()


def _corrected(corrected: Redeemed) -> bytes:
    settlement = corrected.voucher.settlement
    redeemed_at = settlement.booked_at if settlement else corrected.booked_at
    return pb.CorrectRedemptionResponse(
        transaction_number=corrected.transaction_number,
        book_time=timestamp(corrected.booked_at),
        voucher=_paid(corrected.voucher, corrected.place, redeemed_at),
    ).SerializeToString()


def _paid(voucher: Voucher, place: Place, redeemed_at: int) -> pb.Voucher:
    """Return a voucher as it is once it is redeemed for a place."""
    told = message(voucher, Moment.at(voucher.issued_at).day)
    told.state = pb.VOUCHER_STATE_REDEEMED
    settle_time: Timestamp = timestamp(redeemed_at)
    told.settle_time.CopyFrom(settle_time)
    told.redeeming_place_name = place.name
    return told
