"""Starting the jobs beside the calls, and keeping them going."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from server.jobs.holds import release_expired_holds
from server.jobs.joined import carry_over_joined
from server.jobs.nightly import run_nightly
from server.jobs.sealing import seal_all
from server.jobs.tidying import tidy_up
from server.jobs.workshop import Workshop
from server.ledger.booker import ClockWentBackError
from server.ledger.store import StoreUnavailableError
from server.ledger.writer import DeadlinePassedError, QueueFullError, StoppingError

log = logging.getLogger(__name__)


class Round(NamedTuple):
    """A job, and how often it looks for work."""

    work: Callable[[Workshop], Awaitable[object]]
    seconds: float


ROUNDS = (
    Round(release_expired_holds, 5),
    Round(carry_over_joined, 60),
    Round(run_nightly, 60),
    Round(seal_all, 60),
    Round(tidy_up, 3600),
)


def start_jobs(workshop: Workshop) -> "asyncio.Task[None]":
    """Start all jobs; cancel the task to stop them. What is half done goes on another time."""
    return asyncio.create_task(_run_all(workshop))


async def _run_all(workshop: Workshop) -> None:
    await _try(look_at_clock, workshop)
    await asyncio.gather(*(_go_round(one, workshop) for one in ROUNDS))


async def look_at_clock(workshop: Workshop) -> None:
    """Say as soon as a server starts where what acts by the day is held back."""
    await workshop.held_back(workshop.now())


async def _go_round(one: Round, workshop: Workshop) -> None:
    while True:
        await asyncio.sleep(one.seconds)
        await _try(one.work, workshop)


async def _try(work: Callable[[Workshop], Awaitable[object]], workshop: Workshop) -> None:
    name = getattr(work, "__name__", repr(work))
    try:
        await work(workshop)
    except (
        ClockWentBackError,
        DeadlinePassedError,
        QueueFullError,
        StoppingError,
        StoreUnavailableError,
    ) as error:
        log.warning("%s waits for its next round: %r", name, error)
    except Exception:
        log.exception("%s failed; it is tried again in its next round", name)
