"""What becomes of the cluster, and how it is mended."""

import signal
from collections.abc import Callable

from tests.failover.cluster import Cluster, Node
from tests.failover.pair import wait_for

Mend = Callable[[], object]
Fault = Callable[[Cluster, Node], Mend]
"""Is told which node leads, and returns what brings back the one that it takes."""

WITHOUT_ETCD = "continue to run as a leader because failsafe mode is enabled"
ROUNDS_WITHOUT_ETCD = 5
"""So often the leader says it, a loop_wait apart: by then its ttl has passed."""

SECONDS_MAX = 120


def freeze(cluster: Cluster, leader: Node) -> Mend:
    """Nothing of the leader goes on, but its kernel answers still."""
    leader.signal(signal.SIGSTOP)
    return lambda: leader.signal(signal.SIGCONT)


def kill(cluster: Cluster, leader: Node) -> Mend:
    leader.kill()
    return leader.start


def cut_off(cluster: Cluster, leader: Node) -> Mend:
    """The leader goes on, alone: no other machine reaches it, and it reaches none."""
    cluster.places.cut_off(leader.place)
    return lambda: cluster.places.connect(leader.place)


def switch_over(cluster: Cluster, leader: Node) -> Mend:
    cluster.control("switchover", "--leader", leader.name, "--force")
    return lambda: None


def lose_the_standby(cluster: Cluster, leader: Node) -> Mend:
    """The one dies that commits wait for."""
    standby = cluster.synchronous_standby(leader)
    standby.kill()
    return standby.start


def pause_etcd(cluster: Cluster, leader: Node) -> Mend:
    """No lease can be renewed for longer than it lasts."""
    log = leader.folder / "log"

    def said() -> int:
        return log.read_text("utf-8").count(WITHOUT_ETCD)

    until = said() + ROUNDS_WITHOUT_ETCD
    cluster.etcd.send_signal(signal.SIGSTOP)
    wait_for(lambda: said() >= until, SECONDS_MAX)
    return lambda: cluster.etcd.send_signal(signal.SIGCONT)


FAULTS: tuple[Fault, ...] = (freeze, lose_the_standby, cut_off, kill, switch_over, pause_etcd)
