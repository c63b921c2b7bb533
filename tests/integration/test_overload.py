"""Whoever burdens the server, an honest counter hardly notices (API-3, SEC-3).

How long its calls take under a burden is compared with how long they took just before, in the
same run: no time is asserted, only their ratio.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from jichipoint.v1 import points_pb2, terminals_pb2

from server.clock import SystemClock
from server.upkeep.verify import verify
from tests.engines import TestEngine
from tests.integration.processes import SECONDS_MAX, serving, write_key
from tests.integration.support import sign_in_request, spend_request
from tests.server.support import (
    CARD_A,
    COUNTER,
    PASSWORD,
    TestClock,
    Town,
    grant_command,
    granted,
)
from tests.sizes import size

CALLS = size(120, 1000)
PAUSE_SECONDS = 0.005
RATIO_MAX = 3.0
TRIES = 4
"""Other tests run beside this one: a burden that slows counters down does so every time."""
POINTS = 1_000_000


class Burden(NamedTuple):
    kind: str
    size: int


BURDENS = (
    Burden("idle", 500),
    Burden("slow", 50),
    Burden("flood", size(8, 30)),
    Burden("big", 4),
    Burden("half-open", size(1000, 8000)),
)


class Counter:
    """An honest counter, which spends a point, and another."""

    def __init__(self, address: str) -> None:
        channel = grpc.insecure_channel(address)
        sign_in: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/jichipoint.v1.TerminalService/SignIn"
        )
        request = sign_in_request(COUNTER, PASSWORD).SerializeToString()
        answer = terminals_pb2.SignInResponse.FromString(sign_in(request, timeout=SECONDS_MAX))
        self._metadata = (("authorization", f"Bearer {answer.session_token}"),)
        self._spend: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/jichipoint.v1.PointService/Spend"
        )
        self._day = TestClock(SystemClock().now()).today
        self.spent = 0

    def p99(self, calls: int) -> float:
        """Spend so often, and return what one of a hundred calls took longer than, in seconds."""
        taken = []
        for _ in range(calls):
            request = spend_request(CARD_A, 1, day=self._day).SerializeToString()
            began = time.perf_counter()
            answer = self._spend(request, metadata=self._metadata, timeout=SECONDS_MAX)
            taken.append(time.perf_counter() - began)
            assert points_pb2.SpendResponse.FromString(answer).points == 1
            self.spent += 1
            time.sleep(PAUSE_SECONDS)  # an honest counter has pauses
        return sorted(taken)[int(len(taken) * 0.99) - 1]


@contextmanager
def burdened(address: str, burden: Burden) -> Iterator[None]:
    program = [sys.executable, "-m", "tests.integration.attackers"]
    process = subprocess.Popen(
        [*program, burden.kind, address, str(burden.size)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
        assert process.poll() is None, "it was at it all the time"
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def town(
    find_template: Callable[[str], str],
    find_engine: Callable[[str], TestEngine],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    engine, template = find_engine("sqlite"), find_template("sqlite")
    folder = tmp_path_factory.mktemp("burdened")
    with engine.database(folder, template) as url:
        one = Town(url, TestClock(SystemClock().now()))
        with one.booker() as booker:
            granted(booker, grant_command(CARD_A, POINTS))
        yield one


@pytest.mark.parametrize("burden", BURDENS, ids=lambda burden: burden.kind)
def test_an_honest_counter_hardly_notices(town: Town, burden: Burden, tmp_path: Path) -> None:
    before = town.balance(CARD_A)
    with serving(town.url, write_key(tmp_path)) as server:
        counter = Counter(server.address)
        counter.p99(20)
        ratios = []
        for _ in range(TRIES):
            quiet = counter.p99(CALLS)
            with burdened(server.address, burden):
                ratios.append(counter.p99(CALLS) / quiet)
            if ratios[-1] <= RATIO_MAX:
                break
    print(f"{burden.kind} {burden.size}: {', '.join(f'{ratio:.1f}' for ratio in ratios)}")
    assert min(ratios) <= RATIO_MAX, ratios
    assert before - town.balance(CARD_A) == counter.spent, "each was booked, and once"
    assert verify(town.database).fault is None
