"""Methods that are not ours: health, reflection, and what does not exist; a flood of them waits."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import grpc

from server.rpc.calls import Context, address_of
from server.rpc.doorman import Doorman

Request = TypeVar("Request")
Response = TypeVar("Response")
_Check = Callable[[Request, Context], Awaitable[Response]]

OURS = "/jichipoint.v1."
CHECK = "/grpc.health.v1.Health/Check"
"""Counters ask every few seconds whether the server answers."""
ANYONE = "anyone's other calls"
"""gRPC does not tell an interceptor the address."""


class OtherMethods(grpc.aio.ServerInterceptor):
    """Lets our own methods pass, which see to it themselves."""

    def __init__(self, doorman: Doorman) -> None:
        self._doorman = doorman

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails],
            "Awaitable[grpc.RpcMethodHandler[Request, Response] | None]",
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Request, Response] | None":
        """Wait before a call is handled where there are too many."""
        if handler_call_details.method == CHECK:
            handler = await continuation(handler_call_details)
            return self._held_by_address(handler) if handler else None
        if not handler_call_details.method.startswith(OURS):
            await self._doorman.see_out(ANYONE)
        return await continuation(handler_call_details)

    def _held_by_address(
        self, handler: "grpc.RpcMethodHandler[Request, Response]"
    ) -> "grpc.RpcMethodHandler[Request, Response]":
        """Let nobody's flood of checks hold up those of others."""
        check = cast("_Check[Request, Response]", handler.unary_unary)

        async def held(request: Request, context: Context) -> Response:
            await self._doorman.see_out(address_of(context))
            return await check(request, context)

        return grpc.unary_unary_rpc_method_handler(
            held, handler.request_deserializer, handler.response_serializer
        )
