"""ServiceIdService over a real socket (SID-3)."""

import grpc
import pytest
from jichipoint.v1 import issuers_pb2, service_ids_pb2, terminals_pb2

from tests.integration.conftest import Connect, Service
from tests.integration.support import Client
from tests.server.support import (
    CARD_A,
    CARD_E,
    COUNTER,
    EXPIRED_CARD,
    LIBRARY_COUNTER,
    MYKEY,
    POINT_USE,
    RENEWED,
    STREET_1,
    STREET_POINT_IDS,
)

Code = grpc.StatusCode
METHOD = "ServiceIdService/LookUpServiceId"


def request(serial_number: str) -> service_ids_pb2.LookUpServiceIdRequest:
    return service_ids_pb2.LookUpServiceIdRequest(certificate_serial_number=serial_number)


@pytest.mark.parametrize("serial_number", [CARD_A, RENEWED])
async def test_the_number_at_the_terminals_own_issuer(counter: Client, serial_number: str) -> None:
    answer = service_ids_pb2.LookUpServiceIdResponse
    found = await counter.call(METHOD, request(serial_number), answer)
    assert found == answer(
        issuer_id=STREET_1,
        issuer_name="一番街",
        customer_id=STREET_POINT_IDS[STREET_1],
        mykey_id=MYKEY[CARD_A],
        handover=issuers_pb2.Handover(
            method=issuers_pb2.HANDOVER_METHOD_SCREEN,
            symbology=issuers_pb2.SYMBOLOGY_NW7,
            nw7_start="A",
            nw7_stop="A",
        ),
    )


@pytest.mark.parametrize(
    ("terminal_id", "serial_number", "code", "reason"),
    [
        (COUNTER, CARD_E, Code.NOT_FOUND, "SERVICE_ID_UNKNOWN"),
        (LIBRARY_COUNTER, CARD_A, Code.NOT_FOUND, "SERVICE_ID_UNKNOWN"),
        (COUNTER, "FFFFFF", Code.NOT_FOUND, "CERTIFICATE_UNKNOWN"),
        (COUNTER, EXPIRED_CARD, Code.FAILED_PRECONDITION, "CERTIFICATE_EXPIRED"),
        (COUNTER, "x", Code.INVALID_ARGUMENT, "INVALID_FIELD"),
        (POINT_USE, CARD_A, Code.PERMISSION_DENIED, "NOT_FOR_THIS_TERMINAL"),
    ],
)
async def test_refusals(
    connect: Connect, terminal_id: str, serial_number: str, code: Code, reason: str
) -> None:
    client = await connect(terminal_id)
    told = await client.refusal(METHOD, request(serial_number))
    assert (told.code, told.reason) == (code, reason)


async def test_a_terminal_without_an_issuer(service: Service, connect: Connect) -> None:
    client = await connect(COUNTER)
    service.town.tamper(f"UPDATE terminal SET issuer_id = NULL WHERE terminal_id = '{COUNTER}'")  # noqa: S608
    told = await client.refusal(METHOD, request(CARD_A))
    assert (told.code, told.reason) == (Code.FAILED_PRECONDITION, "TERMINAL_WITHOUT_ISSUER")


async def test_anyone_may_ask_for_the_time(service: Service, connect: Connect) -> None:
    client = await connect(None)
    asked = terminals_pb2.GetServerTimeRequest()
    answer = terminals_pb2.GetServerTimeResponse
    found = await client.call("TerminalService/GetServerTime", asked, answer)
    assert found.server_time.ToSeconds() == int(service.town.clock.now().timestamp())
