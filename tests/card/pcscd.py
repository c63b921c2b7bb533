"""A real pcscd with the virtual reader vpcd; both are Debian packages."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

PCSCD = "/usr/sbin/pcscd"
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SOCKET = Path("/run/pcscd/pcscd.comm")
READER = "Virtual Counter Reader"
LOCK = Path(tempfile.gettempdir()) / "jichipoint-tests-pcscd.lock"
SECONDS_MAX = 10
WANTED = "apt-get install pcscd vsmartcard-vpcd opensc opensc-pkcs11 openssl"


@cache
def _open_to_all() -> tuple[str, ...]:
    """Since version 2 it asks polkit, which is not there where nothing starts services."""
    said = subprocess.run([PCSCD, "--help"], capture_output=True, text=True, check=False)
    return tuple(option for option in ("--disable-polkit",) if option in said.stdout)


def is_installed() -> bool:
    return shutil.which("pcscd", path="/usr/sbin:/usr/bin") is not None and DRIVER.exists()


def opensc_module() -> Path | None:
    """OpenSC's PKCS#11 module, if it is there, and the programs beside it."""
    programs = ("opensc-tool", "pkcs15-tool", "pkcs11-tool", "openssl")
    if not all(map(shutil.which, programs)):
        return None
    return next(Path("/usr/lib").glob("*/opensc-pkcs11.so"), None)


def free_port() -> int:
    """A port whose successor is free too: vpcd has two slots."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with socket.socket() as second:
                try:
                    second.bind(("127.0.0.1", port + 1))
                except OSError:
                    continue
                return port


class Pcscd:
    """The daemon: started, killed, started again.

    There can be only one on a machine: tests that run at the same time wait for each other.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        text = (
            f'FRIENDLYNAME "{READER}"\nDEVICENAME /dev/null:{self.port:#x}\n'
            f"LIBPATH {DRIVER}\nCHANNELID {self.port:#x}\n"
        )
        (folder / "vpcd").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = LOCK.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Stop it, and let others have one."""
        self.stop()
        self._lock.close()

    def start(self) -> None:
        SOCKET.unlink(missing_ok=True)
        SOCKET.parent.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [PCSCD, "--foreground", *_open_to_all(), "--config", str(self._folder.absolute())],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + SECONDS_MAX
        while not SOCKET.exists() or not self._listens():
            assert self._process.poll() is None, "pcscd ended: does another one run?"
            assert time.monotonic() < until, "pcscd does not come up"
            time.sleep(0.02)

    def _listens(self) -> bool:
        """Whether vpcd waits for a card, asked of the kernel: a connection would be a card."""
        wanted = f":{self.port:04X} "
        return any(
            wanted in line and " 0A " in line
            for line in Path("/proc/net/tcp").read_text().splitlines()
        )

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            os.kill(self._process.pid, how)
            self._process.wait(SECONDS_MAX)
            self._process = None
