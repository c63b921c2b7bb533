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
from server.upkeep.demo_data import Town, make_town
from server.upkeep.trial_authority import make_trial_authority
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
def served_town(folder: Path, tls: tuple[Path, Path] | None = None) -> Iterator[ServedTown]:
    """Serve a new town; with a certificate and its key, over TLS."""
    town = make_town(folder, SystemClock(), SystemChance())
    more = ["--tls-certificate", str(tls[0]), "--tls-key", str(tls[1])] if tls else []
    with serving(town.database, Path(town.master_key_file), more=more) as process:
        yield ServedTown(town, process)


def new_authority(folder: Path) -> Path:
    """Make an authority, and return its certificate.

    Beside it lies the certificate of a server called localhost, which it signed.
    """
    make_trial_authority(folder, ["localhost"], SystemClock().now())
    return folder / "authority.pem"


def named(served: ServedTown) -> str:
    """The server's address with the name that is in its certificate."""
    return f"localhost:{served.process.port}"


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
