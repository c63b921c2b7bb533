"""Metrics for Prometheus: rates, latencies, the queue, batches, refusals by reason (OPS-2)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from server.db.troubles import Trouble
from server.rpc.handled import Handled
from server.timekeeping.values import HeldBack, Why

SHARED_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where several processes keep their numbers; prometheus_client looks for it when imported."""
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COMMANDS = (1, 2, 4, 8, 16, 32, 64, 128)


class Meters:
    """What one process counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "jichipoint_calls",
            "Calls that were answered, by method and result: OK, or the reason of a refusal",
            ("method", "result"),
            registry=registry,
        )
        self._seconds = Histogram(
            "jichipoint_call_seconds",
            "How long calls took",
            ("method",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._batch_commands = Histogram(
            "jichipoint_batch_commands",
            "How many commands were booked in one commit",
            buckets=_COMMANDS,
            registry=registry,
        )
        self._batch_seconds = Histogram(
            "jichipoint_batch_seconds",
            "How long a commit took with all before it",
            buckets=_SECONDS,
            registry=registry,
        )
        self._queue = Gauge(
            "jichipoint_queue_commands",
            "How many commands waited when the last batch was taken",
            multiprocess_mode="livesum",
            registry=registry,
        )

        self._not_serving = Gauge(
            "jichipoint_not_serving",
            "1 while that keeps points from being booked",
            ("trouble",),
            multiprocess_mode="livemax",
            registry=registry,
        )
        self.troubled(None)
        self._held_back = Gauge(
            "jichipoint_day_held_back",
            "1 while that keeps what acts by the day from acting",
            ("why",),
            multiprocess_mode="livemax",
            registry=registry,
        )
        self.held_back(None)

    def troubled(self, trouble: Trouble | None) -> None:
        """Say what keeps points from being booked; None for nothing."""
        for one in Trouble:
            self._not_serving.labels(one).set(one == trouble)

    def held_back(self, found: HeldBack | None) -> None:
        """Say what keeps from acting what acts by the day; None for nothing."""
        for one in Why:
            self._held_back.labels(one).set(found is not None and one == found.why)

    def handled(self, call: Handled) -> None:
        """Count a call."""
        method = call.method.removeprefix("jichipoint.v1.").replace(".", "/")
        self._calls.labels(method, call.result).inc()
        self._seconds.labels(method).observe(call.seconds)

    def batched(self, commands: int, seconds: float, waiting: int) -> None:
        """Count a batch; `waiting` commands were left in the queue."""
        self._batch_commands.observe(commands)
        self._batch_seconds.observe(seconds)
        self._queue.set(waiting)


@contextmanager
def served(address: str, registry: CollectorRegistry) -> Iterator[None]:
    """Serve a registry at HOST:PORT over HTTP. Raises OSError where the port is taken."""
    host, _, port = address.rpartition(":")
    server, thread = start_http_server(int(port), host.strip("[]"), registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def served_for_several(address: str) -> Iterator[None]:
    """Serve what the processes count that are started meanwhile, all together."""
    with TemporaryDirectory(prefix="jichipoint-metrics-") as folder:
        os.environ[SHARED_FOLDER_VARIABLE] = folder
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        try:
            with served(address, registry):
                yield
        finally:
            del os.environ[SHARED_FOLDER_VARIABLE]
