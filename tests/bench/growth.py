"""Rows (d), (f), (g): what a long ledger costs."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from server.ledger.booker import Booker
from tests.bench.measure import Row, at_least, at_most, interleaved, resident_mib, told
from tests.bench.service import SPEND, put_load, serving, spends
from tests.bench.towns import CITIZENS, fill, new_town, spend
from tests.engines import PostgresEngine, TestEngine
from tests.server.support import Town, decided

SHORT = 1000
LONG = int(os.environ.get("TRANSACTIONS", "1000000"))
BATCHES = (1, 8, 32)
SPENDS = 960
LOADED = 3000
WARM, STALE_AT = 2000, 20_000

_citizens = itertools.cycle(range(CITIZENS))


def cpu_per_spend(booker: Booker, town: Town, batch: int, version: int = 7) -> float:
    """Seconds of this thread's CPU for a spend in batches of a size."""
    commands = [spend(next(_citizens), town.clock, version) for _ in range(SPENDS)]
    begun = time.thread_time()
    for first in range(0, SPENDS, batch):
        decided(booker, *commands[first : first + batch])
    return (time.thread_time() - begun) / SPENDS


def growth_rows(folder: Path, engine: TestEngine, times: int) -> Iterator[Row]:
    """(d) and (f): a ledger of a million transactions beside one of a thousand."""
    short = new_town(engine, folder / f"{engine.name}-short")
    long = new_town(engine, folder / f"{engine.name}-long")
    begun = time.perf_counter()
    fill(long, LONG)
    name = f"{engine.name}: making a ledger of {LONG} transactions"
    yield told("", name, f"{time.perf_counter() - begun:.0f} s")
    with ExitStack() as stack:
        bookers = [stack.enter_context(town.booker()) for town in (short, long)]
        towns = (short, long)
        for booker, town in zip(bookers, towns, strict=True):
            cpu_per_spend(booker, town, 32)
        for batch in BATCHES:
            few, many = interleaved(
                *(_measure(bookers[n], towns[n], batch) for n in range(2)), times=times
            )
            name = f"{engine.name}: booker's CPU per spend, batches of {batch}, long of short"
            yield at_most("d", name, f"{few * 1e6:.0f}, {many * 1e6:.0f} us", many / few, 1.15)
        few, many = interleaved(
            *(_measure(bookers[n], towns[n], 8, version=4) for n in range(2)), times=times
        )
        name = f"{engine.name}: the same in batches of 8 with UUIDv4 request IDs"
        yield told("", name, f"{few * 1e6:.0f}, {many * 1e6:.0f} us", many / few)
    few, many = (_memory(town, folder) for town in (short, long))
    name = f"{engine.name}: memory of the server after {LOADED} spends, long of short"
    yield at_most("f", name, f"{few:.0f}, {many:.0f} MiB", many / few, 1.1)


def _measure(booker: Booker, town: Town, batch: int, version: int = 7) -> Callable[[], float]:
    return lambda: cpu_per_spend(booker, town, batch, version)


def _memory(town: Town, folder: Path) -> float:
    with serving(town, folder) as (server, token):
        put_load(server, token, SPEND, spends(town, LOADED), 32)
        return resident_mib(server.process.pid)


def stale_plan_rows(folder: Path, engine: PostgresEngine) -> Iterator[Row]:
    """(g): one connection from an empty ledger to 20,000 bookings."""
    town = new_town(engine, folder / "stale")
    with town.booker() as booker:
        _rate(booker, town, 320)
        first = _rate(booker, town, WARM)
        _rate(booker, town, STALE_AT - 2 * WARM - 320)
        last = _rate(booker, town, WARM)
    name = f"postgresql: rate of the last {WARM} of {STALE_AT} bookings, of the first"
    yield at_least("g", name, f"{first:.0f}, {last:.0f}/s", last / first, 0.8)


def _rate(booker: Booker, town: Town, count: int) -> float:
    commands = [spend(next(_citizens), town.clock) for _ in range(count)]
    begun = time.perf_counter()
    for at in range(0, count, 32):
        decided(booker, *commands[at : at + 32])
    return count / (time.perf_counter() - begun)
