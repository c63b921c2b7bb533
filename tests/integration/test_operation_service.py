"""OperationService over a real socket: what became of a request (LED-3, USE-5)."""

import grpc
from jichipoint.v1 import operations_pb2, points_pb2

from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import Client, Refused, cancel_request, merge_request, spend_request
from tests.server.support import CARD_A, COUNTER_2, new_request_id

Code = grpc.StatusCode


async def unknown(client: Client, request_id: str) -> Refused:
    request = operations_pb2.GetOperationRequest(request_id=request_id)
    return await client.refusal("OperationService/GetOperation", request)


async def test_what_became_of_a_request(connect: Connect, counter: Client) -> None:
    spend, merge, cancel = spend_request(), merge_request(), cancel_request("2026070199999")
    for request in (spend, merge, cancel):
        told = await unknown(counter, request.request_id)
        assert (told.code, told.reason) == (Code.NOT_FOUND, "OPERATION_UNKNOWN")
    spent, merged = await counter.spend(spend), await counter.merge(merge)
    await counter.refusal("PointService/CancelSpend", cancel)
    cancelling = cancel_request(spent.transaction_number)
    answer = points_pb2.CancelSpendResponse
    cancelled = await counter.call("PointService/CancelSpend", cancelling, answer)
    found = await counter.operation(spend.request_id)
    assert (found.state, found.spend) == (operations_pb2.OPERATION_STATE_BOOKED, spent)
    assert (await counter.operation(merge.request_id)).merge == merged
    assert (await counter.operation(cancelling.request_id)).cancel_spend == cancelled
    found = await counter.operation(cancel.request_id)
    assert found.state == operations_pb2.OPERATION_STATE_REFUSED
    assert found.refusal.code == Code.NOT_FOUND.value[0]
    assert len(found.refusal.details) == 3


async def test_another_terminals_request_id_tells_nothing(
    service: Service, connect: Connect, counter: Client
) -> None:
    request = spend_request()
    await counter.spend(request)
    other = await connect(COUNTER_2)
    assert await unknown(other, request.request_id) == await unknown(other, new_request_id())
    assert (await other.settle(request.request_id)).state == (
        operations_pb2.OPERATION_STATE_ABANDONED
    )
    assert (await counter.operation(request.request_id)).state == (
        operations_pb2.OPERATION_STATE_BOOKED
    )
    assert service.town.balance(CARD_A) == BALANCE - 100


async def test_a_settled_request_is_never_booked(service: Service, counter: Client) -> None:
    request = spend_request()
    settled = await counter.settle(request.request_id)
    assert settled.state == operations_pb2.OPERATION_STATE_ABANDONED
    told = await counter.refusal("PointService/Spend", request)
    assert (told.code, told.reason) == (Code.FAILED_PRECONDITION, "OPERATION_ABANDONED")
    assert await counter.operation(request.request_id) == settled
    assert service.town.balance(CARD_A) == BALANCE


async def test_settling_what_was_booked_returns_its_answer(counter: Client) -> None:
    request = spend_request()
    spent = await counter.spend(request)
    assert (await counter.settle(request.request_id)).spend == spent
