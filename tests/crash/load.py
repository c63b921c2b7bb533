"""Clients that book without a pause, and repeat what has no answer until it has one."""

import asyncio
import random
from dataclasses import dataclass, field

import grpc
from google.protobuf.message import Message
from jichipoint.v1 import merging_pb2, points_pb2, terminals_pb2

from server.clock import SystemClock
from tests.integration.support import (
    cancel_request,
    merge_request,
    sign_in_request,
    spend_request,
    to_date,
)
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    COUNTER,
    COUNTER_2,
    POINT_USE,
    STREET_2,
    STREET_POINT_IDS,
    TestClock,
)

CARDS = (CARD_A, CARD_B, CARD_E)
TERMINALS = (COUNTER, COUNTER_2, POINT_USE)
CLIENTS = 9
TRY_SECONDS = 3.0
PAUSE_SECONDS = 0.02
"""Between two tries, as a client has it that does not want to be a burden."""
ANSWER_SECONDS_MAX = 60.0
NO_ANSWER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
CHANNEL_OPTIONS = (
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.initial_reconnect_backoff_ms", 50),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A request, and what a client was told."""

    terminal_id: str
    method: str
    request_id: str
    content: bytes
    answer: bytes | None
    """None where it was refused."""


@dataclass
class Load:
    """What all clients did."""

    address: str
    seed: int
    sessions: dict[str, str] = field(default_factory=dict)
    answered: list[Answered] = field(default_factory=list)
    repeated: int = 0
    stopping: bool = False
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def sign_in(self) -> None:
        """Open a session for each terminal."""
        async with grpc.aio.insecure_channel(self.address) as channel:
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
            call = channel.unary_unary("/jichipoint.v1.TerminalService/SignIn")
            for terminal_id in TERMINALS:
                request = sign_in_request(terminal_id).SerializeToString()
                answer = terminals_pb2.SignInResponse.FromString(await call(request))
                self.sessions[terminal_id] = answer.session_token

    async def run(self) -> None:
        """Let the clients book until told to stop; each ends with an answer."""
        await asyncio.gather(*(self._client(number) for number in range(CLIENTS)))

    async def wait_for(self, more: int) -> None:
        """Wait until so many more requests have been answered."""
        goal = len(self.answered) + more
        async with self.progress:
            await asyncio.wait_for(
                self.progress.wait_for(lambda: len(self.answered) >= goal), ANSWER_SECONDS_MAX
            )

    async def _client(self, number: int) -> None:
        chance = random.Random(self.seed * 1000 + number)
        terminal_id, card = TERMINALS[number % 3], CARDS[number // 3 % 3]
        spent: list[str] = []
        async with grpc.aio.insecure_channel(self.address, options=CHANNEL_OPTIONS) as channel:
            while not self.stopping:
                method, request = _new_request(chance, terminal_id, card, spent)
                one = await self._insist(channel, terminal_id, method, request)
                async with self.progress:
                    self.answered.append(one)
                    self.progress.notify_all()
                if method == "PointService/Spend" and one.answer is not None:
                    number_of = points_pb2.SpendResponse.FromString(one.answer)
                    spent.append(number_of.transaction_number)

    async def _insist(
        self, channel: grpc.aio.Channel, terminal_id: str, method: str, request: Message
    ) -> Answered:
        """Send the same request until it is booked or refused."""
        content = request.SerializeToString()
        request_id: str = getattr(request, "request_id")  # noqa: B009
        metadata = (("authorization", f"Bearer {self.sessions[terminal_id]}"),)
        until = asyncio.get_running_loop().time() + ANSWER_SECONDS_MAX
        while True:
            try:
                call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
                call = channel.unary_unary(f"/jichipoint.v1.{method}")
                answer: bytes | None = await call(
                    content, metadata=metadata, timeout=TRY_SECONDS, wait_for_ready=True
                )
            except grpc.aio.AioRpcError as error:
                if error.code() in NO_ANSWER:
                    assert asyncio.get_running_loop().time() < until, "no answer in time"
                    self.repeated += 1
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                assert error.code() in (
                    grpc.StatusCode.FAILED_PRECONDITION,
                    grpc.StatusCode.NOT_FOUND,
                ), error
                answer = None
            return Answered(terminal_id, method, request_id, content, answer)


def _new_request(
    chance: random.Random, terminal_id: str, card: str, spent: list[str]
) -> tuple[str, Message]:
    roll = chance.random()
    today = TestClock(SystemClock().now()).today
    if roll < 0.15 and spent:
        return "PointService/CancelSpend", cancel_request(chance.choice(spent[-4:]))
    if roll < 0.25 and terminal_id == COUNTER_2 and card == CARD_A:
        merge = merge_request(
            card, chance.randint(1, 3), street_point_id=STREET_POINT_IDS[STREET_2]
        )
        merge.shown_on.CopyFrom(to_date(today))
        return "MergeService/Merge", merge
    return "PointService/Spend", spend_request(card, chance.randint(1, 3), day=today)


def points_used(answered: list[Answered]) -> int:
    """What the clients were told was taken, less what was given back."""
    used = 0
    for one in answered:
        if one.answer is None:
            continue
        if one.method == "PointService/CancelSpend":
            used -= points_pb2.CancelSpendResponse.FromString(one.answer).points
        elif one.method == "PointService/Spend":
            used += points_pb2.SpendResponse.FromString(one.answer).points
        else:
            used += merging_pb2.MergeResponse.FromString(one.answer).points
    return used
