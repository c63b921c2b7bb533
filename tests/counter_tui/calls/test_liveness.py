"""How often the server is asked whether it answers."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from counter_tui.calls import liveness
from counter_tui.calls.liveness import Liveness


class Answering(grpc.GenericRpcHandler):
    """Counts health checks, and answers them."""

    def __init__(self) -> None:
        self.asked = asyncio.Queue[float]()

    def service(
        self, details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        async def check(_request: bytes, _context: object) -> bytes:
            self.asked.put_nowait(asyncio.get_running_loop().time())
            return b""

        return grpc.unary_unary_rpc_method_handler(check)


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
async def channel(answering: Answering) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([answering])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(0)


async def test_it_is_asked_again_and_again_and_told_once(
    channel: grpc.aio.Channel, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "CHECK_SECONDS", 0.01)
    told: list[bool] = []
    one = Liveness(channel)
    one.called()
    watching = asyncio.create_task(one.watch(told.append))
    for _ in range(3):
        await answering.asked.get()
    watching.cancel()
    assert told == [True]


async def test_a_counter_that_nobody_uses_asks_seldom(
    channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Liveness(channel)
    assert one._pause() == liveness.SELDOM_SECONDS, "it has called nothing yet"
    one.called()
    assert one._pause() == liveness.CHECK_SECONDS
    monkeypatch.setattr(liveness, "IN_USE_SECONDS", 0.0)
    assert one._pause() == liveness.SELDOM_SECONDS
