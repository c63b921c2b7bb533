"""The part of the canned gateway that answers what is asked about service IDs."""

from dataclasses import dataclass, field
from functools import cached_property

from jichipoint.v1 import issuers_pb2, service_ids_pb2, terminals_pb2

from counter_tui.calls.answers import RefusedError, TroubleError

NUMBER = "180000000011"
ISSUER = "川崎市立図書館"
UNKNOWN = RefusedError(
    "SERVICE_ID_UNKNOWN",
    f"{ISSUER}のサービスIDが登録されていません。先にサービスIDの登録が必要です。",
)
TAKEN = RefusedError(
    "CUSTOMER_ID_TAKEN", "利用カード番号はすでに別の方が登録しています。番号を確認してください。"
)
REGISTERED_AT = 1_491_123_757


def handover(
    method: issuers_pb2.HandoverMethod.ValueType = issuers_pb2.HANDOVER_METHOD_SCREEN,
    symbology: issuers_pb2.Symbology.ValueType = issuers_pb2.SYMBOLOGY_NW7,
) -> issuers_pb2.Handover:
    return issuers_pb2.Handover(method=method, symbology=symbology, nw7_start="A", nw7_stop="B")


@dataclass
class IssuerBook:
    """What the issuer has, and what was asked."""

    handover: issuers_pb2.Handover = field(default_factory=handover)
    reading: issuers_pb2.CardReading = field(default_factory=issuers_pb2.CardReading)
    number: str = NUMBER
    """Of the card in the reader; empty where there is none."""
    trouble: TroubleError | None = None
    """Instead of the next answers."""
    pages: int = 1
    notices: list[int] = field(default_factory=lambda: [1, 2])
    acknowledged: list[int] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)


class CannedServiceIds:
    """A mixin of the canned gateway."""

    @cached_property
    def issuer_book(self) -> IssuerBook:
        return IssuerBook()

    async def issuers(self) -> list[terminals_pb2.ListIssuersResponse.Issuer]:
        names = ((f"{number:06}", f"第{number}商店街") for number in range(2, 13))
        return [
            terminals_pb2.ListIssuersResponse.Issuer(issuer_id=issuer_id, issuer_name=name)
            for issuer_id, name in (("000001", ISSUER), *names)
        ]

    async def issuer(self) -> service_ids_pb2.GetIssuerResponse:
        return service_ids_pb2.GetIssuerResponse(
            issuer_id="000001",
            issuer_name=ISSUER,
            handover=self.issuer_book.handover,
            reading=self.issuer_book.reading,
        )

    async def look_up_service_id(
        self, serial_number: str
    ) -> service_ids_pb2.LookUpServiceIdResponse:
        book = self.issuer_book
        book.looked_up.append(serial_number)
        if book.trouble is not None:
            raise book.trouble
        if not book.number:
            raise UNKNOWN
        return service_ids_pb2.LookUpServiceIdResponse(
            issuer_id="000001",
            issuer_name=ISSUER,
            customer_id=book.number,
            mykey_id="MY123456",
            handover=book.handover,
        )

    async def look_up_mykey_id(self, customer_id: str) -> str:
        if customer_id != NUMBER:
            raise RefusedError(
                "CUSTOMER_ID_UNKNOWN", "この利用カード番号のマイキーIDは登録されていません。"
            )
        return "MY123456"

    async def service_ids(self, page_token: str) -> service_ids_pb2.ListServiceIdsResponse:
        page = int(page_token or 1)
        listed = service_ids_pb2.ListServiceIdsResponse(
            next_page_token=str(page + 1) if page < self.issuer_book.pages else ""
        )
        for number in range(3):
            one = listed.service_ids.add(
                customer_id=f"1800000000{page}{number}",
                mykey_id=f"MY12345{number}",
                notices_address=number == 1,
            )
            if number:
                one.register_time.seconds = REGISTERED_AT
        return listed

    async def address_notices(self) -> list[service_ids_pb2.AddressNotice]:
        listed = service_ids_pb2.ListAddressNoticesResponse()
        for number in self.issuer_book.notices:
            one = listed.notices.add(notice_id=number, customer_id=f"18000000000{number}")
            one.notice_time.seconds = REGISTERED_AT
        return list(listed.notices)

    async def acknowledge_address_notice(self, notice_id: int) -> service_ids_pb2.AddressNotice:
        self.issuer_book.acknowledged.append(notice_id)
        self.issuer_book.notices.remove(notice_id)
        return service_ids_pb2.AddressNotice(notice_id=notice_id)


def registered(content: bytes) -> bytes:
    """The answer to a registration."""
    request = service_ids_pb2.RegisterServiceIdRequest.FromString(content)
    return service_ids_pb2.RegisterServiceIdResponse(
        issuer_name=ISSUER,
        mykey_id="MY123456",
        customer_id=request.customer_id,
        replaced=request.replaces,
        notices_address=bool(request.signature_serial_number),
    ).SerializeToString()
