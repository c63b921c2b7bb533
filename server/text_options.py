"""Kinds of options and arguments that commands share: numbers as text, and names."""

import re

import click

_WIDE_SPACE = "\u3000"
"""Japanese names have it; Python does not count it as printable."""


class DigitsOption(click.ParamType[str]):
    """A number that is a text of so many digits, such as an ID."""

    def __init__(self, name: str, what: str, count: int) -> None:
        self.name = name
        self._what = what
        self._count = count

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text, or end the command."""
        text = str(value)
        if not re.fullmatch(f"[0-9]{{{self._count}}}", text):
            self.fail(f"{text!r} is not {self._what} of {self._count} digits", param, ctx)
        return text


class NameOption(click.ParamType[str]):
    """A name that people read."""

    name = "name"

    def __init__(self, longest: int) -> None:
        self._longest = longest

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the name, or end the command."""
        text = str(value)
        shown = text.replace(_WIDE_SPACE, " ")
        if not 1 <= len(text) <= self._longest or not shown.isprintable() or not shown.strip():
            self.fail(f"a name has 1 to {self._longest} printable characters", param, ctx)
        return text
