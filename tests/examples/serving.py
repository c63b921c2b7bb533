"""The demo town's server as a process, and a machine that signs in there."""

import hashlib
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from server.chance import SystemChance
from server.clock import Moment, SystemClock
from server.demo_data import Town, make_town
from tests.integration.processes import Process, serving

SECONDS_MAX = 30
MACHINE = hashlib.sha256(b"the machine of the tests").digest()


@dataclass(frozen=True)
class ServedTown:
    """A town and the process that serves it."""

    town: Town
    process: Process

    @property
    def address(self) -> str:
        return self.process.address

    def open_sessions(self) -> int:
        """How many sessions nobody has ended."""
        with sqlite3.connect(self.town.database.removeprefix("sqlite:///")) as database:
            query = "SELECT count(*) FROM session WHERE ended_at IS NULL"
            (count,) = database.execute(query).fetchone()
        database.close()
        return int(count)


@contextmanager
def served_town(folder: Path) -> Iterator[ServedTown]:
    town = make_town(folder, SystemClock(), SystemChance())
    with serving(town.database, Path(town.master_key_file)) as process:
        yield ServedTown(town, process)


def today() -> date:
    """The server's day."""
    return Moment.of(SystemClock().now()).day


def run(command: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a program."""
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    return done.returncode, done.stdout, done.stderr
