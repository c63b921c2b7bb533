"""A real PgBouncer in front of a real PostgreSQL."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SECONDS_MAX = 20
_SETTINGS = """[databases]
* = host={host} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
server_round_robin = {round_robin}
{more}
"""


@dataclass
class Pooler:
    """One that runs; `mode` is what it was told last."""

    url: str
    _settings: Path
    _process: subprocess.Popen[bytes]
    _host: str
    _port: int

    def change(self, mode: str) -> None:
        """Let it pool otherwise from now on."""
        _write(self._settings, self._host, self._port, mode)
        self._process.send_signal(signal.SIGHUP)


def _write(
    path: Path, host: str, port: int, mode: str, size: int = 20, more: str = "", robin: int = 0
) -> None:
    path.write_text(
        _SETTINGS.format(host=host, port=port, mode=mode, size=size, more=more, round_robin=robin)
    )
    path.chmod(0o644)


@contextmanager
def pooler(
    url: str, mode: str, *, size: int = 20, more: str = "", round_robin: int = 0
) -> Iterator[Pooler]:
    """Run one in front of the database of a URL; as the user PostgreSQL runs as, never as root."""
    assert PROGRAM is not None, "apt-get install pgbouncer"
    parts = urlsplit(url)
    host = parse_qs(parts.query)["host"][0]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="jichipoint-pooler-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        settings = folder / "pgbouncer.ini"
        _write(settings, host, port, mode, size, more, round_robin)
        owner = pwd.getpwuid(Path(host).stat().st_uid).pw_name
        arguments = [PROGRAM, str(settings)]
        if os.getuid() == 0:
            arguments += ["-u", owner]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(arguments, stdout=log, stderr=log)
        try:
            pooled = f"postgresql://postgres@127.0.0.1:{port}{parts.path}"
            _wait_for(pooled, process, folder / "log")
            yield Pooler(pooled, settings, process, host, port)
        finally:
            process.terminate()
            process.wait(SECONDS_MAX)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SECONDS_MAX
    while True:
        try:
            with psycopg.connect(url, connect_timeout=5):
                return
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
