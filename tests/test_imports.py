"""The contracts on imports are closed: what is planted into a copy of the house is found."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("server", "counter_tui", "merge_driver", "demo", "proto/jichipoint")
PLANTED = {
    # a circle of two rooms that nobody named
    "server/attic/__init__.py": "",
    "server/attic/one.py": "from server.cellar import two\n",
    "server/cellar/__init__.py": "",
    "server/cellar/two.py": "from server.attic import one\n",
    "merge_driver/attic/__init__.py": "",
    "merge_driver/attic/one.py": "from merge_driver import cellar\n",
    "merge_driver/cellar.py": "from merge_driver.attic import one\n",
    # what a room that nobody named may not import
    "server/cellar/rules.py": "import peewee\n",
    "server/cellar/keeping.py": "from jichipoint.v1 import points_pb2\n",
    "server/cellar/calling.py": "import grpc\n",
    "server/cellar/reading.py": "import openpyxl\n",
    # and what must not import such a room
    "server/ledger/planted.py": "from server.cellar import reading\n",
    "counter_tui/attic/__init__.py": "",
    "counter_tui/attic/one.py": "import smartcard, server.clock\nimport counter_tui.cellar\n",
    "counter_tui/cellar.py": "import counter_tui.attic.one\n",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What import-linter says of a copy with all that planted in it."""
    folder = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            folder / Path(package).name,
            ignore=lambda where, names: [
                name for name in names if not (Path(where, name).is_dir() or name.endswith(".py"))
            ],
        )
    for name, content in PLANTED.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    shutil.copy(ROOT / "pyproject.toml", folder)
    ended = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    yield re.sub(r"\s+", " ", ended.stdout)


@pytest.mark.parametrize(
    "broken",
    [
        "Folders and files make no circles",
        "The counter application and the merge driver know nothing of the server",
        "Rules are pure: no database, no protobuf, no network",
        "Only servicers, rpc and serving know protobuf",
        "Only rpc and serving know gRPC",
        "The ledger knows no room",
        "Only one module knows pyscard",
        "Only what reads and writes forms knows openpyxl",
    ],
)
def test_a_contract_holds_for_rooms_that_nobody_named(told: str, broken: str) -> None:
    assert f"{broken} BROKEN" in told


@pytest.mark.parametrize(
    "planted",
    [
        "server.cellar.rules -> peewee",
        "server.cellar.keeping -> jichipoint.v1.points_pb2",
        "server.cellar.calling -> grpc",
        "server.cellar.reading -> openpyxl",
        "server.ledger.planted -> server.cellar.reading",
        "counter_tui.attic.one -> smartcard",
        "counter_tui.attic.one -> server.clock",
    ],
)
def test_a_planted_import_is_named(told: str, planted: str) -> None:
    assert planted in told


@pytest.mark.parametrize("package", ["server", "counter_tui", "merge_driver"])
def test_a_planted_circle_is_named(told: str, package: str) -> None:
    circles = told.partition("Broken contracts")[2].partition("The counter application")[0]
    assert re.search(rf"\b{package}\b.*(attic.*cellar|cellar.*attic)", circles)
