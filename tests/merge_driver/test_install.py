"""What a street installs: a handful of packages, and a command that runs with them."""

import subprocess
import sys
from pathlib import Path

from tests.merge_driver.samples import RECORD_A, put_records, write_key_file

ROOT = Path(__file__).parents[2]
OURS = {"jichipoint", "cryptography", "click", "inotify-simple"}
THEIRS = {"cffi", "pycparser", "typing-extensions"}
"""What cryptography brings."""
CONFIGURATION = """spool = "spool"
keys = "keys"
journal = "journal.db"

[output]
kind = "csv"
path = "points.csv"
"""


def run(*line: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(one) for one in line], cwd=cwd, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_extra_merge_brings_neither_textual_nor_peewee_nor_grpc(tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    constraints = ROOT / "constraints.txt"
    run(*pip, "install", "--quiet", "-c", constraints, f"{ROOT}[merge]", cwd=tmp_path)
    listed = run(*pip, "list", "--format", "freeze", cwd=tmp_path).splitlines()
    names = {
        line.partition("==")[0].partition(" @")[0].lower().replace("_", "-") for line in listed
    }
    assert names - {"pip", "setuptools"} - THEIRS == OURS
    for name in ("spool", "keys"):
        (tmp_path / name).mkdir()
    write_key_file(tmp_path / "keys" / "7.json")
    put_records(tmp_path / "spool", RECORD_A)
    (tmp_path / "merge-driver.toml").write_text(CONFIGURATION, "utf-8")
    command = tmp_path / "venv" / "bin" / "merge-driver"
    told = run(command, "run", "--config", "merge-driver.toml", cwd=tmp_path)
    assert told.startswith("done 000002-2017123100001.mrg 1 record")
    asked = (tmp_path / "merge-driver.toml").read_text()
    (tmp_path / "merge-driver.toml").write_text("acknowledge = true\n" + asked)
    refused = subprocess.run(
        [command, "run", "--config", "merge-driver.toml"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert "install jichipoint[merge-acknowledge]" in refused.stderr
    assert "Traceback" not in refused.stderr
