"""So many calls at once, and floods without a session wait (SEC-3, API-3)."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import cast

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from server.ledger import writer as writer_module
from server.ledger.writer import QueueFullError
from server.rpc import doorman as doorman_module
from server.rpc.doorman import FREE_A_SECOND, HELD_MAX, Doorman
from server.rpc.other_methods import ANYONE, CHECK, OtherMethods
from tests.integration.conftest import Connect, Service, connect, service
from tests.integration.support import spend_request
from tests.server.conftest import engine, find_template, town

__all__ = ["connect", "engine", "find_template", "service", "town"]


SECONDS_MAX = 10


class Time:
    """Seconds that are set, and pauses that are noted."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []
        self.may_end = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self.may_end.wait()


def new_doorman() -> tuple[Doorman, Time]:
    time = Time()
    return Doorman(lambda: time.now, time.pause), time


async def come(doorman: Doorman, address: str, count: int) -> "list[asyncio.Task[None]]":
    tasks = [asyncio.create_task(doorman.see_out(address)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_a_few_are_answered_at_once_and_the_others_in_turn() -> None:
    doorman, time = new_doorman()
    await come(doorman, "a", FREE_A_SECOND + 3)
    assert [round(one, 3) for one in time.pauses] == [0.01, 0.02, 0.03]


async def test_another_address_does_not_wait() -> None:
    doorman, time = new_doorman()
    await come(doorman, "a", FREE_A_SECOND + 1)
    await come(doorman, "b", FREE_A_SECOND)
    assert len(time.pauses) == 1


async def test_the_next_second_begins_anew() -> None:
    doorman, time = new_doorman()
    await come(doorman, "a", FREE_A_SECOND)
    time.now += 1
    await come(doorman, "a", FREE_A_SECOND)
    assert time.pauses == []


async def test_those_that_wait_are_bounded_and_gone_when_cancelled() -> None:
    doorman, time = new_doorman()
    tasks = await come(doorman, "a", FREE_A_SECOND + HELD_MAX + 5)
    assert len(time.pauses) == HELD_MAX
    assert sum(task.done() for task in tasks) == FREE_A_SECOND + 5
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await come(doorman, "a", 1)
    assert len(time.pauses) == HELD_MAX + 1, "there is room again"


def test_too_many_calls_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorman_module, "ADMITTED_MAX", 1)
    doorman, _ = new_doorman()
    with doorman.admitted(), pytest.raises(QueueFullError), doorman.admitted():
        pass
    with doorman.admitted():
        pass


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_full_server_says_when_to_come_again(
    service: Service, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await connect("10000001")
    monkeypatch.setattr(doorman_module, "ADMITTED_MAX", 0)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await counter.spend(spend_request())
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    status = rpc_status.from_call(caught.value)  # type: ignore[arg-type]
    assert status is not None
    delays = [error_details_pb2.RetryInfo() for _ in range(1)]
    assert any(detail.Unpack(delays[0]) for detail in status.details)
    assert delays[0].retry_delay.seconds >= 1
    monkeypatch.undo()
    assert (await counter.spend(spend_request())).points


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_who_comes_again_at_once_when_told_to_come_later_waits(
    service: Service, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each terminal by itself, and no others than those."""
    counter, seen_out = await connect("10000001"), []

    async def see_out(_doorman: Doorman, caller: str) -> None:
        seen_out.append(caller)

    monkeypatch.setattr(Doorman, "see_out", see_out)
    assert (await counter.spend(spend_request())).points
    assert (await counter.refusal("PointService/Spend", b"")).reason == "INVALID_FIELD"
    assert seen_out == []
    monkeypatch.setattr(writer_module, "QUEUE_MAX", 0)
    for _ in range(2):
        assert (await counter.refusal("PointService/Spend", spend_request())).reason == "QUEUE_FULL"
    assert seen_out == ["terminal:10000001"] * 2


class At:
    """A call, as far as who calls is looked at."""

    def __init__(self, address: str) -> None:
        self._address = address

    def peer(self) -> str:
        return f"ipv4:{self._address}:50000"


async def check_from(doorman: Doorman, address: str) -> bytes:
    """Ask for the health, as a counter at an address does."""

    async def healthy(_request: bytes, _context: object) -> bytes:
        return b"healthy"

    async def find(_details: object) -> "grpc.RpcMethodHandler[bytes, bytes]":
        return grpc.unary_unary_rpc_method_handler(healthy)

    details = SimpleNamespace(method=CHECK)
    found = await OtherMethods(doorman).intercept_service(find, details)
    assert found is not None
    behaviour = cast("Callable[[bytes, At], Awaitable[bytes]]", found.unary_unary)
    async with asyncio.timeout(SECONDS_MAX):
        return await behaviour(b"", At(address))


async def test_health_checks_are_counted_by_address() -> None:
    """Counters ask so whether the server answers: nobody else's flood holds them up."""
    doorman, time = new_doorman()
    await come(doorman, ANYONE, FREE_A_SECOND + 5)
    await come(doorman, "192.0.2.1", FREE_A_SECOND)
    assert len(time.pauses) == 5
    assert await check_from(doorman, "192.0.2.2") == b"healthy"
    assert len(time.pauses) == 5
    waiting = asyncio.create_task(check_from(doorman, "192.0.2.1"))
    await asyncio.sleep(0)
    assert (len(time.pauses), waiting.done()) == (6, False)
    time.may_end.set()
    assert await waiting == b"healthy"
