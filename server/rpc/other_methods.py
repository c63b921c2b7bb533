"""Methods that are not ours: health, reflection, and what does not exist; a flood of them waits."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc

from server.rpc.doorman import Doorman

Request = TypeVar("Request")
Response = TypeVar("Response")

OURS = "/jichipoint.v1."
ANYONE = "anyone's health checks"
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
        if not handler_call_details.method.startswith(OURS):
            await self._doorman.see_out(ANYONE)
        return await continuation(handler_call_details)
