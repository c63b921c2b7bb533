"""Health and stopping: what the server says of itself, and what it finishes (LED-8)."""

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2
from jichipoint.v1 import points_pb2

from server.serving import pulse
from tests.integration.conftest import BALANCE, Service
from tests.integration.support import Client, spend_request
from tests.server.support import CARD_A

Code = grpc.StatusCode


async def test_a_clock_that_went_back_stops_booking(service: Service, counter: Client) -> None:
    await counter.spend(spend_request())
    service.town.clock.advance(seconds=-10)
    request = spend_request()
    told = await counter.refusal("PointService/Spend", request)
    assert (told.code, told.reason) == (Code.UNAVAILABLE, "CLOCK_WENT_BACK")
    service.town.clock.advance(seconds=10)
    assert (await counter.spend(request)).points == 100, "not remembered as an answer"


async def test_health_is_serving_until_the_server_stops(service: Service, counter: Client) -> None:
    response = health_pb2.HealthCheckResponse
    check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    check = counter.channel.unary_unary("/grpc.health.v1.Health/Check")
    for name in ("", "jichipoint.v1.PointService"):
        request = health_pb2.HealthCheckRequest(service=name).SerializeToString()
        assert response.FromString(await check(request)).status == response.SERVING
    watch: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
    watch = counter.channel.unary_stream("/grpc.health.v1.Health/Watch")
    watching = watch(b"")
    told = aiter(watching)
    assert response.FromString(await anext(told)).status == response.SERVING
    stopping = asyncio.create_task(service.stop(grace_seconds=5))
    assert response.FromString(await anext(told)).status == response.NOT_SERVING
    watching.cancel()
    await stopping


async def test_stopping_finishes_what_was_taken(service: Service, counter: Client) -> None:
    requests = [spend_request(points=1) for _ in range(100)]
    tasks = [asyncio.create_task(counter.spend(request)) for request in requests]
    await tasks[0]
    await service.stop(grace_seconds=10)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    booked = [one for one in answers if isinstance(one, points_pb2.SpendResponse)]
    assert len(booked) >= 1
    assert BALANCE - service.town.balance(CARD_A) == len(booked)


async def test_health_is_not_serving_while_the_clock_is_behind(
    service: Service, counter: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "SECONDS", 0.01)
    await counter.spend(spend_request())
    response = health_pb2.HealthCheckResponse
    watch: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
    watch = counter.channel.unary_stream("/grpc.health.v1.Health/Watch")
    watching = watch(b"")
    told = aiter(watching)
    assert response.FromString(await anext(told)).status == response.SERVING
    service.town.clock.advance(seconds=-10)
    assert response.FromString(await anext(told)).status == response.NOT_SERVING
    service.town.clock.advance(seconds=10)
    assert response.FromString(await anext(told)).status == response.SERVING
    watching.cancel()
