"""What the commands of jichipoint-server say to people: counts, and that there is nothing."""

from collections.abc import Sequence

import click


def counted(count: int, one: str) -> str:
    """Return a number with what it counts: 1 block, 2 blocks."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def say_if_none(found: Sequence[object], nothing: str, *, as_json: bool) -> None:
    """Say that a list is empty; a program sees that it got no line."""
    if not found and not as_json:
        click.echo(nothing)
