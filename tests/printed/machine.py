"""A machine in a scratch folder, on which a page's commands are run as they are printed."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.printed.stand_ins import REPOSITORY, STAND_INS, here, write_program

SECONDS_MAX = 120
SOURCES = ("constraints.txt", "Containerfile", "pyproject.toml")


class Machine:
    """Its folders are below `root`; commands are run one after the other in `root`/work.

    `exchanged` has what stands in a command for something that is another here, by pattern.
    `made` has who makes a file that people bring, by its name.
    """

    def __init__(
        self,
        root: Path,
        postgresql: str,
        exchanged: Mapping[str, Callable[[re.Match[str]], str]],
        made: Mapping[str, Callable[["Machine"], None]],
    ) -> None:
        self.root = root
        self.work = root / "work"
        self.port = _free_port()
        self.merged = ""
        """The transaction number of a merge that somebody booked."""
        self._exchanged = exchanged
        self._made = dict(made)
        programs = root / "stand-ins"
        for folder in (self.work, programs, root / "etc/systemd/system", root / "var/backups"):
            folder.mkdir(parents=True)
        for name in STAND_INS:
            line = f'exec {sys.executable} -m tests.printed.stand_ins {name} "$@"'
            write_program(programs / name, line)
        for name in SOURCES:
            shutil.copy(REPOSITORY / name, self.work)
        self._environment = root / "environment"
        self._environment.write_text(
            "".join(
                f"export {name}={shlex.quote(value)}\n"
                for name, value in {
                    "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "PYTHONPATH": str(REPOSITORY),
                    "JICHIPOINT_ROOT": str(root),
                    "JICHIPOINT_POSTGRESQL": postgresql,
                    "JICHIPOINT_SERVER_LISTEN": f"127.0.0.1:{self.port}",
                }.items()
            )
        )

    def run(self, command: str) -> tuple[int, str]:
        """Run a command as printed; return its code and what it prints.

        Folders of an installed server are those below `root`, and its port is a free one: the
        machine's own are not the tests'. What serves goes on behind the next commands, once it
        listens: the page's reader has a second terminal.
        """
        for name in [name for name in self._made if name in command]:
            self._made.pop(name)(self)
        for pattern, exchange in self._exchanged.items():
            command = re.sub(pattern, exchange, command)
        if re.search(r"\bserve( |$)", command):
            command = f"python -c {shlex.quote(START)} serve {command}"
        kept = shlex.quote(str(self._environment))
        script = f". {kept}\n{here(command, self.root)}\ncode=$?\nexport -p > {kept}\nexit $code\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.work,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        return done.returncode, done.stdout

    def stop(self) -> None:
        """End what still serves."""
        for path in self.root.glob("*.pid"):
            with suppress(ProcessLookupError):
                os.kill(int(path.read_text()), signal.SIGTERM)


START = (
    "import sys; from pathlib import Path; from tests.printed.stand_ins import start; "
    "start(sys.argv[1], sys.argv[2:], Path.cwd())"
)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
