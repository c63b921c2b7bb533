"""Setting up as `make run` and `make test` do, with what can go wrong."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.support import ROOT, SECONDS_MAX


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that setting up needs, in a folder without a virtual environment."""
    folder = tmp_path_factory.mktemp("checkout") / "main"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "tools", folder / "tools")
    for name in ("server", "counter_tui", "merge_driver", "demo", "proto/jichipoint"):
        (folder / name).mkdir(parents=True)
    return folder


def make_run(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        ["make", "run"],
        cwd=checkout,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS_MAX,
    )


def said_by_set_up(result: subprocess.CompletedProcess[str]) -> list[str]:
    """What was said, but for make's own last line."""
    return [text for text in result.stderr.splitlines() if not text.startswith("make: ***")]


def fake(folder: Path, name: str, *lines: str) -> Path:
    """A program that stands before the real one in a PATH that begins with the folder."""
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def fake_python(folder: Path, *lines: str) -> str:
    return str(fake(folder, "python", *lines, f'exec "{sys.executable}" "$@"'))


@pytest.mark.parametrize("python", ["no-such-python", "/nowhere/python3"])
def test_no_python(checkout: Path, python: str) -> None:
    result = make_run(checkout, PYTHON=python)
    assert said_by_set_up(result) == [
        f"set-up: Python is missing: {python} is no command. On Debian: apt-get install python3"
    ]
    assert result.returncode == 2


def test_python_that_is_too_old(checkout: Path, tmp_path: Path) -> None:
    python = fake_python(
        tmp_path,
        'case "$2" in *version_info*) exit 1;; esac',
        '[ "$1" = --version ] && { echo Python 3.9.2; exit 0; }',
    )
    result = make_run(checkout, PYTHON=python)
    assert result.returncode == 2, "make says 2 where a command says 1"
    (only,) = said_by_set_up(result)
    assert only.startswith("set-up: Python 3.9.2 is too old")
    assert not (checkout / ".venv").exists()
    alone = subprocess.run(
        ["tools/set-up", "demo"],
        cwd=checkout,
        env={**os.environ, "PYTHON": python},
        capture_output=True,
        check=False,
    )
    assert alone.returncode == 1


def test_no_network(checkout: Path) -> None:
    result = make_run(
        checkout,
        PYTHON=sys.executable,
        PIP_INDEX_URL="http://127.0.0.1:9",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_RETRIES="1",
        PIP_CONFIG_FILE="/dev/null",
        PIP_NO_CACHE_DIR="1",
    )
    begun, reason, rest = said_by_set_up(result)
    assert result.returncode == 2
    assert begun.startswith("set-up: installing Python packages into .venv")
    assert "the package index was not reached" in reason
    assert "Connection refused" in reason
    assert reason.endswith("Is there a network?")
    assert rest.endswith("all that pip said is in .venv/set-up.log")
    assert "Connection refused" in (checkout / ".venv" / "set-up.log").read_text("utf-8")
    assert not list((checkout / ".venv").glob(".installed-*"))
    assert result.stdout == ""


def test_package_that_does_not_compile(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "compiled"\nversion = "1"\n'
    )
    (tmp_path / "part.c").write_text("#include <absent.h>\n")
    (tmp_path / "backend.py").write_text(
        "import pathlib, subprocess\n"
        "def prepare_metadata_for_build_wheel(folder, *_):\n"
        "    pathlib.Path(folder, 'compiled-1.dist-info').mkdir()\n"
        "    words = 'Metadata-Version: 2.1\\nName: compiled\\nVersion: 1\\n'\n"
        "    pathlib.Path(folder, 'compiled-1.dist-info', 'METADATA').write_text(words)\n"
        "    return 'compiled-1.dist-info'\n"
        "def build_wheel(*_): subprocess.run(['gcc', '-c', 'part.c'], check=True)\n"
    )
    result = subprocess.run(
        ["tools/set-up-python", str(tmp_path / "environment"), str(tmp_path)],
        cwd=checkout,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 1
    assert (
        "set-up: compiled could not be compiled: "
        "fatal error: absent.h: No such file or directory" in result.stderr.splitlines()
    )
    assert "network" not in result.stderr


def test_environment_that_was_interrupted_is_made_anew(checkout: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    done = subprocess.run(
        ["tools/set-up-python", str(environment), "pip"],
        cwd=checkout,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (environment / "bin" / "pip").exists()


KNOWN = 'echo "$2:"; echo "  Installed: (none)"; echo "  Candidate: 1.0"; echo " 500 http://mirror"'
UNKNOWN = 'echo " 500 http://mirror"'
SIZES = (
    'case "$*" in *--assume-no*)',
    '  echo "Need to get 3044 kB of archives."',
    '  echo "After this operation, 4198 kB of additional disk space will be used."; exit 1;;',
    "esac",
)


class Machine:
    """A machine with fake programs before its own, and packages of which all are missing."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.folder = folder
        self._checkout = folder / "checkout"
        shutil.copytree(checkout / "tools", self._checkout / "tools")
        self.lists("demo one command:no-such-one", "dev two /no/such/*/file", "dev bash /bin/bash")
        self._fakes = folder / "fakes"
        self._fakes.mkdir()
        self.path = f"{self._fakes}:{os.environ['PATH']}"
        self.fake("sudo")
        self.user(0)
        self.fake("apt-cache", KNOWN)
        self.apt()

    def lists(self, *lines: str) -> None:
        (self._checkout / "tools" / "debian-packages").write_text("\n".join([*lines, ""]))

    def fake(self, name: str, *lines: str) -> None:
        fake(self._fakes, name, *lines)

    def user(self, number: int) -> None:
        self.fake("id", f"echo {number}")

    def apt(self, *lines: str) -> None:
        """What apt-get does, after noting how it was called."""
        self.fake("apt-get", f'echo "$*" >> {self.folder}/calls', *lines)

    def calls(self) -> list[str]:
        """What apt-get was called for, but for the question of sizes."""
        path = self.folder / "calls"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [line for line in lines if "--assume-no" not in line]

    def set_up(self, extra: str) -> tuple[int, list[str]]:
        result = subprocess.run(
            ["tools/set-up-packages", extra],
            cwd=self._checkout,
            env={**os.environ, "PATH": self.path, "PYTHON": sys.executable},
            capture_output=True,
            check=False,
            text=True,
        )
        assert result.stdout == ""
        return result.returncode, result.stderr.splitlines()


@pytest.fixture
def machine(checkout: Path, tmp_path: Path) -> Machine:
    return Machine(checkout, tmp_path)


def test_root_is_told_what_and_how_much_before(machine: Machine) -> None:
    machine.apt(*SIZES)
    machine.lists("demo one command:one", "dev two command:two")
    machine.apt(
        *SIZES,
        f'case "$*" in *--yes*) printf "#!/bin/sh\n" > {machine.folder}/fakes/one',
        f"chmod +x {machine.folder}/fakes/one;; esac",
    )
    assert machine.set_up("demo") == (
        0,
        [
            "set-up: installing Debian packages: one",
            "set-up: Need to get 3044 kB of archives.",
            "set-up: After this operation, 4198 kB of additional disk space will be used.",
        ],
    )
    update, install = machine.calls()
    assert update == "-qq update"
    assert install.startswith("install --no-install-recommends")
    assert install.endswith(" one")
    assert machine.set_up("demo") == (0, [])
    assert len(machine.calls()) == 2


def test_dev_takes_the_packages_of_the_demo_too(machine: Machine) -> None:
    _, said = machine.set_up("dev")
    assert said[0] == "set-up: installing Debian packages: one two"


@pytest.mark.parametrize("apt_cache", [KNOWN, "exit 0"])
def test_others_than_root_are_told_the_one_line_to_run(machine: Machine, apt_cache: str) -> None:
    machine.user(1000)
    machine.fake("apt-cache", apt_cache)
    assert machine.set_up("dev") == (
        1,
        [
            "set-up: Debian packages are missing. Run this line, then the same command again:",
            "sudo apt-get update && sudo apt-get install --no-install-recommends one two",
        ],
    )
    assert machine.calls() == []


def test_without_sudo_the_line_is_for_root(machine: Machine) -> None:
    machine.user(1000)
    machine.path = without(machine.folder, "sudo")
    assert machine.set_up("demo") == (
        1,
        [
            "set-up: Debian packages are missing. "
            "Run this line as root, then the same command again:",
            "apt-get update && apt-get install --no-install-recommends one",
        ],
    )


def without(folder: Path, *names: str) -> str:
    """A PATH with the programs of this machine but for some, and with what is faked."""
    programs = folder / "programs"
    programs.mkdir()
    for place in (folder / "fakes", Path("/usr/bin"), Path("/bin")):
        for path in place.iterdir():
            if path.name not in names and not (programs / path.name).is_symlink():
                (programs / path.name).symlink_to(path)
    return str(programs)


def test_without_apt_it_says_what_is_missing_and_goes_on(machine: Machine) -> None:
    machine.path = without(machine.folder, "apt-get")
    code, said = machine.set_up("dev")
    assert code == 0
    assert said[0].endswith("Missing, by the names of Debian's packages: one two")
    assert machine.calls() == []


def test_what_apt_says_is_the_reason(machine: Machine) -> None:
    machine.apt(
        'case "$*" in *--yes*) echo "Reading"; echo "E: Sub-process dpkg returned an error" >&2',
        "exit 100;; esac",
    )
    code, said = machine.set_up("demo")
    assert code == 1
    assert said[-2:] == [
        "E: Sub-process dpkg returned an error",
        "set-up: apt-get could not install them",
    ]


@pytest.mark.parametrize("user", [0, 1000])
def test_a_release_without_a_package(machine: Machine, user: int) -> None:
    machine.user(user)
    machine.fake("apt-cache", f'[ "$2" = two ] && {{ {UNKNOWN}; exit 0; }}', KNOWN)
    code, said = machine.set_up("dev")
    assert code == (1 if user else 0)
    assert said[0].startswith("set-up: this release has no package two: going on without")
    assert said[-1].endswith(" one") or user == 0
    assert not any(call.endswith("two") for call in machine.calls())


def test_update_that_fails_is_the_reason_where_packages_are_not_known(machine: Machine) -> None:
    machine.fake("apt-cache", "exit 0")
    machine.apt("echo 'W: Failed to fetch http://mirror  Temporary failure resolving' >&2")
    code, said = machine.set_up("demo")
    assert code == 1
    assert said == [
        "W: Failed to fetch http://mirror  Temporary failure resolving",
        "set-up: apt-get update failed, and these packages are not known without it: one",
    ]


def test_a_package_that_does_not_bring_its_sign(machine: Machine) -> None:
    code, said = machine.set_up("demo")
    assert code == 0
    assert said[-1] == "set-up: installed, but still not found here: what one should bring"


def test_every_line_of_the_list_can_be_read() -> None:
    lines = (ROOT / "tools" / "debian-packages").read_text("utf-8").splitlines()
    packages = [line for line in lines if not line.startswith("#")]
    for line in packages:
        assert re.fullmatch(
            r"(demo|dev) +[a-z0-9.+-]+ +(/\S+|command:\S+|module:\w+|header:\S+)", line
        ), line
    names = [line.split()[1] for line in packages]
    assert len(names) == len(set(names))


def test_the_list_is_the_only_one() -> None:
    for name in (".ci/run", "README.md", "README.ja.md"):
        text = (ROOT / name).read_text("utf-8")
        assert not re.search(r"fonts-|-dev\b|pcscd|python3-venv|tmux", text), name
