"""Kinds of options and arguments that commands share: numbers as text, and names."""

import re
from datetime import date, datetime

import click

from server.clock import TOKYO
from server.texts import is_text, tidy, wanted

DAY_MIN, DAY_MAX = date(2000, 1, 1), date(2199, 12, 31)


def day_of(text: str) -> date:
    """Return the day that a text such as 2026-07-01 is. Raises ValueError."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=TOKYO).date()
    except ValueError:
        raise ValueError(f"{text!r} is no day like 2026-07-01") from None
    if not DAY_MIN <= day <= DAY_MAX:
        raise ValueError(f"{text} is out of range: from {DAY_MIN} to {DAY_MAX}")
    return day


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


class MykeyIdOption(click.ParamType[str]):
    """A MyKey ID, as commands print it."""

    name = "mykey_id"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the MyKey ID, or end the command."""
        text = str(value)
        if not re.fullmatch("[0-9A-Z]{8}", text):
            self.fail(f"{text!r} is no MyKey ID: 8 digits and capital letters", param, ctx)
        return text


class DayOption(click.ParamType[date]):
    """A day that this system may live to see: a slip of the finger is no year."""

    name = "yyyy-mm-dd"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """Return the day, or end the command."""
        try:
            return day_of(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class NameOption(click.ParamType[str]):
    """A name or another text that people read, and that printers print (RCP-2)."""

    name = "name"

    def __init__(self, longest: int, what: str = "a name") -> None:
        self._longest = longest
        self._what = what

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the name as it is kept, or end the command."""
        text = str(value)
        if not is_text(text, self._longest):
            self.fail(f"give {self._what} {_of(wanted(text, self._longest).english)}", param, ctx)
        return tidy(text).strip()


def _of(what: str) -> str:
    return what if what.startswith("without") else f"of {what}"


REASON = NameOption(100, "a reason")
"""Why something is done, as the ledger keeps it."""
