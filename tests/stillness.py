"""When nothing goes on in an application: what a test looks at then does not change by itself.

Looking at the screen again and again until it stays is slow on a quiet machine and wrong on a
busy one. The event loop, its threads and its timers say whether something is still to come.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from textual.pilot import Pilot

R = TypeVar("R")

LOOK_SECONDS = 0.005
SOON_SECONDS = 0.05
"""What a timer does so soon belongs to what goes on: Textual draws 60 times a second."""
LOOKS = 3
LOOKS_AT_WORK_MAX = 200


@dataclass(slots=True)
class Drawn:
    """What Textual has drawn, or would have where somebody saw it."""

    times: int = 0


DRAWN = Drawn()
READING_A_CARD = "card"
"""The name of the thread that does."""


async def settle(pilot: Pilot[R]) -> None:
    """Wait until nothing goes on, and the screen stays as it is.

    A thread that waits for what does not come is left alone after a while. That is counted in
    looks, which take longer on a busy machine, as its threads do.
    """
    unchanged, at_work, before = 0, 0, -1
    while unchanged < LOOKS and at_work < LOOKS_AT_WORK_MAX:
        await asyncio.sleep(LOOK_SECONDS)
        if is_at_work():
            unchanged, at_work = 0, at_work + 1
            continue
        unchanged = unchanged + 1 if DRAWN.times == before else 0
        at_work, before = 0, DRAWN.times


def is_at_work() -> bool:
    """Whether a callback is ready, a thread has work, or a timer is due."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, asyncio.BaseEventLoop)
    return bool(loop._ready) or _is_due(loop) or _is_in_threads(loop)  # type: ignore[attr-defined]


def _is_due(loop: asyncio.BaseEventLoop) -> bool:
    soon = loop.time() + SOON_SECONDS
    timers: list[asyncio.TimerHandle] = loop._scheduled  # type: ignore[attr-defined]
    return any(timer.when() < soon and not timer.cancelled() for timer in timers)


def _is_in_threads(loop: asyncio.BaseEventLoop) -> bool:
    pool: ThreadPoolExecutor | None = loop._default_executor  # type: ignore[attr-defined]
    if pool is not None and len(pool._threads) > pool._idle_semaphore._value:
        return True
    return any(thread.name == READING_A_CARD for thread in threading.enumerate())
