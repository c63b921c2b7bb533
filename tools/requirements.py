#!/usr/bin/env python3
"""Writes docs/requirements/where.md: where each requirement is built, tested and described.

    python tools/requirements.py [FILE]

A file counts for a row when it names the row's ID. FILE takes the page instead.
"""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "requirements"
PAGE = FOLDER / "where.md"
ROW = re.compile(r"^\| ([A-Z]{3}-\d+) \|", re.MULTILINE)
NAMED = re.compile(r"\b([A-Z]{3})-(\d+)(?: to (?:([A-Z]{3})-)?(\d+))?\b")
TEXTS = {".py", ".proto", ".md", ".sh", ".toml", ".tcss", ".js", ".mjs"}
FOLDERS = ("proto", "server", "counter_tui", "merge_driver", "demo", "tests", "docs")
"""Whose files are listed."""
HEAD = """# Where each requirement is built and tested

Made by `make requirements` from what names each ID. An ID that no file names is not built, or is
built under another one's name: the row's page says what it asks for."""


def rows() -> dict[str, Path]:
    """Return every requirement's ID with its page, in the order of the pages."""
    pages = sorted(page for page in FOLDER.glob("*.md") if page != PAGE)
    return {found: page for page in pages for found in ROW.findall(page.read_text("utf-8"))}


def named_in(text: str) -> Iterator[str]:
    """Give the IDs that a text names; "LED-1 to LED-3" names three."""
    for prefix, first, other, last in NAMED.findall(text):
        if last and other in ("", prefix):
            yield from (f"{prefix}-{number}" for number in range(int(first), int(last) + 1))
        else:
            yield f"{prefix}-{first}"
            if last and other:
                yield f"{other}-{last}"


def files() -> list[Path]:
    """Return the repository's texts, without what is made and the requirements themselves."""
    line = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(  # noqa: S603
        line, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    paths = [ROOT / name for name in listed.splitlines()]
    return [
        path
        for path in sorted(set(paths))
        if path.suffix in TEXTS
        and path.is_file()
        and FOLDER not in path.parents
        and "_pb2" not in path.name
    ]


def places() -> dict[str, list[str]]:
    """Return for each ID the files that name it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in files():
        for one in dict.fromkeys(named_in(path.read_text("utf-8"))):
            found[one].append(str(path.relative_to(ROOT)))
    return found


def main() -> None:
    """Write the page."""
    found = places()
    lines = [HEAD]
    page_before = None
    for one, page in rows().items():
        if page != page_before:
            title = page.read_text("utf-8").splitlines()[0].removeprefix("# ")
            lines += [f"\n## [{title}]({page.name})\n", "| id | built | tested | described |"]
            lines.append("|---|---|---|---|")
            page_before = page
        lines.append(f"| {one} | {' | '.join(_columns(found[one]))} |")
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    target.write_text("\n".join(lines) + "\n", "utf-8")


def _columns(paths: list[str]) -> Iterator[str]:
    of: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        first = path.partition("/")[0]
        column = {"tests": "tested", "docs": "described"}.get(first, "built")
        if first in FOLDERS:
            of[column].append(path)
    for column in ("built", "tested", "described"):
        yield " ".join(f"[{_short(path)}](../../{path})" for path in of[column]) or "—"


def _short(path: str) -> str:
    return path.removeprefix("tests/").removeprefix("docs/").removesuffix(".py")


if __name__ == "__main__":
    main()
