"""What a refusal says of the request: its standing (API-2, USE-5)."""

from google.rpc import error_details_pb2
from jichipoint.v1 import operations_pb2, points_pb2

from tests.integration.conftest import Connect
from tests.integration.support import Client, spend_request
from tests.server.support import CARD_A

SPEND, SETTLE = "PointService/Spend", "OperationService/SettleOperation"


async def standing(client: Client, request: points_pb2.SpendRequest) -> tuple[str, str]:
    told = await client.refusal(SPEND, request)
    return told.reason, told.standing


async def test_what_the_ledger_decides_is_decided_at_every_repetition(counter: Client) -> None:
    request = spend_request(CARD_A, 9_999_999)
    for _ in range(2):
        assert await standing(counter, request) == ("INSUFFICIENT_POINTS", "DECIDED")
    other = spend_request(CARD_A, 1, request_id=request.request_id)
    assert await standing(counter, other) == ("REQUEST_ID_REUSED", "DECIDED")


async def test_what_was_settled_is_decided(counter: Client) -> None:
    request = spend_request(CARD_A, 1)
    settle = operations_pb2.SettleOperationRequest(request_id=request.request_id)
    await counter.call(SETTLE, settle, operations_pb2.SettleOperationResponse)
    assert await standing(counter, request) == ("OPERATION_ABANDONED", "DECIDED")


async def test_the_answer_to_a_question_says_the_same(counter: Client) -> None:
    """An operation's own status, which is asked for later."""
    request = spend_request(CARD_A, 9_999_999)
    await counter.refusal(SPEND, request)
    settle = operations_pb2.SettleOperationRequest(request_id=request.request_id)
    settled = await counter.call(SETTLE, settle, operations_pb2.SettleOperationResponse)
    info = error_details_pb2.ErrorInfo()
    assert settled.operation.refusal.details[0].Unpack(info)
    assert (info.reason, info.metadata["standing"]) == ("INSUFFICIENT_POINTS", "DECIDED")


async def test_what_is_turned_away_may_have_been_booked_before(counter: Client) -> None:
    request = spend_request(CARD_A, 1)
    await counter.spend(request)
    request.request_id = "no request ID"
    assert await standing(counter, request) == ("INVALID_FIELD", "TURNED_AWAY")


async def test_without_a_session_nothing_follows(connect: Connect) -> None:
    assert await standing(await connect(None), spend_request(CARD_A, 1)) == (
        "SESSION_MISSING",
        "SIGN_IN",
    )
