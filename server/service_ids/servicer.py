"""ServiceIdService: protobuf in, operation, protobuf out."""

from collections.abc import Callable
from typing import TypeVar

from jichipoint.v1 import issuers_pb2
from jichipoint.v1 import service_ids_pb2 as pb
from peewee import Database

from server.citizens.renewals import Cards
from server.clock import Clock, Moment
from server.issuers.rules import CUSTOMER_ID_LENGTH_MAX, is_customer_id
from server.issuers.values import Issuer
from server.ledger.values import Refusal, RequestKey
from server.ledger.writer import Writer
from server.rpc import fields, pages
from server.rpc.access import SERVICE_ID_COUNTERS, Whose, open_to
from server.rpc.booking import book, fingerprint, timestamp
from server.rpc.calls import Call
from server.service_ids.address_notices import AddressNotice, acknowledge, notices
from server.service_ids.errors import ServiceIdReason
from server.service_ids.looking_up import (
    ListedServiceId,
    listed,
    look_up,
    look_up_mykey_id,
    own_issuer,
)
from server.service_ids.registering import RegisterServiceIdCommand, ServiceIdRegistered
from server.threads.readers import Readers

PAGE_SIZE, PAGE_SIZE_MAX = 100, 500

T = TypeVar("T")


class ServiceIdServicer:
    """Registering and looking up service IDs, at a terminal's own issuer."""

    def __init__(self, writer: Writer, readers: Readers, cards: Cards, clock: Clock) -> None:
        self._writer = writer
        self._readers = readers
        self._cards = cards
        self._clock = clock

    @open_to(SERVICE_ID_COUNTERS, Whose.ISSUER)
    async def LookUpServiceId(  # noqa: N802
        self, request: pb.LookUpServiceIdRequest, call: Call
    ) -> pb.LookUpServiceIdResponse:
        """SID-3."""
        serial_number = fields.serial_number(request.certificate_serial_number)
        today = self._now().day
        terminal_id = call.session.terminal_id
        found = await self._cards.read(
            serial_number,
            call.session.caller,
            lambda reader: look_up(reader, terminal_id, serial_number, today),
        )
        return pb.LookUpServiceIdResponse(
            issuer_id=found.issuer.issuer_id,
            issuer_name=found.issuer.name,
            customer_id=found.customer_id,
            mykey_id=found.mykey_id,
            handover=_handover(found.issuer),
        )

    @open_to(SERVICE_ID_COUNTERS, Whose.ISSUER)
    async def LookUpMykeyId(  # noqa: N802
        self, request: pb.LookUpMykeyIdRequest, call: Call
    ) -> pb.LookUpMykeyIdResponse:
        """SID-4."""
        customer_id = _customer_id(request.customer_id, "customer_id")
        terminal_id = call.session.terminal_id
        mykey_id = await self._readers.read(
            lambda reader: look_up_mykey_id(reader, terminal_id, customer_id)
        )
        return pb.LookUpMykeyIdResponse(mykey_id=mykey_id)

    @open_to(SERVICE_ID_COUNTERS, Whose.ISSUER)
    async def RegisterServiceId(  # noqa: N802
        self, request: pb.RegisterServiceIdRequest, call: Call
    ) -> bytes:
        """SID-1, SID-2."""
        with fields.checked() as checked:
            request_id = checked(fields.request_id, request.request_id)
            serial_number = checked(fields.serial_number, request.certificate_serial_number)
            customer_id = checked(_customer_id, request.customer_id, "customer_id")
            replaces = checked(_replaces, request)
            signature = checked(_signature, request)
        command = RegisterServiceIdCommand(
            RequestKey(call.session.caller, request_id),
            fingerprint("RegisterServiceId", request),
            call.session.terminal_id,
            call.session.issuer_id,
            serial_number,
            customer_id,
            replaces,
            signature,
            _registered,
        )
        await self._cards.tie_if_renewed(serial_number)
        return await book(self._writer, command, call)

    @open_to(SERVICE_ID_COUNTERS, Whose.ISSUER)
    async def ListServiceIds(  # noqa: N802
        self, request: pb.ListServiceIdsRequest, call: Call
    ) -> pb.ListServiceIdsResponse:
        """The numbers of the terminal's issuer."""
        issuer = await self._own_issuer(call)
        with fields.checked() as checked:
            size = checked(pages.size, request.page_size, PAGE_SIZE, PAGE_SIZE_MAX)
            after = checked(pages.text, request.page_token)
        found = await self._query(
            lambda database: listed(database, issuer.issuer_id, after, size + 1)
        )
        page = found[:size]
        return pb.ListServiceIdsResponse(
            service_ids=[_listed(one) for one in page],
            next_page_token=pages.text_token(page[-1].customer_id) if len(found) > size else "",
        )

    @open_to(SERVICE_ID_COUNTERS, Whose.ISSUER)
    async def GetIssuer(  # noqa: N802
        self,
        request: pb.GetIssuerRequest,  # noqa: ARG002
        call: Call,
    ) -> pb.GetIssuerResponse:
        """S25."""
        issuer = await self._own_issuer(call)
        reading = issuers_pb2.CardReading(
            method=issuers_pb2.CardReadingMethod.Value(f"CARD_READING_METHOD_{issuer.reading}"),
            driver=issuer.driver,
        )
        return pb.GetIssuerResponse(
            issuer_id=issuer.issuer_id,
            issuer_name=issuer.name,
            handover=_handover(issuer),
            reading=reading,
        )

    @open_to(SERVICE_ID_COUNTERS, Whose.ISSUER)
    async def ListAddressNotices(  # noqa: N802
        self, request: pb.ListAddressNoticesRequest, call: Call
    ) -> pb.ListAddressNoticesResponse:
        """SID-2."""
        issuer = await self._own_issuer(call)
        with fields.checked() as checked:
            size = checked(pages.size, request.page_size, PAGE_SIZE, PAGE_SIZE_MAX)
            after = checked(pages.position, request.page_token) or 0
        found = await self._query(
            lambda database: notices(
                database,
                issuer.issuer_id,
                after,
                size + 1,
                with_acknowledged=request.with_acknowledged,
            )
        )
        page = found[:size]
        return pb.ListAddressNoticesResponse(
            notices=[_notice(one) for one in page],
            next_page_token=pages.token(page[-1].notice_id) if len(found) > size else "",
        )

    @open_to(SERVICE_ID_COUNTERS, Whose.ISSUER)
    async def AcknowledgeAddressNotice(  # noqa: N802
        self, request: pb.AcknowledgeAddressNoticeRequest, call: Call
    ) -> pb.AcknowledgeAddressNoticeResponse:
        """SID-2."""
        issuer = await self._own_issuer(call)
        now = self._now().microseconds
        found = await self._writer.run(
            lambda database: acknowledge(
                database, issuer.issuer_id, request.notice_id, call.session.caller, now
            )
        )
        if found is None:
            raise Refusal(ServiceIdReason.ADDRESS_NOTICE_UNKNOWN)
        return pb.AcknowledgeAddressNoticeResponse(notice=_notice(found))

    async def _own_issuer(self, call: Call) -> Issuer:
        terminal_id = call.session.terminal_id
        return await self._readers.read(lambda reader: own_issuer(reader, terminal_id))

    async def _query(self, work: Callable[[Database], T]) -> T:
        return await self._readers.query(work)

    def _now(self) -> Moment:
        return Moment.of(self._clock.now())


def _customer_id(value: str, field: str) -> str:
    if not is_customer_id(value):
        most = CUSTOMER_ID_LENGTH_MAX
        raise fields.invalid(
            field,
            f"1 to {most} printable ASCII characters without spaces",
            f"空白を含まない半角の英数字・記号1～{most}文字",
        )
    return value


def _replaces(request: pb.RegisterServiceIdRequest) -> str | None:
    return _customer_id(request.replaces, "replaces") if request.replaces else None


def _signature(request: pb.RegisterServiceIdRequest) -> str | None:
    value = request.signature_serial_number
    return fields.serial_number(value, "signature_serial_number") if value else None


def _handover(issuer: Issuer) -> issuers_pb2.Handover:
    return issuers_pb2.Handover(
        method=issuers_pb2.HandoverMethod.Value(f"HANDOVER_METHOD_{issuer.handover}"),
        symbology=issuers_pb2.Symbology.Value(f"SYMBOLOGY_{issuer.symbology}"),
        nw7_start=issuer.nw7_start,
        nw7_stop=issuer.nw7_stop,
    )


def _registered(registered: ServiceIdRegistered) -> bytes:
    return pb.RegisterServiceIdResponse(
        issuer_name=registered.issuer_name,
        mykey_id=registered.mykey_id,
        customer_id=registered.customer_id,
        replaced=registered.replaced or "",
        notices_address=registered.notices_address,
    ).SerializeToString()


def _listed(one: ListedServiceId) -> pb.ServiceId:
    return pb.ServiceId(
        customer_id=one.customer_id,
        mykey_id=one.mykey_id,
        register_time=timestamp(one.registered_at) if one.registered_at else None,
        notices_address=one.notices_address,
    )


def _notice(one: AddressNotice) -> pb.AddressNotice:
    at = one.acknowledged_at
    return pb.AddressNotice(
        notice_id=one.notice_id,
        customer_id=one.customer_id,
        notice_time=timestamp(one.noticed_at),
        acknowledge_time=timestamp(at) if at is not None else None,
    )
