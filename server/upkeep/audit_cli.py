"""The commands jichipoint-server audit: looking into the trail (SEC-5)."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import wraps
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import click

from server.audit.searching import FoundEvent, Wanted, found_events, newest_events
from server.clock import TOKYO, Moment, for_machines, for_people
from server.commands.options import database_option, json_lines_option, json_option
from server.commands.running import new_output, note_command, told_in_one_line
from server.db.engine import open_existing
from server.ledger.snapshot import snapshot
from server.wording import counted, say, say_if_none

LIMIT, LIMIT_MAX = 100, 100_000
_DAY_FORM = "%Y-%m-%d"
_TIME_FORMS = (_DAY_FORM, "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
_COLUMNS = (
    "event_id",
    "time",
    "caller",
    "person",
    "machine",
    "address",
    "action",
    "result",
    "request_id",
    "transaction_number",
    "subject",
    "times",
)


class _Printable(click.ParamType[str]):
    """A text that the trail can hold."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = str(value)
        if not text.isprintable():
            self.fail("it has characters that cannot be printed", param, ctx)
        return text


class _Moment(click.ParamType[int]):
    """A day or a time in Japan, as microseconds since 1970-01-01T00:00:00Z."""

    name = "yyyy-mm-dd[thh:mm]"

    def __init__(self, *, is_end: bool = False) -> None:
        self._is_end = is_end

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = str(value)
        for form in _TIME_FORMS:
            try:
                time = datetime.strptime(text, form).replace(tzinfo=TOKYO)
            except ValueError:
                continue
            try:
                is_whole_day = self._is_end and form == _DAY_FORM
                return Moment.of(time + timedelta(days=1) if is_whole_day else time).microseconds
            except OverflowError:
                self.fail(f"{text!r} is out of range: the trail has no such time", param, ctx)
        return self.fail(f"{text!r} is none like 2026-07-01 or 2026-07-01T09:30", param, ctx)


@click.group()
def audit() -> None:
    """Look into the audit trail: who did what and when, refusals too."""


def wanted_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of Wanted, which it gets as `wanted`."""

    @wraps(command)
    def with_wanted(first: int | None, last: int | None, **others: str | int | Path | None) -> None:
        names = Wanted.__dataclass_fields__.keys() & others.keys()
        told = {name: others.pop(name) for name in names}
        command(wanted=Wanted(first, last, **told), **others)  # type: ignore[arg-type]

    text = _Printable()
    options = (
        click.option("--from", "first", type=_Moment(), help="The first day or time, in Japan."),
        click.option(
            "--to",
            "last",
            type=_Moment(is_end=True),
            help="The last day, or the time to stop before.",
        ),
        click.option(
            "--terminal", "terminal_id", type=text, help="A terminal's calls and sign-ins."
        ),
        click.option("--caller", type=text, help="terminal:ID, issuer:ID or command:USER."),
        click.option("--person", type=text, help="Who was typed at sign-in."),
        click.option("--action", type=text, help="A part of the method or the command."),
        click.option("--result", type=text, help="OK, or the reason of a refusal."),
        click.option("--about", type=text, help="A part of the subject, such as a MyKey ID."),
        click.option("--address", type=text, help="Where calls came from."),
        click.option("--request", "request_id", type=text, help="A booking's request ID."),
    )
    wrapped: Callable[..., None] = with_wanted
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


@audit.command()
@database_option
@wanted_options
@click.option(
    "--limit",
    type=click.IntRange(1, LIMIT_MAX),
    default=LIMIT,
    show_default=True,
    help="So many, the newest of them.",
)
@json_lines_option
def search(database: str, wanted: Wanted, limit: int, as_json: bool) -> None:
    """Show the newest events that fit, oldest first."""
    with told_in_one_line():
        opened = open_existing(database)
        with snapshot(opened):
            found = list(newest_events(opened, wanted, limit))
    for one in reversed(found):
        say(_told(one), "  ".join(_shown(one)), as_json=as_json)
    say_if_none(found, "no event fits", as_json=as_json)


@audit.command()
@database_option
@wanted_options
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def export(database: str, wanted: Wanted, file: Path, *, as_json: bool) -> None:
    """Write the events that fit to FILE as CSV (UTF-8): a new file, for its owner alone."""
    with told_in_one_line():
        opened = open_existing(database)
        with snapshot(opened), new_output(file) as raw:
            text = TextIOWrapper(raw, "utf-8-sig", newline="")
            count = _write_csv(text, found_events(opened, wanted))
            text.detach()
        note_command(opened)
    told = {"file": str(file), "events": count}
    say(told, f"{file}: {counted(count, 'event')}", as_json=as_json)


def _write_csv(text: TextIO, found: Iterator[FoundEvent]) -> int:
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    count = 0
    for one in found:
        writer.writerow({name: _harmless(value) for name, value in _told(one).items()})
        count += 1
    return count


def _harmless(value: str | int) -> str | int:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@" and value else value


def _told(found: FoundEvent) -> dict[str, str | int]:
    event = found.event
    given = {
        **event._asdict(),
        "event_id": found.event_id,
        "time": for_machines(event.noted_at, timespec="milliseconds"),
        "transaction_number": found.transaction_number,
    }
    return {name: given[name] for name in _COLUMNS}


def _shown(found: FoundEvent) -> Iterator[str]:
    told = _told(found)
    yield for_people(found.event.noted_at)
    yield str(told["caller"] or "-")
    yield str(told["action"])
    yield str(told["result"])
    for name in ("person", "address", "transaction_number", "subject"):
        if told[name]:
            yield str(told[name])
    if told["times"] != 1:
        yield f"{found.event.times} times"
