"""Whoever calls, whatever they send (SEC-2, API-3)."""

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2

from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import Client, spend_request
from tests.server.support import CARD_A, OPERATOR, VOUCHER

Code = grpc.StatusCode


@pytest.mark.parametrize("terminal_id", [VOUCHER, OPERATOR])
async def test_other_classes_spend_nothing(
    service: Service, connect: Connect, terminal_id: str
) -> None:
    client = await connect(terminal_id)
    told = await client.refusal("PointService/Spend", spend_request())
    assert (told.code, told.reason) == (Code.PERMISSION_DENIED, "NOT_FOR_THIS_TERMINAL")
    assert service.town.balance(CARD_A) == BALANCE


async def test_bytes_that_are_no_message(counter: Client) -> None:
    told = await counter.refusal("PointService/Spend", b"\xff\xff\xff")
    assert (told.code, told.reason) == (Code.INVALID_ARGUMENT, "UNDECODABLE_MESSAGE")
    assert (await counter.usable(CARD_A)).mykey_id, "the server goes on"


@pytest.mark.parametrize("method", ["PointService/Steal", "NoService/Spend"])
async def test_an_unknown_method(counter: Client, method: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await counter.raw(method, b"")
    assert isinstance(caught.value, grpc.aio.AioRpcError)
    assert caught.value.code() == Code.UNIMPLEMENTED


async def test_a_message_that_is_too_large(counter: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await counter.raw("PointService/Spend", bytes(2 << 20))
    assert isinstance(caught.value, grpc.aio.AioRpcError)
    assert caught.value.code() == Code.RESOURCE_EXHAUSTED


async def test_reflection_lists_the_services(counter: Client) -> None:
    request = reflection_pb2.ServerReflectionRequest(list_services="").SerializeToString()
    ask: grpc.aio.StreamStreamMultiCallable[bytes, bytes]
    ask = counter.channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    )
    (content,) = [one async for one in ask(iter([request]))]
    answer = reflection_pb2.ServerReflectionResponse.FromString(content)
    names = {one.name for one in answer.list_services_response.service}
    assert names >= {
        f"jichipoint.v1.{name}Service" for name in ("Terminal", "Point", "Merge", "Operation")
    }
