"""A client of the agent, as other programs write it in their own language."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from jichipoint.v1 import agent_pb2 as pb
from jichipoint.v1 import agent_pb2_grpc

from counter_tui.agent.pass_file import AgentPass

T = TypeVar("T")

ANSWER_SECONDS = 20.0


class AgentError(Exception):
    """The agent did not answer as wished; the message is for people, the reason for programs."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def ask(agent: AgentPass, *, look_up: bool, wait_seconds: float) -> dict[str, str]:
    """Return what the agent says of the card in the reader. Raises AgentError."""
    return asyncio.run(_ask(agent, look_up=look_up, wait_seconds=wait_seconds))


def ask_whose(agent: AgentPass, customer_id: str) -> dict[str, str]:
    """Return a number as it was looked up, and the MyKey ID behind it. Raises AgentError."""
    return asyncio.run(_ask_whose(agent, customer_id))


async def _ask_whose(agent: AgentPass, customer_id: str) -> dict[str, str]:
    request = pb.LookUpNumberRequest(customer_id=customer_id)
    async with _channel(agent) as channel:
        stub = agent_pb2_grpc.CounterAgentServiceStub(channel)
        answer: pb.LookUpNumberResponse = await _answered(
            lambda: stub.LookUpNumber(request, metadata=_metadata(agent), timeout=ANSWER_SECONDS)
        )
        return {"customer_id": answer.customer_id, "mykey_id": answer.mykey_id}


def _channel(agent: AgentPass) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(agent.address, options=[("grpc.enable_http_proxy", 0)])


def _metadata(agent: AgentPass) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {agent.token}"),)


async def _ask(agent: AgentPass, *, look_up: bool, wait_seconds: float) -> dict[str, str]:
    metadata = _metadata(agent)
    async with _channel(agent) as channel:
        stub = agent_pb2_grpc.CounterAgentServiceStub(channel)
        if wait_seconds > 0:
            await _answered(
                lambda: stub.WaitForCard(
                    pb.WaitForCardRequest(), metadata=metadata, timeout=wait_seconds
                )
            )
        card: pb.ReadCardResponse = await _answered(
            lambda: stub.ReadCard(pb.ReadCardRequest(), metadata=metadata, timeout=ANSWER_SECONDS)
        )
        day = card.last_good_day
        found = {"last_good_day": f"{day.year:04}-{day.month:02}-{day.day:02}"}
        if look_up:
            answer: pb.LookUpCardResponse = await _answered(
                lambda: stub.LookUpCard(
                    pb.LookUpCardRequest(), metadata=metadata, timeout=ANSWER_SECONDS
                )
            )
            found |= {
                "issuer_id": answer.issuer_id,
                "issuer_name": answer.issuer_name,
                "customer_id": answer.customer_id,
                "mykey_id": answer.mykey_id,
            }
        return found


async def _answered(call: Callable[[], Awaitable[T]]) -> T:
    try:
        return await call()
    except grpc.aio.AioRpcError as error:
        raise AgentError(_reason(error), error.details() or "") from error


def _reason(error: grpc.aio.AioRpcError) -> str:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status else ():
        if detail.Unpack(info):
            return info.reason
    no_card = error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    return "NO_CARD" if no_card else "AGENT_NOT_RUNNING"
