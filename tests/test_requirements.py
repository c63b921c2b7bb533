"""docs/requirements: every ID that is named anywhere is a row, and the page of places is true."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
TOOL = ROOT / "tools" / "requirements.py"
NO_REQUIREMENTS = {"AES", "AIP", "BSD", "EAN", "JAN", "MIT", "PSF", "SHA", "SSH", "UTF", "LIB"}
"""Other names of the same form."""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("requirements", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_id_is_a_requirement(tool: ModuleType) -> None:
    rows = tool.rows()
    named = {one: files for one, files in tool.places().items() if one[:3] not in NO_REQUIREMENTS}
    assert {one: files for one, files in named.items() if one not in rows} == {}
    assert len(rows) > 100


def test_no_row_stands_twice(tool: ModuleType) -> None:
    pages = [page for page in tool.FOLDER.glob("*.md") if page != tool.PAGE]
    found = [one for page in pages for one in tool.ROW.findall(page.read_text("utf-8"))]
    assert len(found) == len(set(found))


def test_the_page_says_where_each_is(tmp_path: Path, tool: ModuleType) -> None:
    made = tmp_path / "where.md"
    subprocess.run([sys.executable, str(TOOL), str(made)], check=True)
    assert made.read_text("utf-8") == tool.PAGE.read_text("utf-8"), "run `make requirements`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LED-5, then USE-8.", ["LED-5", "USE-8"]),
        ("(SET-1 to SET-3)", ["SET-1", "SET-2", "SET-3"]),
        ("MKY-1 to 3", ["MKY-1", "MKY-2", "MKY-3"]),
        ("from STL-3 to OPS-1", ["STL-3", "OPS-1"]),
        ("XLED-5 LED-5a LED", []),
    ],
)
def test_what_a_text_names(tool: ModuleType, text: str, expected: list[str]) -> None:
    assert list(tool.named_in(text)) == expected


def test_links_between_the_pages_lead_somewhere(tool: ModuleType) -> None:
    for page in tool.FOLDER.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), (page.name, link)
