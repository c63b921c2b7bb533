"""The commands that look after citizens' cards."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from server.citizens.renewals import Renewal, import_renewals
from server.commands import changing, told_in_one_line
from server.ledger.cli import database_option

COLUMNS = ["serial_number", "renews", "last_good_day"]
_SERIAL_NUMBER = re.compile("[0-9A-F]{1,40}")


@click.group()
def citizens() -> None:
    """Look after citizens' cards."""


@citizens.command("import-renewals")
@database_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_renewals_command(database: str, file: Path) -> None:
    """Add the authority's list of renewed certificates: whole, or nothing of it.

    FILE is CSV in UTF-8 with the columns serial_number, renews, last_good_day. What was
    imported before may come again.
    """
    try:
        renewals = list(_read(file))
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not UTF-8: {error}") from error
    except (ValueError, csv.Error, OSError) as error:
        raise click.ClickException(str(error)) from error
    with told_in_one_line(ValueError), changing(database) as opened:
        added = import_renewals(opened, renewals)
    click.echo(f"{added} of {len(renewals)} renewals are new")


def _read(file: Path) -> Iterator[Renewal]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = csv.reader(opened, strict=True)
        if next(lines, None) != COLUMNS:
            raise ValueError(f"{file}: the first line must be {','.join(COLUMNS)}")
        for fields in lines:
            try:
                yield _renewal(fields)
            except ValueError as error:
                raise ValueError(f"{file}, line {lines.line_num}: {error}") from error


def _renewal(fields: list[str]) -> Renewal:
    if len(fields) != len(COLUMNS):
        raise ValueError(f"{len(fields)} fields, not {len(COLUMNS)}")
    serial_number, renews, day = fields
    for number in (serial_number, renews):
        if not _SERIAL_NUMBER.fullmatch(number):
            raise ValueError(f"not a serial number in upper-case hexadecimal: {number!r}")
    if serial_number == renews:
        raise ValueError(f"{serial_number} renews itself")
    return Renewal(serial_number, renews, date.fromisoformat(day))
