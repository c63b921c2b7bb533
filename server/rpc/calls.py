"""From bytes to a servicer's method and back: session, access, decoding, refusals.

Each method is wrapped once, when the server starts. Methods are `async def name(self,
request, call)` and return a message, or the bytes of one (an answer that was stored).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, Protocol, cast
from urllib.parse import unquote

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2

from server.callers.certificates import ShownCertificates
from server.callers.errors import TerminalReason
from server.callers.rules import check_certificate
from server.callers.sessions import Session, Sessions, is_practice
from server.callers.street_sessions import StreetSession, is_street
from server.callers.values import ShownCertificate
from server.ledger.booker import ClockWentBackError
from server.ledger.store import StoreUnavailableError
from server.ledger.values import Refusal
from server.ledger.writer import DeadlinePassedError, QueueFullError, StoppingError
from server.rpc.access import Anyone, Declared, IssuerSystems, declared_by
from server.rpc.doorman import Doorman
from server.rpc.errors import RpcReason
from server.rpc.handled import CANCELLED, Handled, Watch
from server.rpc.status import Statuses

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
    address: str
    """The caller's, without the port."""
    timeout_seconds: float
    certificate: ShownCertificate | None = None
    """What the connection shows; None where it shows none, or nobody is asked."""

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


class Hall(NamedTuple):
    """What the calls of all methods have in common."""

    watch: Watch
    """Is told of every call."""
    doorman: Doorman
    statuses: Statuses
    certificates: ShownCertificates | None = None
    """Where connections have to show one (SEC-1)."""

    async def shown_by(self, context: "Context") -> ShownCertificate | None:
        """Return the certificate that a call's connection shows."""
        return await self.certificates.of(context) if self.certificates is not None else None


def handlers_of(
    service: ServiceDescriptor,
    real: Served,
    practice: Served | None,
    hall: Hall,
) -> grpc.GenericRpcHandler:
    """Return the handlers of a service: every method of its definition, with its access.

    Which ledger a call is for, its session says (USE-7).
    """
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}
    for descriptor in service.methods:
        method: Method | None = getattr(real.servicers[service], descriptor.name, None)
        declared = declared_by(method) if method else None
        ways = {False: _Way(method, real)}
        if practice is not None:
            there = getattr(practice.servicers[service], descriptor.name, None)
            ways[True] = _Way(there, practice)
        behaviour = _guarded(descriptor, ways, declared, hall)
        handlers[descriptor.name] = grpc.unary_unary_rpc_method_handler(behaviour)
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


class _Way(NamedTuple):
    """Who answers a method's calls, and whose sessions they carry."""

    method: Method | None
    side: Served


def _guarded(
    descriptor: MethodDescriptor,
    ways: Mapping[bool, _Way],
    declared: Declared | None,
    hall: Hall,
) -> Callable[[bytes, Context], Awaitable[bytes]]:
    request_class = GetMessageClass(descriptor.input_type)
    name = descriptor.full_name

    async def reply_to(request_bytes: bytes, context: Context, handled: Handled) -> bytes:
        token = _token(context)
        handled.in_practice = is_practice(token) and not _is_open_to_anyone(declared)
        method, side = ways.get(handled.in_practice, ways[False])
        if method is None or declared is None:
            raise Refusal(TerminalReason.METHOD_NOT_OPEN)
        shown = await hall.shown_by(context)
        await _admit(token, declared, side, handled, shown)
        try:
            handled.request = request_class.FromString(request_bytes)
        except DecodeError:
            raise Refusal(RpcReason.UNDECODABLE_MESSAGE) from None
        call = Call(handled.session, handled.address, _timeout(context), shown)
        reply = await method(handled.request, call)
        if isinstance(reply, bytes):
            return reply
        handled.reply = reply
        return reply.SerializeToString()

    async def answer(request_bytes: bytes, context: Context) -> bytes:
        handled = Handled(name, address_of(context), _metadatum(context, "traceparent"))
        began = time.perf_counter()
        try:
            with hall.doorman.admitted():
                reply = await reply_to(request_bytes, context, handled)
            if handled.session is None:
                await hall.doorman.see_out(handled.address)
            return reply
        except Exception as error:
            refusal = _refusal_for(error, handled)
            handled.result = refusal.reason
            if handled.session is None:
                await hall.doorman.see_out(handled.address)
            elif refusal.reason == RpcReason.QUEUE_FULL:
                await hall.doorman.see_out(handled.session.caller)
            await _refuse(context, hall.statuses.status_of(refusal))
        except asyncio.CancelledError:
            handled.result = CANCELLED
            raise
        finally:
            handled.seconds = time.perf_counter() - began
            hall.watch(handled)

    return answer


def _refusal_for(error: Exception, handled: Handled) -> Refusal:
    """Return what the caller is told; a fault of ours is logged, and nothing of it is told."""
    if isinstance(error, Refusal):
        return error
    reason = _UNDECIDED.get(type(error))
    if reason is None:
        log.error("%s failed", handled.method, exc_info=error)
        reason = RpcReason.INTERNAL_FAULT
    return Refusal(reason)


def _is_open_to_anyone(declared: Declared | None) -> bool:
    return declared is not None and isinstance(declared.access, Anyone)


async def _admit(
    token: str | None,
    declared: Declared,
    side: Served,
    handled: Handled,
    shown: ShownCertificate | None,
) -> None:
    """Find the caller's session and note it, or raise Refusal where it may not call."""
    access = declared.access
    if isinstance(access, Anyone):
        return
    if is_street(token):
        handled.session = street = await side.street_sessions.find(token)
        check_certificate(street.caller, shown, needs_certificate=street.needs_certificate)
        if not isinstance(access, IssuerSystems):
            raise Refusal(RpcReason.NOT_FOR_THIS_CALLER)
        return
    handled.session = session = await side.sessions.find(token)
    check_certificate(session.caller, shown, needs_certificate=session.needs_certificate)
    if session.is_withdrawn and not declared.withdrawn_too:
        raise Refusal(TerminalReason.TERMINAL_WITHDRAWN)
    if isinstance(access, IssuerSystems):
        raise Refusal(RpcReason.NOT_FOR_THIS_CALLER)
    if session.terminal_class not in access:
        raise Refusal(TerminalReason.NOT_FOR_THIS_TERMINAL)


def _token(context: Context) -> str | None:
    scheme, _, token = _metadatum(context, "authorization").partition(" ")
    return token if scheme == "Bearer" else None


def _metadatum(context: Context, name: str) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == name and isinstance(value, str):
            return value
    return ""


def address_of(context: Context) -> str:
    """Return the caller's address without its port, from gRPC's ipv4:HOST:PORT or unix:PATH."""
    kind, _, rest = unquote(context.peer()).partition(":")
    return rest.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else kind


def _timeout(context: Context) -> float:
    left = cast(float | None, context.time_remaining())
    return TIMEOUT_SECONDS_MAX if left is None else min(left, TIMEOUT_SECONDS_MAX)


async def _refuse(context: Context, status: status_pb2.Status) -> NoReturn:
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(code, status.message, details)
