"""The commands that a page prints: its blocks marked `sh`, and what follows them as output."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.printed.stand_ins import STAND_INS

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """Commands, which way of the page they are on (`sh WAY`), and what they print if it is told."""

    way: str
    commands: tuple[str, ...]
    printed: str | None


def blocks_of(page: str) -> list[Block]:
    """The blocks with commands, in their order."""
    found = list(BLOCK.finditer((DOCS / page).read_text("utf-8")))
    return list(_read(found))


def _read(found: list[re.Match[str]]) -> Iterator[Block]:
    for place, block in enumerate(found):
        language, _, way = block[1].partition(" ")
        if language != "sh":
            continue
        after = found[place + 1] if place + 1 < len(found) else None
        follows = after is not None and after[1] == "" and after.start() == block.end() + 2
        yield Block(way, _commands(block[2]), after[2] if follows and after else None)


def _commands(text: str) -> tuple[str, ...]:
    """One for each line; a line goes on behind a backslash."""
    return tuple(re.sub(r"\\\n", "", text).splitlines())


def unmarked_commands(page: str) -> list[str]:
    """Lines that look like commands in blocks that are not marked `sh`."""
    text = (DOCS / page).read_text("utf-8")
    names = "|".join([*STAND_INS, "export", "cp", "mv", "rm", "ls", "docker"])
    calls = re.compile(rf"^(?:\S*/)?(?:jichipoint-\w+|{names}) .*$", re.MULTILINE)
    unmarked = [block[2] for block in BLOCK.finditer(text) if not block[1].startswith("sh")]
    return [line for block in unmarked for line in calls.findall(block)]
