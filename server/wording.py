"""What the commands of jichipoint-server say, to people and as JSON to programs."""

import json
from collections.abc import Mapping, Sequence

import click


def counted(count: int, one: str) -> str:
    """Return a number with what it counts: 1 block, 2 blocks."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def say(told: Mapping[str, object], text: str, *, as_json: bool) -> None:
    """Print what was found or done: as one JSON object for programs, in words for people."""
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else text)


def say_if_none(found: Sequence[object], nothing: str, *, as_json: bool) -> None:
    """Say that a list is empty; a program sees that it got no line."""
    if not found and not as_json:
        click.echo(nothing)
