"""A primary and its one synchronous standby, without anything that watches over them."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.failover.places import PROGRAMS, as_user, open_folder
from tests.failover.programs import kill_all_in

SECONDS_MAX = 30
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
synchronous_standby_names = '{standbys}'
max_connections = 50
shared_buffers = 16MB
"""


@dataclass(frozen=True)
class Server:
    """One of the two; it listens on a socket in its folder."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def rows(self, statement: str, name: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement that waits for no standby, and return what it finds."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute("SET synchronous_commit = local")
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        self._control("start")

    def restart_at_once(self) -> None:
        """Do as an operator does with a server that hangs: it recovers, and waits for nobody."""
        self._control("restart", "-m", "immediate")

    def promote(self) -> None:
        """Let a standby take over, alone."""
        settings(self.folder, standbys="")
        self._control("promote")
        self.rows("SELECT pg_reload_conf()")

    def kill(self) -> None:
        kill_all_in(self.data)

    def _control(self, *arguments: str) -> None:
        run("pg_ctl", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), *arguments)


@dataclass(frozen=True)
class Pair:
    primary: Server
    standby: Server

    def url(self, name: str) -> str:
        """Of whichever of the two takes writes."""
        hosts = f"{self.primary.folder},{self.standby.folder}"
        return f"postgresql://postgres@/{name}?host={hosts}&target_session_attrs=read-write"

    def wait_until_in_step(self) -> None:
        """Wait until the standby is the synchronous one, and has all there is."""
        wait_for(
            lambda: self.primary.rows(
                """SELECT 1 FROM pg_stat_replication
                WHERE sync_state = 'sync' AND flush_lsn = pg_current_wal_flush_lsn()"""
            )
        )

    def waiting(self) -> list[int]:
        """The processes of the primary that wait for the standby."""
        found = self.primary.rows("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        return [int(pid) for (pid,) in found]


def run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs. What it starts must not hold a pipe open."""
    command = [*as_user(), str(PROGRAMS / program), *arguments]
    done = subprocess.run(
        command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, command


def settings(folder: Path, standbys: str) -> None:
    """Write what differs from PostgreSQL's own settings; what it has of that is kept."""
    own = folder / "data" / "postgresql.auto.conf"
    own.write_text(own.read_text() + SETTINGS.format(folder=folder, standbys=standbys))


def wait_for(is_so: Callable[[], object], seconds_max: float = SECONDS_MAX) -> None:
    """Wait for what PostgreSQL tells nobody by itself."""
    until = time.monotonic() + seconds_max
    while not is_so():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


@contextmanager
def pair() -> Iterator[Pair]:
    """Two servers, in step; all their processes end with this."""
    with open_folder() as folder:
        primary, standby = (Server(folder / name) for name in ("primary", "standby"))
        for server in (primary, standby):
            subprocess.run([*as_user(), "mkdir", str(server.folder)], check=True)
        try:
            run(
                *("initdb", "-D", str(primary.data), "-U", "postgres", "-A", "trust", "-N"),
                *("--encoding", "UTF8"),  # whatever the machine's locale is
            )
            settings(primary.folder, standbys="*")
            primary.start()
            copy = ("-D", str(standby.data), "-R", "-c", "fast", "--no-sync", "-U", "postgres")
            run("pg_basebackup", "-h", str(primary.folder), *copy)
            settings(standby.folder, standbys="*")
            standby.start()
            both = Pair(primary, standby)
            both.wait_until_in_step()
            yield both
        finally:
            for server in (primary, standby):
                server.kill()
