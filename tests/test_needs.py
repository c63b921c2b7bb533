"""Markers say what a test needs, and a test that needs more fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import BY_PLACE, NEEDS, TESTS

PROJECT = Path(__file__).parents[1]
UNMARKED = {
    "process": (
        "import os\n\ndef test_it():\n    os.wait4(os.posix_spawn('/bin/true', ['true'], {}), 0)\n"
    ),
    "database": (
        "def test_it(tmp_path):\n"
        "    __import__('sqlite' + '3').connect(tmp_path / 'ledger.db').close()\n"
    ),
    "server": "import grpc.aio\n\nasync def test_it():\n    getattr(grpc.aio, 'server')()\n",
    "screen": (
        "from textual.app import App\n\nasync def test_it():\n"
        "    async with getattr(App(), 'run' + '_test')():\n        pass\n"
    ),
    "postgres": "def test_it(find_engine):\n    find_engine(''.join(('postgres', 'ql')))\n",
}


def run(folder: Path, text: str, *options: str) -> str:
    """Run a file of tests with what holds for every test here; return what pytest says."""
    file = folder / "test_unmarked.py"
    file.write_text(text, "utf-8")
    line = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", *options]
    line += ["-c", str(PROJECT / "pyproject.toml"), "--rootdir", str(folder), str(file)]
    return subprocess.run(line, cwd=PROJECT, capture_output=True, text=True, check=False).stdout


@pytest.mark.postgres
@pytest.mark.parametrize("need", NEEDS)
def test_a_test_that_uses_what_it_is_not_marked_with_fails(need: str, tmp_path: Path) -> None:
    said = run(tmp_path, UNMARKED[need])
    assert "it uses, and is not marked with: " in said, said
    assert need in said.partition("is not marked with: ")[2].partition("(")[0]


def test_marked_it_passes_and_can_be_left_out(tmp_path: Path) -> None:
    text = "import pytest\n\npytestmark = pytest.mark.process\n\n" + UNMARKED["process"]
    assert "1 passed" in run(tmp_path, text)
    assert "1 deselected" in run(tmp_path, text, "-m", "not process")


def test_a_parameter_marks_it(tmp_path: Path) -> None:
    text = "import pytest\n\n@pytest.mark.parametrize('engine', ['sqlite', 'postgresql'])\n"
    text += "def test_it(engine):\n    pass\n"
    said = run(tmp_path, text, "-m", "postgres", "--collect-only")
    assert "[postgresql]" in said
    assert "[sqlite]" not in said


def test_every_place_is_there() -> None:
    assert [place for place in BY_PLACE if not (TESTS / place).exists()] == []
