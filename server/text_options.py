"""Kinds of options and arguments that commands share: numbers as text, and names."""

import re

import click

from server.texts import is_text, tidy, wanted


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
    """A name that people read, and that printers print (RCP-2)."""

    name = "name"

    def __init__(self, longest: int) -> None:
        self._longest = longest

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the name as it is kept, or end the command."""
        text = str(value)
        if not is_text(text, self._longest):
            self.fail(f"give a name {_of(wanted(text, self._longest).english)}", param, ctx)
        return tidy(text).strip()


def _of(what: str) -> str:
    return what if what.startswith("without") else f"of {what}"
