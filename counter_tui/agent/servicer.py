"""CounterAgentService on loopback: the token is checked, then the desk is asked."""

import hmac
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import NoReturn, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from google.type.date_pb2 import Date
from jichipoint.v1 import agent_pb2 as pb
from jichipoint.v1 import agent_pb2_grpc

from counter_tui.agent.desk import Desk
from counter_tui.calls.answers import RefusedError, TroubleError
from counter_tui.card.reader import CardError, CardTrouble
from counter_tui.card.texts import trouble_text
from counter_tui.texts import _

T = TypeVar("T")

DOMAIN = "jichipoint-agent"
Context = grpc.aio.ServicerContext[Message, Message]


class AddressError(Exception):
    """The agent cannot listen there; the message says why."""


class AgentServicer(agent_pb2_grpc.CounterAgentServiceServicer):
    """Cards and service IDs for programs that know the token."""

    def __init__(self, desk: Desk, token: str) -> None:
        self._desk = desk
        self._expected = f"Bearer {token}".encode()

    async def WaitForCard(  # noqa: N802
        self,
        request: pb.WaitForCardRequest,
        context: Context,
    ) -> pb.WaitForCardResponse:
        """Wait until a card is in."""
        after = request.after_insertion
        insertion = await self._answered(context, lambda: self._desk.wait_for_card(after))
        return pb.WaitForCardResponse(insertion=insertion)

    async def ReadCard(  # noqa: N802
        self,
        request: pb.ReadCardRequest,  # noqa: ARG002
        context: Context,
    ) -> pb.ReadCardResponse:
        """Read the card that is in."""
        day = (await self._answered(context, self._desk.read)).last_good_day
        return pb.ReadCardResponse(last_good_day=Date(year=day.year, month=day.month, day=day.day))

    async def LookUpCard(  # noqa: N802
        self,
        request: pb.LookUpCardRequest,  # noqa: ARG002
        context: Context,
    ) -> pb.LookUpCardResponse:
        """Return the holder's number."""
        found = await self._answered(context, self._desk.look_up)
        return pb.LookUpCardResponse(
            issuer_id=found.issuer_id,
            issuer_name=found.issuer_name,
            customer_id=found.customer_id,
            mykey_id=found.mykey_id,
        )

    async def LookUpNumber(  # noqa: N802
        self, request: pb.LookUpNumberRequest, context: Context
    ) -> pb.LookUpNumberResponse:
        """Return whose a number is."""
        number, mykey_id = await self._answered(
            context, lambda: self._desk.look_up_number(request.customer_id)
        )
        return pb.LookUpNumberResponse(customer_id=number, mykey_id=mykey_id)

    async def _answered(self, context: Context, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask, for a caller that knows the token; end the call with what went wrong."""
        metadata = dict(context.invocation_metadata() or ())
        given = metadata.get("authorization", "")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), self._expected):
            text = _("トークンが違います。agent.json を読み直してください。")
            await _end(context, grpc.StatusCode.UNAUTHENTICATED, "TOKEN_WRONG", text)
        try:
            return await ask()
        except CardError as error:
            is_down = error.trouble == CardTrouble.READER_DOWN
            code = grpc.StatusCode.UNAVAILABLE if is_down else grpc.StatusCode.FAILED_PRECONDITION
            await _end(context, code, error.trouble, trouble_text(error).splitlines()[0])
        except RefusedError as error:
            await _end(context, grpc.StatusCode.FAILED_PRECONDITION, error.reason, error.message)
        except TroubleError as error:
            await _end(context, grpc.StatusCode.UNAVAILABLE, "SERVER_SILENT", error.message)


async def _end(context: Context, code: grpc.StatusCode, reason: str, text: str) -> NoReturn:
    """End the call with the status that the definition promises."""
    status = status_pb2.Status(code=code.value[0], message=text)
    detail = AnyMessage()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN))
    status.details.append(detail)
    trailing = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(code, text, trailing)


async def serve(servicer: AgentServicer, address: str) -> tuple[grpc.aio.Server, int]:
    """Serve at HOST:PORT on loopback, and return the server and its port.

    Raises AddressError.
    """
    host = address.rpartition(":")[0].strip("[]")
    if host != "localhost" and not _is_loopback(host):
        raise AddressError(f"the agent listens on loopback only, not on {address}")
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    agent_pb2_grpc.add_CounterAgentServiceServicer_to_server(servicer, server)
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise AddressError(
            f"cannot listen on {address}: is another agent running? ({error})"
        ) from error
    await server.start()
    return server, port


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
