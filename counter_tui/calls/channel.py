"""The way to the server: connection, session, and what an error means for the counter."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from counter_tui import texts
from counter_tui.calls.answers import RefusedError, SessionEndedError, UnreachableError
from counter_tui.calls.liveness import Liveness
from counter_tui.calls.server_certificate import certificate_trouble
from counter_tui.calls.server_certificate import trouble_text as certificate_text
from counter_tui.texts import _

Request = TypeVar("Request")
Response = TypeVar("Response")

READ_SECONDS = 5.0
BOOK_SECONDS = 10.0
_NOT_REACHED = grpc.StatusCode.UNAVAILABLE.name
_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.enable_http_proxy", 0),
]


class Channel:
    """One connection to the server, and its session. Made and used in the event loop."""

    def __init__(self, address: str, authority: bytes | None = None) -> None:
        """`authority` (PEM) must have signed the server's certificate; None: there is no TLS."""
        self.token = ""
        """The session's, which all calls carry; empty before the sign-in."""
        self._address, self._authority = address, authority
        self.grpc = (
            grpc.aio.insecure_channel(address, options=_OPTIONS)
            if authority is None
            else grpc.aio.secure_channel(
                address, grpc.ssl_channel_credentials(authority), options=_OPTIONS
            )
        )
        self._liveness = Liveness(self.grpc)

    async def watch(self, tell: Callable[[bool], None]) -> None:
        """Tell, now and at every change, whether the server answers. Runs until cancelled."""
        await self._liveness.watch(tell)

    async def close(self) -> None:
        """Close the channel."""
        await self.grpc.close()

    async def call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        seconds: float,
    ) -> Response:
        """Call a method. Raises RefusedError, SessionEndedError, UnreachableError."""
        self._liveness.called()
        metadata = (("authorization", f"Bearer {self.token}"),) if self.token else ()
        try:
            return await method(request, timeout=seconds, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                self._liveness.doubt()
            raise await self._trouble(error) from error

    async def _trouble(self, error: grpc.aio.AioRpcError) -> Exception:
        """Return what an error means for the counter, and why no connection comes about."""
        trouble = _trouble(error)
        is_silence = isinstance(trouble, UnreachableError) and trouble.reason == _NOT_REACHED
        if not is_silence or self._authority is None:
            return trouble
        found = await certificate_trouble(self._address, self._authority)
        if found is None:
            return trouble
        return UnreachableError(found, certificate_text(found, self._address))


class Told(NamedTuple):
    """What a status of the server's says."""

    reason: str
    words: str
    """The staff's, in their language."""
    standing: str
    """What the refusal says of the request, as the server has it (API-2)."""


def told(status: status_pb2.Status | None) -> Told:
    """Return what a status says; of silence everything is empty."""
    reason, standing, messages = "", "", {}
    for detail in status.details if status else ():
        info, message = error_details_pb2.ErrorInfo(), error_details_pb2.LocalizedMessage()
        if detail.Unpack(info):
            reason, standing = info.reason, info.metadata.get("standing", "")
        elif detail.Unpack(message):
            messages[message.locale] = message.message
    return Told(reason, messages.get(texts.language(), ""), standing)


def _trouble(error: grpc.aio.AioRpcError) -> Exception:
    """Return what an error means for the counter; where the server does not say, nothing."""
    found = told(rpc_status.from_call(error))  # type: ignore[arg-type]
    silence = _("サーバーから返事がありません。ネットワークとサーバーを確認してください。")
    text = found.words or silence
    match found.standing:
        case "DECIDED" | "TURNED_AWAY":
            return RefusedError(found.reason, text, decided=found.standing == "DECIDED")
        case "SIGN_IN":
            return SessionEndedError(found.reason, text)
        case _:
            return UnreachableError(found.reason or error.code().name, text)
