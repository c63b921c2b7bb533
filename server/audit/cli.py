"""The commands jichipoint-server audit: looking into the trail (SEC-5)."""

import csv
import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TextIO

import click

from server.audit.searching import FoundEvent, Wanted, found_events
from server.clock import TOKYO, Moment, to_datetime
from server.commands import told_in_one_line
from server.db.engine import open_existing
from server.ledger.snapshot import snapshot
from server.options import database_option

LIMIT, LIMIT_MAX = 100, 100_000
_TIME_FORMS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
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


class FileNotWrittenError(Exception):
    """The export was not written; the message says why."""


@click.group()
def audit() -> None:
    """Look into the audit trail: who did what and when, refusals too."""


def wanted_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of Wanted, which it gets as `wanted`."""

    @wraps(command)
    def with_wanted(
        first: datetime | None, last: datetime | None, **others: str | int | Path | None
    ) -> None:
        names = Wanted.__dataclass_fields__.keys() & others.keys()
        told = {name: others.pop(name) for name in names}
        command(wanted=Wanted(_since(first), _until(last), **told), **others)  # type: ignore[arg-type]

    time = click.DateTime(_TIME_FORMS)
    options = (
        click.option("--from", "first", type=time, help="The first day or time, in Japan."),
        click.option("--to", "last", type=time, help="The last day, or the time to stop before."),
        click.option("--terminal", "terminal_id", help="A terminal's calls and sign-ins."),
        click.option("--caller", help="terminal:ID, issuer:ID or command:USER."),
        click.option("--person", help="Who was typed at sign-in."),
        click.option("--action", help="A part of the method or the command."),
        click.option("--result", help="OK, or the reason of a refusal."),
        click.option("--about", help="A part of the subject, such as a MyKey ID."),
        click.option("--address", help="Where calls came from."),
        click.option("--request", "request_id", help="A booking's request ID."),
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
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def search(database: str, wanted: Wanted, limit: int, as_json: bool) -> None:
    """Show the newest events that fit, oldest first."""
    with told_in_one_line():
        opened = open_existing(database)
        with snapshot(opened):
            found = deque(found_events(opened, wanted), maxlen=limit)
    for one in found:
        told = _told(one)
        if as_json:
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            click.echo("  ".join(_shown(told)))


@audit.command()
@database_option
@wanted_options
@click.argument("file", type=click.Path(path_type=Path))
def export(database: str, wanted: Wanted, file: Path) -> None:
    """Write the events that fit to FILE as CSV (UTF-8): a new file, for its owner alone."""
    with told_in_one_line(FileNotWrittenError):
        opened = open_existing(database)
        with snapshot(opened), _new_file(file) as text:
            count = _write_csv(text, found_events(opened, wanted))
    click.echo(f"{file}: {count} events")


@contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """Open a new file for its owner alone; it goes again where it is not written whole."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileNotWrittenError(f"{path} is there already: name a new file") from None
    except OSError as error:
        raise FileNotWrittenError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as text:
            yield text
            text.flush()
            os.fsync(text.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FileNotWrittenError(f"{path}: cannot be written: {error.strerror}") from None
        raise


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
    time = to_datetime(event.noted_at).astimezone(TOKYO).isoformat(timespec="milliseconds")
    given = {
        **event._asdict(),
        "event_id": found.event_id,
        "time": time,
        "transaction_number": found.transaction_number,
    }
    return {name: given[name] for name in _COLUMNS}


def _shown(told: dict[str, str | int]) -> Iterator[str]:
    yield str(told["time"])
    yield str(told["caller"] or "-")
    yield str(told["action"])
    yield str(told["result"])
    for name in ("person", "address", "transaction_number", "subject"):
        if told[name]:
            yield str(told[name])
    if told["times"] != 1:
        yield f"{told['times']} times"


def _since(first: datetime | None) -> int | None:
    return Moment.of(first.replace(tzinfo=TOKYO)).microseconds if first else None


def _until(last: datetime | None) -> int | None:
    """Return the moment to stop before; a day is meant whole."""
    if last is None:
        return None
    is_day = (last.hour, last.minute, last.second) == (0, 0, 0)
    end = last + timedelta(days=1) if is_day else last
    return Moment.of(end.replace(tzinfo=TOKYO)).microseconds
