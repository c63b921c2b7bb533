"""The page of licences: every package that an extra brings is on it, with a licence."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| ([a-z0-9-]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def rows(page: Path) -> dict[str, str]:
    return {name: licence.strip() for name, licence, _ in ROW.findall(page.read_text("utf-8"))}


def test_every_package_is_on_the_page_with_its_licence(tmp_path: Path) -> None:
    made = tmp_path / "licences.md"
    tool = ROOT / "tools" / "licences.py"
    subprocess.run([sys.executable, str(tool), str(made)], check=True)
    installed, told = rows(made), rows(ROOT / "docs" / "licences.md")
    assert {"cryptography", "grpcio", "textual", "peewee"} <= installed.keys()
    assert installed.keys() - told.keys() == set(), "run make licences"
    assert [name for name, licence in told.items() if licence in ("", "not named")] == []
