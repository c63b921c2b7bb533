"""What a machine for tests cannot do, done by something like it.

    python -m tests.printed.stand_ins NAME ARGUMENT …

Each takes the command line that the page prints. The machine's folder is in JICHIPOINT_ROOT.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

REPOSITORY = Path(__file__).parents[2]
SECONDS_MAX = 30.0
SERVER = Path(sys.executable).parent / "jichipoint-server"
FOLDERS = re.compile(
    r"(?<![\w.])/(etc/jichipoint|etc/systemd|opt/jichipoint|var/(?:lib|backups)/jichipoint)"
)
IN_CONTAINER = {"--volume", "--name", "--publish", "--stop-timeout", "--tmpfs", "--cap-drop"}
IN_CONTAINER |= {"--security-opt"}
"""The options of `podman run` that have a value."""


def root() -> Path:
    return Path(os.environ["JICHIPOINT_ROOT"])


def here(text: str, folder: Path) -> str:
    """A text in which an installed server's folders are those below another one."""
    return FOLDERS.sub(lambda found: f"{folder}/{found[1]}", text)


def python3(*arguments: str) -> None:
    """`-m venv` makes a folder whose programs are those of the tests; else it is Python."""
    if arguments[:2] != ("-m", "venv"):
        sys.exit(subprocess.run([sys.executable, *arguments], check=False).returncode)
    programs = Path(arguments[-1]) / "bin"
    programs.mkdir(parents=True, exist_ok="--clear" in arguments)
    for name, line in (
        ("python", f'exec {sys.executable} "$@"'),
        ("pip", f'exec {sys.executable} -m tests.printed.stand_ins pip "$@"'),
        ("jichipoint-server", f'exec {SERVER} "$@"'),
    ):
        write_program(programs / name, line)


def pip(*arguments: str) -> None:
    """Look whether there is what would be installed."""
    install, option, constraints, what = arguments
    assert (install, option) == ("install", "-c")
    assert Path(constraints).is_file()
    extras = re.fullmatch(r"\.\[([a-z,]+)\]", what)
    assert extras
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    assert all(f"\n{extra} = [" in project for extra in extras[1].split(","))


def useradd(*arguments: str) -> None:
    """Nobody is added; `sudo -u` and `install -o` do without."""
    (root() / "users").write_text(arguments[-1])


def install(*arguments: str) -> None:
    """Make a folder that belongs to whoever runs the tests."""
    words = without(arguments, {"-o", "-g"})
    subprocess.run(["/usr/bin/install", *words], check=True)


def sudo(*arguments: str) -> None:
    """Run the command as whoever runs the tests."""
    assert arguments[0] == "-u"
    sys.exit(subprocess.run(arguments[2:], check=False).returncode)


def createuser(*arguments: str) -> None:
    """In the tests' PostgreSQL."""
    administer(f"DROP ROLE IF EXISTS {arguments[-1]}", f"CREATE ROLE {arguments[-1]} LOGIN")


def createdb(*arguments: str) -> None:
    """In the tests' PostgreSQL; it was made for the page anew."""
    option, owner, name = arguments
    assert option == "--owner"
    administer(f"CREATE DATABASE {name} OWNER {owner}")


def psql(*arguments: str) -> None:
    """In the tests' PostgreSQL."""
    option, statement = arguments
    assert option == "-c"
    administer(statement)


def administer(*statements: str) -> None:
    with psycopg.connect(os.environ["JICHIPOINT_POSTGRESQL"], autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def systemctl(verb: str, *units: str) -> None:
    """Run what the units' files say, as far as a command line goes."""
    if verb == "show":
        assert units[:3] == ("--property", "MainPID", "--value")
        (told,) = root().glob("*.pid")
        print(told.read_text())
        return
    names = [name for name in units if name != "--now"]
    if verb == "daemon-reload":
        assert (root() / "etc/systemd/system/jichipoint-server.service").is_file()
    for name in names:
        unit = name.removesuffix(".service")
        if unit.endswith(".timer"):
            assert (root() / "etc/systemd/system" / unit).is_file()
        elif verb == "stop":
            stop(unit, root())
        else:
            start_unit(unit)


def start_unit(unit: str) -> None:
    text = (root() / f"etc/systemd/system/{unit}.service").read_text("utf-8")
    (line,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    words = here(line, root()).split()
    if "Type=oneshot" in text:
        subprocess.run(words, check=True)
    else:
        start(unit, words, root())


def podman(verb: str, *arguments: str) -> None:
    """Do in the volume's folder what the Containerfile and the command line say."""
    volume = root() / "var/lib/jichipoint"
    volume.mkdir(parents=True, exist_ok=True)
    if verb == "build":
        assert Path(arguments[arguments.index("--file") + 1]).is_file()
        return
    if verb == "exec":
        assert arguments[1] == "jichipoint-server"
        subprocess.run([SERVER, *arguments[2:]], cwd=volume, check=True)
        return
    _image, *words = without(arguments, IN_CONTAINER, {"--rm", "--detach", "--read-only"})
    if words:
        subprocess.run([SERVER, *words], cwd=volume, check=True)
        return
    (command,) = re.findall(r"^CMD \[(.+)\]$", Path("Containerfile").read_text("utf-8"), re.M)
    start("container", [str(SERVER), *re.findall(r'"([^"]+)"', here(command, root()))], volume)


def without(
    words: Sequence[str], valued: set[str], flags: frozenset[str] | set[str] = frozenset()
) -> list[str]:
    """Words without some options and their values."""
    kept, skip = [], False
    for word in words:
        if not skip and word not in valued and word not in flags:
            kept.append(word)
        skip = word in valued and not skip
    return kept


def start(name: str, words: Sequence[str], folder: Path) -> None:
    """Start a server that goes on when this ends, and wait until it listens."""
    log = root() / f"{name}.log"
    with log.open("w") as told:
        process = subprocess.Popen(
            words, cwd=folder, stdout=told, stderr=told, start_new_session=True
        )
    (root() / f"{name}.pid").write_text(str(process.pid))
    until = time.monotonic() + SECONDS_MAX
    while "listening on" not in log.read_text("utf-8"):
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"{name} does not listen: {log.read_text('utf-8')}")
        time.sleep(0.05)


def stop(name: str, folder: Path) -> None:
    """End a server in the ordinary way, and wait until it has ended."""
    told = folder / f"{name}.pid"
    pid = int(told.read_text())
    told.unlink()
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + SECONDS_MAX
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        if time.monotonic() > until:
            sys.exit(f"{name} does not end")
        time.sleep(0.05)


def write_program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


STAND_INS: dict[str, tuple[Callable[..., None], str]] = {
    "python3": (python3, "a new environment would be filled from the network, for minutes"),
    "pip": (pip, "the same"),
    "useradd": (useradd, "the machine's users are not the tests' to change"),
    "install": (install, "there is no user jichipoint to whom folders could belong"),
    "sudo": (sudo, "there is no user jichipoint, nor postgres"),
    "createuser": (createuser, "PostgreSQL is the tests' own"),
    "createdb": (createdb, "PostgreSQL is the tests' own"),
    "psql": (psql, "PostgreSQL is the tests' own"),
    "systemctl": (systemctl, "the first process is not systemd"),
    "podman": (podman, "there is no container engine, and no image without a network"),
}
"""By the command's name: what stands in for it, and why. The rest is what it is."""


if __name__ == "__main__":
    STAND_INS[sys.argv[1]][0](*sys.argv[2:])
