"""The example of a street's card driver, installed and read with (CRD-7)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 60


def read(folder: Path | None, driver: str, *content: str) -> str:
    """What reading a virtual card prints, where a folder of packages is on the path."""
    environment = {**os.environ, "PYTHONPATH": str(folder or "")}
    line = [sys.executable, "-m", "tests.examples.reading", driver, *content]
    done = subprocess.run(
        line,
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    return done.stdout.rstrip("\n")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package was installed into."""
    folder = tmp_path_factory.mktemp("driver")
    # Building leaves files beside the source.
    source = shutil.copytree(ROOT / "examples" / "street-card-driver", folder / "source")
    target = folder / "packages"
    line = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    line += ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(target)]
    done = subprocess.run(
        [*line, str(source)], check=False, capture_output=True, text=True, timeout=SECONDS_MAX
    )
    assert done.returncode == 0, done.stderr
    return target


def test_the_number_of_a_card(installed: Path) -> None:
    assert read(installed, "sakura-street", "123456789") == "123456789"


def test_what_is_after_the_number_is_not_read(installed: Path) -> None:
    assert read(installed, "sakura-street", "123456789\ufffd\ufffd") == "123456789"


def test_another_card_is_told(installed: Path) -> None:
    said = read(installed, "sakura-street")
    assert said == "DriverError: さくら通り商店街のカードではありません。"


@pytest.mark.parametrize("content", ["", "12345", "12345678X", "12345678-"])
def test_a_card_without_a_number_is_told(installed: Path, content: str) -> None:
    assert read(installed, "sakura-street", content) == (
        "DriverError: カードに会員番号が入っていません。商店街に連絡してください。"
    )


def test_a_driver_that_is_not_installed(installed: Path) -> None:
    missing = "DriverError: the card driver {} is not installed on this machine"
    assert read(None, "sakura-street", "123456789") == missing.format("sakura-street")
    assert read(installed, "other", "123456789") == missing.format("other")
