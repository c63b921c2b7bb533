"""Another node takes over: nothing is lost or doubled, and service is back with it (LED-5, OPS-4).

One round here, many by `make failover-test` (ROUNDS=20).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from pathlib import Path

import pytest

from server.clock import SystemClock
from tests.crash.checks import check
from tests.crash.load import CARDS, TERMINALS, Journal
from tests.failover.cluster import Cluster, cluster
from tests.failover.faults import FAULTS, Fault, cut_off
from tests.failover.heartbeat import Heartbeat, beating
from tests.failover.programs import running
from tests.failover.record import Record
from tests.integration.processes import serving, write_key
from tests.server.support import TestClock, Town, build_town, grant_command, granted

ROUNDS = int(os.environ.get("ROUNDS", "1"))
POINTS = 1_000_000
ANSWERS_BETWEEN = 30
SECONDS_MORE_MAX = 5
"""The server's own, after the cluster takes writes again."""
SECONDS_MAX = 150
PROCESSES = 2
ROOT = Path(__file__).parents[2]


@pytest.fixture
def made() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture
def town(made: Cluster) -> Town:
    """A town at the machine's own time, whose cards hold points."""
    build_town(made.socket_url)
    town = Town(made.socket_url, TestClock(SystemClock().now()))
    with town.booker() as booker:
        granted(booker, *(grant_command(card, POINTS) for card in CARDS))
    return town


@dataclass
class Load:
    """Processes of clients, one for each terminal, and what they write down."""

    processes: "list[subprocess.Popen[bytes]]"
    records: list[Record]

    def wait_for(self, more: int) -> None:
        """Wait until so many more requests have been answered."""
        goal, until = len(self.answered()) + more, time.monotonic() + SECONDS_MAX
        while len(self.answered()) < goal:
            assert all(one.poll() is None for one in self.processes), self.logs()
            assert time.monotonic() < until, "the server answers nothing any more"
            time.sleep(0.05)

    def answered(self) -> list[float]:
        """When each request was answered."""
        for record in self.records:
            record.read()
        return sorted(at for record in self.records for at in record.answered)

    def logs(self) -> str:
        """What each client said before it ended."""
        said = (record.path.with_suffix(".log").read_text("utf-8") for record in self.records)
        return "\n".join(text[-3000:] for text in said)

    def end(self) -> Journal:
        """Let every client end with an answer; return all that was asked and told."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(SECONDS_MAX) for process in self.processes] == [0] * len(TERMINALS)
        self.answered()
        return Journal([entry for record in self.records for entry in record.entries.values()])


@contextmanager
def under_load(made: Cluster, address: str, folder: Path) -> Iterator[Load]:
    with ExitStack() as stack:
        load = Load([], [])
        for terminal_id in TERMINALS:
            record = folder / f"{terminal_id}.jsonl"
            module = (sys.executable, "-m", "tests.failover.client")
            command = made.places.centre.command(*module, address, str(record), "1", terminal_id)
            log = folder / f"{terminal_id}.log"
            load.processes.append(stack.enter_context(running(command, ROOT, log)))
            load.records.append(Record(record))
        yield load


@dataclass(frozen=True)
class Round:
    """What a fault did."""

    fault: str
    cluster_seconds: float
    """For how long the cluster took no write."""
    service_seconds: float
    """For how long nothing was answered."""

    def __str__(self) -> str:
        return (
            f"{self.fault}: the cluster took no writes for {self.cluster_seconds:.1f} s, "
            f"the server answered nothing for {self.service_seconds:.1f} s"
        )


def play(made: Cluster, heartbeat: Heartbeat, load: Load, fault: Fault) -> Round:
    """Make a fault and mend it, under load."""
    leader = made.wait_until_whole()
    load.wait_for(ANSWERS_BETWEEN)
    began = time.monotonic()
    mend = fault(made, leader)
    heartbeat.wait_for_one(SECONDS_MAX)
    load.wait_for(ANSWERS_BETWEEN)
    mend()
    made.wait_until_whole()
    heartbeat.wait_for_one(SECONDS_MAX)
    load.wait_for(ANSWERS_BETWEEN)
    name = getattr(fault, "__name__", repr(fault))
    return Round(name, longest(heartbeat.beats, began), longest(load.answered(), began))


def longest(moments: Sequence[float], since: float) -> float:
    """Return the longest time between two moments of which the second is not before a third."""
    return max(later - sooner for sooner, later in pairwise(sorted(moments)) if later >= since)


def faults(made: Cluster) -> list[Fault]:
    """Those that can be made here."""
    if made.places.nodes[0].link:
        return list(FAULTS)
    assert os.environ.get("CI") != "true", "cutting a node off takes root and iproute2"
    sys.stdout.write("\nno node is cut off: that takes root and iproute2\n")
    return [fault for fault in FAULTS if fault is not cut_off]


def test_nothing_is_lost_or_doubled_when_another_node_takes_over(
    made: Cluster, town: Town, tmp_path: Path
) -> None:
    rounds = []
    server = serving(
        made.url, write_key(tmp_path), processes=PROCESSES, by=made.places.centre.inside
    )
    with (
        server as running_server,
        beating(made.nodes, made.leader()) as heartbeat,
        under_load(made, running_server.address, tmp_path) as load,
    ):
        for fault in islice(cycle(faults(made)), ROUNDS):
            rounds.append(play(made, heartbeat, load, fault))
            sys.stdout.write(f"\n{rounds[-1]}")
        journal = load.end()
        assert running_server.end(signal.SIGTERM) == 0
    assert journal.repeated, "no call was cut off: the faults came at no bad moment"
    verified = check(town, journal, POINTS)
    sys.stdout.write(
        f"\n{ROUNDS} rounds, {len(journal.entries)} requests answered ({len(journal.booked)} "
        f"booked), {journal.repeated} repeated, none lost, none doubled; verified: {verified}\n"
    )
    late = [one for one in rounds if one.service_seconds > one.cluster_seconds + SECONDS_MORE_MAX]
    assert late == []
