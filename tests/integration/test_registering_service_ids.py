"""Registering and listing numbers over a real socket, and what a terminal is never told."""

import asyncio
from collections.abc import Callable

import grpc
import pytest
from google.protobuf.message import Message
from jichipoint.v1 import issuers_pb2, operations_pb2
from jichipoint.v1 import service_ids_pb2 as pb

from server.ledger.engines import writing
from server.service_ids.address_notices import give_notices
from tests.integration.conftest import Connect, Service
from tests.integration.support import Client
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    COUNTER,
    COUNTER_2,
    LIBRARY,
    LIBRARY_COUNTER,
    MYKEY,
    RENEWED,
    STREET_1,
    STREET_POINT_IDS,
    TERMINALS_BY_CLASS,
    new_request_id,
)

Code = grpc.StatusCode
NONE_AT_LIBRARY = f"DELETE FROM service_id WHERE issuer_id = '{LIBRARY}'"  # noqa: S608
OTHER_CLASSES = [one for one in TERMINALS_BY_CLASS if one != "SERVICE_ID"]
REGISTER = "ServiceIdService/RegisterServiceId"
NEW = "523456789"


def registration(
    customer_id: str = NEW,
    serial_number: str = CARD_E,
    *,
    replaces: str = "",
    signature: str = "",
    request_id: str | None = None,
) -> pb.RegisterServiceIdRequest:
    return pb.RegisterServiceIdRequest(
        request_id=request_id or new_request_id(),
        certificate_serial_number=serial_number,
        customer_id=customer_id,
        replaces=replaces,
        signature_serial_number=signature,
    )


async def register(client: Client, request: Message) -> pb.RegisterServiceIdResponse:
    return await client.call(REGISTER, request, pb.RegisterServiceIdResponse)


async def test_a_number_is_registered_and_found_both_ways(counter: Client) -> None:
    request = registration()
    answer = await register(counter, request)
    assert answer == pb.RegisterServiceIdResponse(
        issuer_name="一番街", mykey_id=MYKEY[CARD_E], customer_id=NEW
    )
    assert await register(counter, request) == answer
    by_card = pb.LookUpServiceIdRequest(certificate_serial_number=CARD_E)
    found = await counter.call(
        "ServiceIdService/LookUpServiceId", by_card, pb.LookUpServiceIdResponse
    )
    assert (found.customer_id, found.mykey_id) == (NEW, MYKEY[CARD_E])
    by_number = pb.LookUpMykeyIdRequest(customer_id=NEW)
    back = await counter.call("ServiceIdService/LookUpMykeyId", by_number, pb.LookUpMykeyIdResponse)
    assert back.mykey_id == MYKEY[CARD_E]
    asked = operations_pb2.GetOperationRequest(request_id=request.request_id)
    operation = await counter.call(
        "OperationService/GetOperation", asked, operations_pb2.GetOperationResponse
    )
    assert operation.operation.register_service_id == answer


async def test_a_number_is_replaced_after_it_was_shown(counter: Client) -> None:
    told = await counter.refusal(REGISTER, registration(NEW, CARD_A))
    assert (told.code, told.reason) == (Code.FAILED_PRECONDITION, "SERVICE_ID_DIFFERENT")
    assert told.metadata == {"current": STREET_POINT_IDS[STREET_1]}
    answer = await register(counter, registration(NEW, CARD_A, replaces=told.metadata["current"]))
    assert answer.replaced == STREET_POINT_IDS[STREET_1]


async def test_a_renewed_card_registers_too(counter: Client) -> None:
    current = STREET_POINT_IDS[STREET_1]
    answer = await register(counter, registration(NEW, RENEWED, replaces=current))
    assert answer.mykey_id == MYKEY[CARD_A]


@pytest.mark.parametrize(
    ("request_of", "field"),
    [
        (lambda: registration("１２３４５６７８９"), "customer_id"),
        (lambda: registration("123 456789"), "customer_id"),
        (lambda: registration(""), "customer_id"),
        (lambda: registration("1" * 33), "customer_id"),
        (lambda: registration("12345\n789"), "customer_id"),
        (lambda: registration("図書館１"), "customer_id"),
        (lambda: registration(replaces="あ"), "replaces"),
        (lambda: registration(signature="0g"), "signature_serial_number"),
        (lambda: registration(serial_number="x"), "certificate_serial_number"),
        (lambda: registration(request_id="1"), "request_id"),
    ],
)
async def test_fields(
    counter: Client, request_of: Callable[[], pb.RegisterServiceIdRequest], field: str
) -> None:
    told = await counter.refusal(REGISTER, request_of())
    assert (told.code, told.fields) == (Code.INVALID_ARGUMENT, (field,))


async def test_many_want_the_same_number_at_once(
    service: Service, connect: Connect, connect_second: Connect
) -> None:
    """From two servers, again and again: one citizen gets it, the other is told why not."""
    clients = [await connect(COUNTER), await connect_second(COUNTER)]
    for number in range(600_000_000, 600_000_010):
        wanted = str(number)
        current = dict(
            service.town.rows(
                "SELECT citizen_id, customer_id FROM service_id WHERE issuer_id = ?", STREET_1
            )
        )
        asked = [
            (clients[0], registration(wanted, CARD_E, replaces=current.get(5, ""))),
            (clients[1], registration(wanted, CARD_A, replaces=current.get(1, ""))),
            (clients[0], registration(wanted, CARD_B, replaces=current.get(2, ""))),
        ]
        outcomes = await asyncio.gather(
            *(register(client, request) for client, request in asked), return_exceptions=True
        )
        assert sum(isinstance(one, Message) for one in outcomes) == 1, outcomes
        query = "SELECT count(*) FROM service_id WHERE issuer_id = ? AND customer_id = ?"
        assert service.town.rows(query, STREET_1, wanted) == [(1,)]


async def test_one_card_at_two_terminals_at_once(
    service: Service, connect: Connect, connect_second: Connect
) -> None:
    clients = [await connect(COUNTER), await connect_second(COUNTER)]
    outcomes = await asyncio.gather(
        register(clients[0], registration("700000001")),
        register(clients[1], registration("700000002")),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Message) for one in outcomes) == 1
    query = "SELECT count(*) FROM service_id WHERE issuer_id = ? AND citizen_id = 5"
    assert service.town.rows(query, STREET_1) == [(1,)]
    assert service.town.rows("SELECT count(*) FROM service_id_event") == [(1,)]


async def test_numbers_are_listed_in_pages(counter: Client) -> None:
    await register(counter, registration(signature="0A01"))
    found: list[pb.ServiceId] = []
    token = ""
    while True:
        asked = pb.ListServiceIdsRequest(page_size=1, page_token=token)
        page = await counter.call(
            "ServiceIdService/ListServiceIds", asked, pb.ListServiceIdsResponse
        )
        assert len(page.service_ids) == 1
        found += page.service_ids
        token = page.next_page_token
        if not token:
            break
    assert [(one.customer_id, one.mykey_id, one.notices_address) for one in found] == [
        ("12-34", MYKEY[CARD_B], False),
        (STREET_POINT_IDS[STREET_1], MYKEY[CARD_A], False),
        (NEW, MYKEY[CARD_E], True),
    ]
    assert [one.HasField("register_time") for one in found] == [False, False, True]


async def test_how_numbers_are_handed_over(service: Service, connect: Connect) -> None:
    service.town.tamper(
        "UPDATE issuer SET notification = 'LABEL', symbology = 'CODE39', nw7_start = 'B', "
        "reading = 'DRIVER', driver = 'ichiban' WHERE name = '一番街'"
    )
    client = await connect(COUNTER)
    found = await client.call(
        "ServiceIdService/GetIssuer", pb.GetIssuerRequest(), pb.GetIssuerResponse
    )
    assert found == pb.GetIssuerResponse(
        issuer_id=STREET_1,
        issuer_name="一番街",
        handover=issuers_pb2.Handover(
            method=issuers_pb2.HANDOVER_METHOD_LABEL,
            symbology=issuers_pb2.SYMBOLOGY_CODE39,
            nw7_start="B",
            nw7_stop="A",
        ),
        reading=issuers_pb2.CardReading(
            method=issuers_pb2.CARD_READING_METHOD_DRIVER, driver="ichiban"
        ),
    )


async def test_notices_are_listed_and_acknowledged_once(service: Service, connect: Connect) -> None:
    counter, library = await connect(COUNTER), await connect(LIBRARY_COUNTER)
    await register(counter, registration(signature="0A01"))
    await register(library, registration("180000000011", CARD_A, signature="0A02"))
    await register(library, registration("180000000012", CARD_B, signature="0A03"))
    database = service.town.database
    with database.connection_context(), writing(database):
        assert give_notices(database, {"A01", "A02", "A03", "FFF"}, 1_000_000) == 3
        assert give_notices(database, {"A01", "A02", "A03"}, 2_000_000) == 0
    listed = await notices(library)
    assert [one.customer_id for one in listed] == ["180000000011", "180000000012"]
    asked = pb.AcknowledgeAddressNoticeRequest(notice_id=listed[0].notice_id)
    method, answer = (
        "ServiceIdService/AcknowledgeAddressNotice",
        pb.AcknowledgeAddressNoticeResponse,
    )
    done = await library.call(method, asked, answer)
    assert done.notice.HasField("acknowledge_time")
    service.town.clock.advance(seconds=10)
    assert await library.call(method, asked, answer) == done, "the first time counts"
    assert [one.customer_id for one in await notices(library)] == ["180000000012"]
    assert len(await notices(library, with_acknowledged=True)) == 2
    stranger = await counter.refusal(method, asked)
    nothing = pb.AcknowledgeAddressNoticeRequest(notice_id=9999)
    assert stranger == await counter.refusal(method, nothing)
    assert stranger.reason == "ADDRESS_NOTICE_UNKNOWN"


async def notices(client: Client, *, with_acknowledged: bool = False) -> list[pb.AddressNotice]:
    asked = pb.ListAddressNoticesRequest(with_acknowledged=with_acknowledged)
    answer = pb.ListAddressNoticesResponse
    return list((await client.call("ServiceIdService/ListAddressNotices", asked, answer)).notices)


async def walk(client: Client, serial_number: str, customer_id: str) -> list[object]:
    """Ask everything that can be asked of a card and a number, and return all that is told."""
    requests: list[tuple[str, Message]] = [
        (
            "LookUpServiceId",
            pb.LookUpServiceIdRequest(certificate_serial_number=serial_number),
        ),
        ("LookUpMykeyId", pb.LookUpMykeyIdRequest(customer_id=customer_id)),
        (
            "RegisterServiceId",
            registration("999999999999", serial_number, replaces=customer_id),
        ),
        ("RegisterServiceId", registration(customer_id, serial_number)),
        ("ListServiceIds", pb.ListServiceIdsRequest()),
    ]
    told: list[object] = []
    for method, request in requests:
        full = f"ServiceIdService/{method}"
        try:
            told.append(await client.raw(full, request.SerializeToString()))
        except grpc.RpcError:
            told.append(await client.refusal(full, request))
    return told


async def test_a_terminal_learns_nothing_of_other_issuers(
    service: Service, connect: Connect
) -> None:
    """Card E has no number anywhere; card A has some at streets, one of them this number.

    To the library both are the same, and so are a number that a street knows and one that
    nobody knows.
    """
    number, unknown = STREET_POINT_IDS[STREET_1], "111222333"
    library = await connect(LIBRARY_COUNTER)
    service.town.tamper(
        "UPDATE citizen SET mykey_id = 'SAME2222' WHERE citizen_id = 1",
        NONE_AT_LIBRARY,
    )
    of_a = await walk(library, CARD_A, number)
    service.town.tamper(
        NONE_AT_LIBRARY,
        "UPDATE citizen SET mykey_id = 'AAAA1111' WHERE citizen_id = 1",
        "UPDATE citizen SET mykey_id = 'SAME2222' WHERE citizen_id = 5",
    )
    of_e = await walk(library, CARD_E, number)
    assert of_a == of_e
    service.town.tamper(NONE_AT_LIBRARY)
    of_unknown = await walk(library, CARD_E, unknown)
    assert _without(of_unknown, unknown) == _without(of_e, number)


def _without(told: list[object], number: str) -> list[object]:
    return [repr(one).replace(number, "*") for one in told]


@pytest.mark.parametrize(
    "terminal_class", [one for one in TERMINALS_BY_CLASS if one != "SERVICE_ID"]
)
async def test_other_classes_register_nothing(connect: Connect, terminal_class: str) -> None:
    client = await connect(TERMINALS_BY_CLASS[terminal_class])
    told = await client.refusal(REGISTER, registration())
    assert told.reason == "NOT_FOR_THIS_TERMINAL"


async def test_another_issuers_terminal_registers_at_its_own(connect: Connect) -> None:
    client = await connect(COUNTER_2)
    current = STREET_POINT_IDS["000003"]
    answer = await register(client, registration(NEW, CARD_A, replaces=current))
    assert answer.issuer_name == "二番街"
