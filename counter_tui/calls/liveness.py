"""Whether the server is reached, and answers: one that hangs keeps its connection.

A call that needs neither session nor ledger is made now and then: often while the counter is in
use, less often while nobody is there, so that many counters cost the server little.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, cast

import grpc

IN_USE_SECONDS = 300.0
"""So long after its start or its last call a counter counts as in use."""
CHECK_SECONDS, SELDOM_SECONDS, AGAIN_SECONDS = 5.0, 10.0, 3.0
"""Between two checks: in use, not in use, and while there is no answer."""
ANSWER_SECONDS = 4.0
"""A server that takes longer does not answer."""

Tell = Callable[[bool], None]


class _Check(Protocol):
    def __call__(self, request: bytes, /, *, timeout: float) -> Awaitable[bytes]: ...


class Liveness:
    """Of one channel. Used in the event loop."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._check = cast(_Check, channel.unary_unary("/grpc.health.v1.Health/Check"))
        self._is_due = asyncio.Event()
        self._is_ready: bool | None = None
        """Whether there is a connection; None: not known yet."""
        self._answers = True
        self._called_at = -math.inf
        self._told: bool | None = None

    def called(self) -> None:
        """Take note of a call of the counter's own."""
        self._called_at = asyncio.get_running_loop().time()

    def doubt(self) -> None:
        """Check at once: a call was not answered in time."""
        self._is_due.set()

    async def watch(self, tell: Tell) -> None:
        """Tell, now and at every change, whether the server answers. Runs until cancelled."""
        self.called()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._watch_channel(tell))
            both.create_task(self._check_calls(tell))

    async def _watch_channel(self, tell: Tell) -> None:
        while True:
            state = self._channel.get_state(try_to_connect=True)
            if state not in (grpc.ChannelConnectivity.CONNECTING, grpc.ChannelConnectivity.IDLE):
                self._is_ready = state == grpc.ChannelConnectivity.READY
                self._answers = True  # a server that hangs takes no new connection up
                self._say(tell)
            await self._channel.wait_for_state_change(state)

    async def _check_calls(self, tell: Tell) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_due.wait(), self._pause())
            self._is_due.clear()
            if self._is_ready:
                self._answers = await self._is_answered()
                self._say(tell)

    def _pause(self) -> float:
        if not self._answers:
            return AGAIN_SECONDS
        unused = asyncio.get_running_loop().time() - self._called_at
        return CHECK_SECONDS if unused < IN_USE_SECONDS else SELDOM_SECONDS

    async def _is_answered(self) -> bool:
        try:
            await self._check(b"", timeout=ANSWER_SECONDS)
        except grpc.aio.AioRpcError as error:
            return error.code() != grpc.StatusCode.DEADLINE_EXCEEDED
        return True

    def _say(self, tell: Tell) -> None:
        answers = bool(self._is_ready) and self._answers
        if answers != self._told:
            self._told = answers
            tell(answers)
