"""Three PostgreSQL nodes under Patroni, and etcd, with the configuration of server/patroni."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sysconfig import get_path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.failover.places import PROGRAMS, Place, Places, as_user, free_port, open_folder, places
from tests.failover.programs import (
    kill_all_in,
    kill_group,
    running,
    signal_all_in,
    signal_group,
    started,
)

CONFIGURATION = Path(__file__).parents[2] / "server" / "patroni"
SCRIPTS = Path(get_path("scripts"))
NODES = 3
SECONDS_MAX = 90
SUPERUSER = "postgres:CHANGE-ME-1"
OWNER = "jichipoint:CHANGE-ME-4"
"""Of the ledger: a role without any rights of the server's."""
LEDGER = "ledger"


def filled_in(name: str, values: Mapping[str, str]) -> str:
    """Return a file of server/patroni with the values of this cluster in place of an example's."""
    text = (CONFIGURATION / name).read_text("utf-8")
    for example, value in values.items():
        assert example in text, f"{name} does not say {example}"
        text = text.replace(example, value)
    return text


@dataclass
class Node:
    """A machine with Patroni and its PostgreSQL."""

    name: str
    place: Place
    folder: Path
    port: int
    patroni: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def address(self) -> str:
        return f"{self.place.address}:{self.port}"

    def url(self, name: str = "postgres", user: str = SUPERUSER) -> str:
        """By its socket, which is reached from everywhere."""
        return f"postgresql://{user}@/{name}?host={self.folder}&port={self.port}"

    def start(self) -> None:
        command = self.place.command(
            str(SCRIPTS / "patroni"), str(self.folder / "patroni.yml"), unprivileged=True
        )
        self.patroni = started(command, self.folder, self.folder / "log")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to Patroni, the postmaster and all backends."""
        if self.patroni is not None:
            signal_group(self.patroni, number)
        signal_all_in(self.data, number)

    def kill(self) -> None:
        if self.patroni is not None:
            kill_group(self.patroni)
        kill_all_in(self.data)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement of the superuser's; raise psycopg.Error where it cannot be."""
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=2) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@dataclass
class Cluster:
    """All of it. A statement about who leads is true when it is made."""

    places: Places
    nodes: tuple[Node, ...]
    etcd: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """The ledger's, as its server has it."""
        hosts = ",".join(node.address for node in self.nodes)
        return f"postgresql://{OWNER}@{hosts}/{LEDGER}?{SETTINGS}"

    @property
    def socket_url(self) -> str:
        """The ledger's, from where the nodes' network is not."""
        hosts = ",".join(quote(str(node.folder)) for node in self.nodes)
        ports = ",".join(str(node.port) for node in self.nodes)
        return f"postgresql://{OWNER}@/{LEDGER}?host={hosts}&port={ports}&{SETTINGS}"

    def leader(self) -> Node:
        """Wait for the node that takes writes, and return it."""
        return self._wait(self._leader)

    def _leader(self) -> Node | None:
        for node in self.nodes:
            try:
                if node.rows("SELECT 1 WHERE NOT pg_is_in_recovery()"):
                    return node
            except psycopg.Error:
                continue
        return None

    def wait_until_whole(self) -> Node:
        """Wait until a node leads and the others follow it, one of them in step, and return it.

        Patroni knows that as well: only then it lets another node take over.
        """
        return self._wait(self._whole)

    def _whole(self) -> Node | None:
        node = self._leader()
        if node is None:
            return None
        try:
            found = node.rows(
                "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'"
            )
        except psycopg.Error:
            return None
        states = [state for (state,) in found]
        if len(states) < len(self.nodes) - 1 or "sync" not in states:
            return None
        roles = [member["Role"] for member in json.loads(self.control("list", "--format", "json"))]
        return node if "Sync Standby" in roles else None

    def synchronous_standby(self, leader: Node) -> Node:
        """Return the node whose answer commits wait for."""
        ((name,),) = leader.rows(
            "SELECT application_name FROM pg_stat_replication WHERE sync_state = 'sync'"
        )
        return next(node for node in self.nodes if node.name == name)

    def control(self, *arguments: str) -> str:
        """Run patronictl as an operator does, and return what it prints."""
        settings = str(self.nodes[0].folder / "patroni.yml")
        command = self.places.centre.command(
            str(SCRIPTS / "patronictl"), "--config-file", settings, *arguments
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _wait(self, find: Callable[[], Node | None]) -> Node:
        until = time.monotonic() + SECONDS_MAX
        while (found := find()) is None:
            assert time.monotonic() < until, self.logs()
            time.sleep(0.1)
        return found

    def logs(self) -> str:
        """The last lines of what each node has said."""
        said = ((node.name, (node.folder / "log").read_text("utf-8")) for node in self.nodes)
        return "\n".join(f"{name}: {text[-4000:]}" for name, text in said)


SETTINGS = "target_session_attrs=read-write&connect_timeout=2&tcp_user_timeout=5000"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster that has been made, whole, with an empty database for a ledger."""
    with open_folder() as folder, places(NODES) as hosts:
        etcd_address = f"{hosts.centre.address}:{free_port()}"
        etcd = write_etcd(folder, hosts.centre, etcd_address)
        nodes = tuple(
            write_node(folder, f"db{number}", place, etcd_address, hosts.network)
            for number, place in enumerate(hosts.nodes, 1)
        )
        with running(etcd, folder, folder / "etcd.log") as process:
            made = Cluster(hosts, nodes, process)
            try:
                for node in nodes:
                    node.start()
                leader = made.wait_until_whole()
                user, _, password = OWNER.partition(":")
                leader.rows(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
                leader.rows(f"CREATE DATABASE {LEDGER} OWNER {user}")
                yield made
            finally:
                for node in nodes:
                    node.kill()


def write_etcd(folder: Path, place: Place, address: str) -> list[str]:
    """Write the configuration of an etcd of one member, and return the command that runs it."""
    peers = f"{place.address}:{free_port()}"
    three = "etcd1=http://192.0.2.21:2380,etcd2=http://192.0.2.22:2380,etcd3=http://192.0.2.23:2380"
    values = {
        three: f"etcd1=http://{peers}",
        "192.0.2.21:2379": address,
        "192.0.2.21:2380": peers,
        "/var/lib/etcd/points": str(folder / "etcd"),
    }
    path = folder / "etcd.yml"
    path.write_text(filled_in("etcd.yml", values), "utf-8")
    path.chmod(0o644)
    return place.command("etcd", "--config-file", str(path), unprivileged=True)


def write_node(folder: Path, name: str, place: Place, etcd: str, network: str) -> Node:
    """Write the configuration of a node, and return it."""
    own = folder / name
    subprocess.run([*as_user(), "mkdir", str(own)], check=True)
    node = Node(name, place, own, free_port())
    values = {
        "192.0.2.21:2379,192.0.2.22:2379,192.0.2.23:2379": etcd,
        "name: db1": f"name: {name}",
        "192.0.2.11:8008": f"{place.address}:{free_port()}",
        "192.0.2.11:5432": node.address,
        "192.0.2.0/24": network,
        "/var/lib/postgresql/18/points": str(node.data),
        "/usr/lib/postgresql/18/bin": str(PROGRAMS),
        "/var/lib/postgresql/pgpass": str(own / "pgpass"),
        "/var/run/postgresql": str(own),
    }
    path = own / "patroni.yml"
    path.write_text(filled_in("patroni.yml", values), "utf-8")
    path.chmod(0o644)
    return node
