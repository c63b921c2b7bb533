"""The examples of programs that call the server, run against one on a real socket (API-4)."""

import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.serving.refusals import REASONS
from tests.examples.node import NODE_EXAMPLES, ROOT
from tests.examples.serving import MACHINE, ServedTown, named, new_authority, run, served_town

PYTHON_EXAMPLE = [sys.executable, str(ROOT / "examples" / "api-python" / "balances.py")]
DAYS_VALID = 60
SAKURAI = "030D45"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTown]:
    """The town, with its terminal bound to the machine."""
    with served_town(tmp_path_factory.mktemp("api") / "town") as served:
        assert ask(PYTHON_EXAMPLE, served)[0] == 0
        yield served


@pytest.fixture(params=["api-python", "api-node"])
def example(request: pytest.FixtureRequest) -> list[str]:
    """The command of an example."""
    if request.param == "api-node":
        folder: Path = request.getfixturevalue("node_examples")
        return ["node", str(folder / "api-node" / "balances.mjs")]
    return PYTHON_EXAMPLE


def ask(
    example: list[str],
    served: ServedTown,
    serial_number: str = SAKURAI,
    *,
    address: str | None = None,
    password: str | None = None,
    machine: str = MACHINE.hex(),
    authority: Path | None = None,
) -> tuple[int, str, str]:
    """Run an example, rightly unless something else is said."""
    town = served.town
    environment = {
        **os.environ,
        "JICHIPOINT_PASSWORD": town.password if password is None else password,
        "JICHIPOINT_MACHINE": machine,
    }
    where = [address or served.address, town.terminal_id, serial_number]
    options = [] if authority is None else ["--authority", str(authority)]
    return run([*example, *options, *where], environment)


def test_balances(served: ServedTown, example: list[str]) -> None:
    """And the session is ended afterwards."""
    until = date.fromisoformat(served.town.began_on) + timedelta(days=DAYS_VALID)
    lines = [
        "MY123456",
        f"さくら野市ポイント 1730 (1730 until {until})",
        f"さくら野復興イベント 980 (980 until {until})",
    ]
    assert ask(example, served) == (0, "\n".join(lines) + "\n", "")
    assert served.open_sessions() == 0


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"password": "wrong"}, "SIGN_IN_REFUSED"),
        ({"serial_number": "ABCDEF"}, "CERTIFICATE_UNKNOWN"),
        ({"machine": "00" * 32}, "MACHINE_NOT_BOUND"),
    ],
)
def test_a_refusal(
    served: ServedTown, example: list[str], wrong: dict[str, Any], reason: str
) -> None:
    """One line with the reason and the Japanese message, and no session is left."""
    assert ask(example, served, **wrong) == (1, "", f"{reason}: {REASONS[reason].japanese}\n")
    assert served.open_sessions() == 0


def test_a_field_that_is_not_valid(served: ServedTown, example: list[str]) -> None:
    code, out, err = ask(example, served, "030d45")
    assert (code, out) == (1, "")
    name = "利用者証明用電子証明書のシリアル番号"
    assert err.startswith(f"INVALID_FIELD: 入力内容に誤りがあります({name}: ")
    assert err.count("\n") == 1


def test_no_server(served: ServedTown, example: list[str]) -> None:
    code, out, err = ask(example, served, address="127.0.0.1:1")
    assert (code, out) == (1, "")
    assert err.startswith("UNAVAILABLE: ")
    assert err.count("\n") == 1


def test_a_fingerprint_that_is_none(served: ServedTown, example: list[str]) -> None:
    code, out, err = ask(example, served, machine="the shop's PC")
    assert (code, out) == (2, "")
    assert "JICHIPOINT_PASSWORD and JICHIPOINT_MACHINE (hexadecimal) are needed" in err


def test_balances_over_tls(served_by_tls: ServedTown, example: list[str], authority: Path) -> None:
    code, out, err = ask(example, served_by_tls, address=named(served_by_tls), authority=authority)
    assert (code, err) == (0, "")
    assert out.startswith("MY123456\nさくら野市ポイント 1730 ")
    assert served_by_tls.open_sessions() == 0


def test_another_authority_is_not_believed(
    served_by_tls: ServedTown, example: list[str], tmp_path: Path
) -> None:
    """Also where the server is on this machine, and nothing falls back to the clear."""
    other = new_authority(tmp_path)
    code, out, err = ask(example, served_by_tls, address=named(served_by_tls), authority=other)
    assert (code, out) == (1, "")
    assert re.fullmatch(r"UNAVAILABLE: [^\n]*certificate[^\n]*\n", err, re.IGNORECASE), err


def test_a_server_that_speaks_tls_is_not_asked_in_the_clear(
    served_by_tls: ServedTown, example: list[str]
) -> None:
    code, out, err = ask(example, served_by_tls)
    assert (code, out) == (1, "")
    assert re.fullmatch(r"UNAVAILABLE: [^\n]+\n", err), err


@pytest.mark.parametrize(
    "address",
    ["192.0.2.7:50051", "points.example:50051", "localhost.example:50051", "[2001:db8::1]:50051"],
)
def test_no_other_machine_is_spoken_to_in_the_clear(
    served: ServedTown, example: list[str], address: str
) -> None:
    told = f"{address} is not on this machine: give --authority\n"
    assert ask(example, served, address=address) == (2, "", told)


def test_this_machine_is_known_by_its_other_names(served: ServedTown, example: list[str]) -> None:
    """Of port 1, where nobody listens."""
    for address in ("localhost:1", "127.1.2.3:1", "[::1]:1"):
        code, out, err = ask(example, served, address=address)
        assert (code, out) == (1, "")
        assert err.startswith("UNAVAILABLE: ")


@pytest.mark.parametrize("content", [None, "half a fi"])
def test_an_authority_that_is_none(
    served: ServedTown, example: list[str], tmp_path: Path, content: str | None
) -> None:
    authority = tmp_path / "authority.pem"
    if content is not None:
        authority.write_text(content)
    code, out, err = ask(example, served, authority=authority)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert str(authority) in err


def test_the_node_examples_name_the_same_packages_exactly() -> None:
    packages = [
        json.loads((ROOT / "examples" / name / "package.json").read_text("utf-8"))["dependencies"]
        for name in NODE_EXAMPLES
    ]
    assert packages[0] == packages[1], "the tests install them once"
    assert all(re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", one) for one in packages[0].values())
