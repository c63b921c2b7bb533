"""The units and the Containerfile: what they call is there, and they bar what they say (OPS-5)."""

import json
import re
import shutil
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from hatchling.builders.wheel import WheelBuilder

from server.cli import main
from server.commands.options import DEFAULT_ADDRESS
from server.serving.app import GRACE_SECONDS
from server.serving.health import health
from server.serving.serve import serve

ROOT = Path(__file__).parents[1]
UNITS = ROOT / "server" / "systemd"
SERVER, BACKUP, TIMER = (
    UNITS / f"jichipoint-{name}" for name in ("server.service", "backup.service", "backup.timer")
)
CONTAINERFILE = ROOT / "Containerfile"
PAGE = ROOT / "docs" / "deploying.md"
PROGRAM = "/opt/jichipoint/bin/jichipoint-server"
BACKUPS = "/var/backups/jichipoint"
EXPOSURE_MAX = 15
"""Of `systemd-analyze security`, times ten; both services have 13."""

Unit = Mapping[str, Mapping[str, Sequence[str]]]


def parsed(path: Path) -> Unit:
    """A unit's sections; an option that is there twice has two values."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in path.read_text("utf-8").splitlines():
        if section := re.fullmatch(r"\[([A-Z]\w+)\]", line):
            assert section[1] not in sections
            options = sections[section[1]] = defaultdict(list)
        elif option := re.fullmatch(r"([A-Z]\w+)=(.*)", line):
            options[option[1]].append(option[2])
        else:
            assert re.fullmatch(r"(#.*)?", line), line
    return sections


def words_of(path: Path) -> list[str]:
    """What a unit's command is given, after the program."""
    service = parsed(path)["Service"]
    assert [name for name in service if name.startswith("Exec")] == ["ExecStart"]
    (line,) = service["ExecStart"]
    program, *words = line.split()
    assert program == PROGRAM
    return words


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "town"
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    return folder / "jichipoint.toml"


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What serve and health were called with; they themselves do not run."""
    told: list[dict[str, object]] = []
    for command in (serve, health):
        monkeypatch.setattr(command, "callback", lambda **given: told.append(given))
    return told


def invoke(words: Sequence[str], changes: Mapping[str, Path]) -> str:
    """Run a command line with other paths; return what it prints where it succeeds."""
    assert changes.keys() <= set(words)
    result = CliRunner().invoke(main, [str(changes.get(word, word)) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_server_takes_its_command_line(config: Path, called: list[dict[str, object]]) -> None:
    invoke(words_of(SERVER), {"/etc/jichipoint/jichipoint.toml": config})
    (given,) = called
    assert given["database"] == f"sqlite:///{config.parent / 'ledger.db'}"


def test_the_backup_takes_its_command_line(config: Path, tmp_path: Path) -> None:
    changes = {"/etc/jichipoint/jichipoint.toml": config, BACKUPS: tmp_path}
    invoke(words_of(BACKUP), changes)
    assert len(list(tmp_path.iterdir())) == 1
    assert words_of(BACKUP)[-2:] == ["--keep", "14"]
    assert BACKUPS in parsed(BACKUP)["Service"]["ReadWritePaths"]


@pytest.mark.parametrize("path", [SERVER, BACKUP])
def test_a_service_is_barred_from_what_it_does_not_need(path: Path) -> None:
    service = parsed(path)["Service"]
    filters = ["@system-service", "~@privileged @resources"]
    wanted = {
        "User": ["jichipoint"],
        "UMask": ["0077"],
        "StateDirectory": ["jichipoint"],
        "ProtectSystem": ["strict"],
        "NoNewPrivileges": ["yes"],
        "PrivateTmp": ["yes"],
        "MemoryDenyWriteExecute": ["yes"],
        "CapabilityBoundingSet": [""],
        "RestrictAddressFamilies": ["AF_UNIX AF_INET AF_INET6"],
        "SystemCallFilter": filters,
        "LimitCORE": ["0"],
    }
    assert {name: service.get(name) for name in wanted} == wanted


def test_the_services_are_barred_alike() -> None:
    own = {"ExecStart", "ReadWritePaths", "Type", "Restart", "RestartSec", "KillMode"}
    own |= {"TimeoutStopSec", "TimeoutStartSec", "LimitNOFILE", "Nice", "IOSchedulingClass"}
    services = [parsed(path)["Service"] for path in (SERVER, BACKUP)]
    common = [{name: one[name] for name in one if name not in own} for one in services]
    assert common[0] == common[1]


def test_the_server_starts_again_and_has_time_to_stop() -> None:
    unit = parsed(SERVER)
    service = unit["Service"]
    assert unit["Unit"]["StartLimitIntervalSec"] == ["0"]
    # The server tells systemd nothing, so it cannot be of the type notify.
    assert [service[name] for name in ("Type", "Restart", "KillMode")] == [
        ["exec"],
        ["on-failure"],
        ["mixed"],
    ]
    assert int(service["TimeoutStopSec"][0]) >= 2 * GRACE_SECONDS
    assert unit["Install"] == {"WantedBy": ["multi-user.target"]}


def test_the_backup_is_daily() -> None:
    unit = parsed(TIMER)
    assert unit["Timer"]["OnCalendar"] == ["*-*-* 03:00:00 Asia/Tokyo"]
    assert unit["Timer"]["Persistent"] == ["yes"]
    assert unit["Install"] == {"WantedBy": ["timers.target"]}
    assert TIMER.stem == BACKUP.stem
    assert parsed(BACKUP)["Service"]["Type"] == ["oneshot"]


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """But for the program, which is not where the units look for it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    there = [tmp_path / path.name for path in (SERVER, BACKUP, TIMER)]
    for path in there:
        text = (UNITS / path.name).read_text("utf-8")
        path.write_text(text.replace(PROGRAM, "/bin/true"), "utf-8")
    verify = ["systemd-analyze", "verify", *map(str, there)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    security = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}"]
    for path in there[:2]:
        done = subprocess.run([*security, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_units_are_in_the_wheel() -> None:
    files = {one.distribution_path for one in WheelBuilder(str(ROOT)).recurse_included_files()}
    units = {f"server/systemd/{path.name}" for path in (SERVER, BACKUP, TIMER)}
    assert units <= files
    assert {f"server/systemd/{path.name}" for path in UNITS.iterdir()} == units


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions, each with its arguments in one line."""
    text = re.sub(r"^#.*\n|\\\n", "", CONTAINERFILE.read_text("utf-8"), flags=re.MULTILINE)
    return [(line.split()[0], line.split(None, 1)[1]) for line in text.splitlines() if line]


def arguments(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def test_the_container_takes_its_command_lines(
    config: Path, called: list[dict[str, object]]
) -> None:
    in_volume = {"/var/lib/jichipoint/jichipoint.toml": config}
    (entry,), (command,) = arguments("ENTRYPOINT"), arguments("CMD")
    assert json.loads(entry) == ["jichipoint-server"]
    invoke(json.loads(command), in_volume)
    (check,) = re.findall(r"CMD (\[.*\])", arguments("HEALTHCHECK")[0])
    program, *words = json.loads(check)
    assert program == "jichipoint-server"
    invoke(words, in_volume)
    assert [given["listen"] for given in called] == [DEFAULT_ADDRESS] * 2


def test_the_container_runs_as_a_user_with_a_fixed_number() -> None:
    assert arguments("USER") == ["10001:10001"]
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(place for place, one in enumerate(names) if one == "RUN")
    assert arguments("EXPOSE") == [DEFAULT_ADDRESS.rpartition(":")[2]]
    assert arguments("VOLUME") == arguments("WORKDIR")[-1:] == ["/var/lib/jichipoint"]


def test_the_container_names_no_registry() -> None:
    assert arguments("ARG") == ["BASE=python:3.11-slim"]
    assert re.findall(r"//[a-z]|index", " ".join(arguments("RUN"))) == []


def test_the_container_has_all_that_a_wheel_needs() -> None:
    copied = " ".join(rest for rest in arguments("COPY") if not rest.startswith("--from")).split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"pyproject.toml", project["project"]["readme"], "constraints.txt"}
    needed |= {Path(one).parts[0] for one in (*packages, *project["project"]["license-files"])}
    assert needed <= set(copied)
    kept = (ROOT / ".containerignore").read_text("utf-8").splitlines()
    assert {line[1:] for line in kept if line.startswith("!")} == needed
    assert all((ROOT / name).exists() for name in needed)


def test_every_unit_on_the_page_is_there() -> None:
    named = set(re.findall(r"jichipoint-\w+\.(?:service|timer)", PAGE.read_text("utf-8")))
    assert named
    assert named <= {path.name for path in (SERVER, BACKUP, TIMER)}
