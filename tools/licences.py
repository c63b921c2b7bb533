#!/usr/bin/env python3
"""Writes docs/licences.md: the packages that each extra installs, and their licences.

    python tools/licences.py [FILE]

It reads what is installed beside it. FILE takes the page instead of docs/licences.md.
"""

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).resolve().parents[1] / "docs" / "licences.md"
EXTRAS = ("server", "postgres", "counter", "card", "typing", "merge", "merge-acknowledge")
"""What is installed to be used; packages for developing are not listed."""
HEAD = """# Licences

jichipoint itself is under the [MIT licence](../LICENSE). These are the packages that its extras \
install on Linux, as they name their licences themselves. `make licences` writes this page anew.

| package | licence | installed by |
|---|---|---|
"""
LONGEST = 60
IN_THEIR_FILES = {"peewee": "MIT"}
"""What a package's licence file says, where its metadata say nothing."""


def main() -> None:
    """Write the page."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    target.write_text(page(), "utf-8")


def page() -> str:
    """Return the page's text."""
    users: dict[str, list[str]] = {}
    for extra in EXTRAS:
        for name in sorted(installed_by(extra)):
            users.setdefault(name, []).append(extra)
    rows = (
        f"| {name} | {licence(distribution(name))} | {', '.join(users[name])} |\n"
        for name in sorted(users)
    )
    return HEAD + "".join(rows)


def installed_by(extra: str) -> set[str]:
    """Return the names of all packages that an extra brings, near and far."""
    found: set[str] = set()
    waiting = list(_required("jichipoint", {extra}))
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name == "jichipoint":
            waiting += _required(name, requirement.extras)
        elif name not in found and _is_installed(name):
            found.add(name)
            waiting += _required(name, requirement.extras)
    return found


def _required(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    wanted = set(extras) or {""}
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": one}) for one in wanted | {""}):
            yield requirement


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def licence(package: Distribution) -> str:
    """Return the licence that a package names: as an expression, a classifier or a short text."""
    metadata = package.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = metadata.get_all("Classifier") or []
    named = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: ")]
    text = metadata["License"].strip().partition("\n")[0] if "License" in metadata else ""
    return ", ".join(named) or text[:LONGEST] or IN_THEIR_FILES.get(package.name, "not named")


if __name__ == "__main__":
    main()
