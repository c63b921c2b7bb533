"""When the cluster itself takes writes: one small commit after the other, on whatever node."""

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq.abc import PGconn

from tests.failover.cluster import Node

PAUSE_SECONDS = 0.05
ANSWER_SECONDS_MAX = 2.0
SECONDS_MAX = 30
LEADS = b"SELECT NOT pg_is_in_recovery()"
BEAT = b"UPDATE heartbeat SET beats = beats + 1 RETURNING beats"


class Heartbeat:
    """Commits on each node by its socket, where that takes writes."""

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.beats: list[float] = []
        """When something was committed, on time.monotonic's scale."""
        self._begun = 0.0
        """When the last of those began."""
        self._came = threading.Condition()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._beat_on, args=(node,)) for node in nodes]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(SECONDS_MAX)

    def wait_for_one(self, seconds_max: float) -> None:
        """Wait for a commit that began now or later."""
        now = time.monotonic()
        with self._came:
            came = self._came.wait_for(lambda: self._begun > now, seconds_max)
        assert came, "the cluster takes no writes"

    def _beat_on(self, node: Node) -> None:
        while not self._ended.wait(PAUSE_SECONDS):
            try:
                with psycopg.connect(node.url(), autocommit=True, connect_timeout=2) as connection:
                    while not self._ended.wait(PAUSE_SECONDS):
                        self._beat(connection.pgconn)
            except psycopg.Error:
                continue

    def _beat(self, wire: PGconn) -> None:
        """Commit and note it, where this node leads. Raises psycopg.Error where it is silent."""
        began = time.monotonic()
        if _asked(wire, LEADS) != b"t" or _asked(wire, BEAT) is None:
            return
        with self._came:
            self.beats.append(time.monotonic())
            self._begun = began
            self._came.notify_all()


def _asked(wire: PGconn, statement: bytes) -> bytes | None:
    """Return the first value that is found, or nothing where the statement failed."""
    wire.send_query(statement)
    until = time.monotonic() + ANSWER_SECONDS_MAX
    while wire.is_busy():
        left = until - time.monotonic()
        if left <= 0 or not select.select([wire.socket], [], [], left)[0]:
            wire.finish()
            raise psycopg.OperationalError("it is silent")
        wire.consume_input()
    found = None
    while result := wire.get_result():
        found = result.get_value(0, 0) if result.ntuples else None
    return found


@contextmanager
def beating(nodes: tuple[Node, ...], leader: Node) -> Iterator[Heartbeat]:
    """Commit for as long as this lasts."""
    leader.rows("CREATE TABLE heartbeat AS SELECT 0 AS beats")
    heartbeat = Heartbeat(nodes)
    heartbeat.start()
    try:
        yield heartbeat
    finally:
        heartbeat.end()
