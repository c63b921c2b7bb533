"""From bytes to a servicer's method and back: session, access, decoding, refusals.

Each method is wrapped once, when the server starts. Methods are `async def name(self,
request, call)` and return a message, or the bytes of one (an answer that was stored).
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, Protocol, cast

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from server.ledger.booker import ClockWentBackError
from server.ledger.store import StoreUnavailableError
from server.ledger.values import Refusal
from server.ledger.writer import DeadlinePassedError, QueueFullError, StoppingError
from server.rpc.access import Access, Anyone, IssuerSystems, access_of
from server.rpc.errors import RpcReason
from server.rpc.status import status_of
from server.streets.sessions import StreetSession, is_street
from server.terminals.errors import TerminalReason
from server.terminals.sessions import Session, Sessions, is_practice

TIMEOUT_SECONDS_MAX = 30.0
"""A call without a deadline of its own gets this one."""

log = logging.getLogger(__name__)

_UNDECIDED: dict[type[Exception], RpcReason] = {
    QueueFullError: RpcReason.QUEUE_FULL,
    DeadlinePassedError: RpcReason.DEADLINE_PASSED,
    StoppingError: RpcReason.SERVER_STOPPING,
    ClockWentBackError: RpcReason.CLOCK_WENT_BACK,
    StoreUnavailableError: RpcReason.STORE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Call:
    """What a method knows of its caller."""

    open_session: Session | StreetSession | None
    timeout_seconds: float

    @property
    def session(self) -> Session:
        """The calling terminal's session. Methods that are open to others have none: Refusal."""
        if not isinstance(self.open_session, Session):
            raise Refusal(TerminalReason.SESSION_MISSING)
        return self.open_session

    @property
    def street_session(self) -> StreetSession:
        """The session of a calling street's system. Other callers have none: Refusal."""
        if not isinstance(self.open_session, StreetSession):
            raise Refusal(TerminalReason.SESSION_MISSING)
        return self.open_session


Method = Callable[[Any, Call], Awaitable[Message | bytes]]
Context = grpc.aio.ServicerContext[bytes, bytes]


class Served(Protocol):
    """A ledger with its services."""

    @property
    def sessions(self) -> Sessions[Session]:
        """Its terminals' sessions."""
        ...

    @property
    def street_sessions(self) -> Sessions[StreetSession]:
        """The sessions of streets' systems."""
        ...

    @property
    def servicers(self) -> Mapping[ServiceDescriptor, object]:
        """What answers the calls of each service."""
        ...


def handlers_of(
    service: ServiceDescriptor, real: Served, practice: Served | None
) -> grpc.GenericRpcHandler:
    """Return the handlers of a service: every method of its definition, with its access.

    Which ledger a call is for, its session says (USE-7).
    """
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}
    for descriptor in service.methods:
        method: Method | None = getattr(real.servicers[service], descriptor.name, None)
        access = access_of(method) if method else None
        ways = {False: _Way(method, real)}
        if practice is not None:
            there = getattr(practice.servicers[service], descriptor.name, None)
            ways[True] = _Way(there, practice)
        behaviour = _guarded(descriptor, ways, access)
        handlers[descriptor.name] = grpc.unary_unary_rpc_method_handler(behaviour)
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


class _Way(NamedTuple):
    """Who answers a method's calls, and whose sessions they carry."""

    method: Method | None
    side: Served


def _guarded(
    descriptor: MethodDescriptor, ways: Mapping[bool, _Way], access: Access | None
) -> Callable[[bytes, Context], Awaitable[bytes]]:
    request_class = GetMessageClass(descriptor.input_type)

    async def answer(request_bytes: bytes, context: Context) -> bytes:
        try:
            token = _token(context)
            in_practice = is_practice(token) and not isinstance(access, Anyone)
            method, side = ways.get(in_practice, ways[False])
            if method is None or access is None:
                raise Refusal(TerminalReason.METHOD_NOT_OPEN)
            call = Call(await _admit(token, access, side), _timeout(context))
            try:
                request = request_class.FromString(request_bytes)
            except DecodeError:
                raise Refusal(RpcReason.UNDECODABLE_MESSAGE) from None
            reply = await method(request, call)
            return reply if isinstance(reply, bytes) else reply.SerializeToString()
        except Refusal as refusal:
            await refuse(context, refusal)
        except tuple(_UNDECIDED) as error:
            await refuse(context, Refusal(_UNDECIDED[type(error)]))
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            log.error("%s failed", descriptor.full_name, exc_info=error)
            await refuse(context, Refusal(RpcReason.INTERNAL_FAULT))

    return answer


async def _admit(token: str | None, access: Access, side: Served) -> Session | StreetSession | None:
    if isinstance(access, Anyone):
        return None
    if is_street(token):
        street_session = await side.street_sessions.find(token)
        if not isinstance(access, IssuerSystems):
            raise Refusal(RpcReason.NOT_FOR_THIS_CALLER)
        return street_session
    session = await side.sessions.find(token)
    if isinstance(access, IssuerSystems):
        raise Refusal(RpcReason.NOT_FOR_THIS_CALLER)
    if session.terminal_class not in access:
        raise Refusal(TerminalReason.NOT_FOR_THIS_TERMINAL)
    return session


def _token(context: Context) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str) and value.startswith("Bearer "):
            return value.removeprefix("Bearer ")
    return None


def _timeout(context: Context) -> float:
    left = cast(float | None, context.time_remaining())
    return TIMEOUT_SECONDS_MAX if left is None else min(left, TIMEOUT_SECONDS_MAX)


async def refuse(context: Context, refusal: Refusal) -> NoReturn:
    """End the call with the refusal's status."""
    status = status_of(refusal)
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(code, status.message, details)
