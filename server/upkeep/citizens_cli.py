"""The commands that look after citizens' cards."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import click

from server.chance import SystemChance
from server.citizens.doubles import Double, ToldBy, doubles
from server.citizens.renewals import Renewal, import_renewals
from server.clock import Moment, SystemClock
from server.commands.options import database_option, json_lines_option, json_option
from server.commands.running import (
    changing,
    command_event,
    note_command,
    noting_refusals,
    reading,
    told_in_one_line,
)
from server.commands.text_options import REASON, MykeyIdOption, day_of
from server.ledger.booker import ClockWentBackError
from server.ledger.store import StoreUnavailableError
from server.serial_numbers import SerialNumber, serial_number
from server.service_ids.address_notices import (
    give_notices,
    import_signature_renewals,
    renew_signatures,
)
from server.upkeep.joining import DoubleServiceId, Join, JoinError, join, look_at
from server.wording import counted, say, say_if_none

T = TypeVar("T")

SIGNATURE_COLUMNS = ["serial_number", "renews"]
COLUMNS = ["serial_number", "renews", "last_good_day"]


@click.group()
def citizens() -> None:
    """Look after citizens' cards."""


@citizens.command("import-renewals")
@database_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_renewals_command(database: str, file: Path, *, as_json: bool) -> None:
    """Add the authority's list of renewed certificates: whole, or nothing of it.

    FILE is CSV in UTF-8 with the columns serial_number, renews, last_good_day. What was
    imported before may come again.
    """
    renewals = _read_file(file, COLUMNS, _renewal)
    with told_in_one_line(ValueError), changing(database) as opened:
        added = import_renewals(opened, renewals)
    told = {"file": str(file), "renewals": len(renewals), "new": added}
    say(told, f"{added} of {counted(len(renewals), 'renewal')} new", as_json=as_json)


@citizens.command("import-signature-renewals")
@database_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_signature_renewals_command(database: str, file: Path, *, as_json: bool) -> None:
    """Add the authority's list of renewed signature certificates (SID-2), and watch the new ones.

    FILE is CSV in UTF-8 with the columns serial_number, renews. Import the revocations of the
    same day before: what was revoked as changed is told of the old certificate.
    """
    renewals = _read_file(file, SIGNATURE_COLUMNS, _pair)
    with told_in_one_line(ValueError), changing(database) as opened:
        added = import_signature_renewals(opened, renewals)
        watched = renew_signatures(opened)
    told = {
        "file": str(file),
        "renewals": len(renewals),
        "new": added,
        "registrations_changed": watched,
    }
    text = (
        f"{added} of {counted(len(renewals), 'renewal')} new; "
        f"{counted(watched, 'registration')} changed with them"
    )
    say(told, text, as_json=as_json)


@citizens.command("import-signature-revocations")
@database_option
@click.option(
    "--authority",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A PEM file with the authorities of signature certificates.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_signature_revocations_command(
    database: str, authority: Path, file: Path, *, as_json: bool
) -> None:
    """Notify issuers of addresses that may have changed (SID-2).

    FILE is the authority's list of revoked signature certificates (CRL), PEM or DER. Only those
    revoked as affiliationChanged give a notice, each once.
    """
    # X.509 takes a while to load, and no other command here needs it.
    from server.citizens.anchors import UnusableAnchorError  # noqa: PLC0415
    from server.citizens.signature_revocations import (  # noqa: PLC0415
        UnusableListError,
        changed_serial_numbers,
    )

    now = SystemClock().now()
    with told_in_one_line(UnusableAnchorError, UnusableListError), changing(database) as opened:
        changed = changed_serial_numbers(file, authority, now)
        made = give_notices(opened, changed, Moment.of(now).microseconds)
    told = {"file": str(file), "revoked_as_changed": len(changed), "new_notices": made}
    text = (
        f"{counted(len(changed), 'certificate')} revoked as changed; {counted(made, 'new notice')}"
    )
    say(told, text, as_json=as_json)


@citizens.command("doubles")
@database_option
@json_lines_option
def doubles_command(database: str, *, as_json: bool) -> None:
    """List persons with two MyKey IDs, as far as certificates and the imported lists tell (MKY-1).

    Nothing is changed.
    """
    with told_in_one_line(), reading(database) as opened:
        found = doubles(opened)
    note_command(opened)
    for one in found:
        say(one._asdict(), _shown(one), as_json=as_json)
    say_if_none(found, "certificates tell of no double", as_json=as_json)


@citizens.command("join")
@database_option
@click.argument("mykey_id", type=MykeyIdOption())
@click.argument("double", type=MykeyIdOption())
@click.option(
    "--reason",
    type=REASON,
    help="How it is known that both are one person's; the ledger keeps it.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be carried over, and change nothing.")
@json_option
def join_command(
    database: str, mykey_id: str, double: str, *, reason: str | None, dry_run: bool, as_json: bool
) -> None:
    """Give all of DOUBLE to MYKEY_ID, and revoke DOUBLE for good (MKY-1).

    Points keep their last good days; cards and numbers find MYKEY_ID from then on. There is no
    way back: look with --dry-run first, and make sure that both are one person's.
    """
    if dry_run == (reason is not None):
        raise click.UsageError("say why with --reason, or look first with --dry-run")
    errors = (JoinError, ClockWentBackError, StoreUnavailableError)
    with told_in_one_line(*errors), reading(database) as opened, noting_refusals(opened):
        found = look_at(opened, mykey_id, double)
        if reason is not None:
            found = join(
                opened, SystemClock(), SystemChance(), found, reason=reason, event=command_event
            )
    if dry_run:
        note_command(opened)
    say(
        _join_as_json(found, dry_run=dry_run),
        _join_in_words(found, dry_run=dry_run),
        as_json=as_json,
    )


def _join_as_json(found: Join, *, dry_run: bool) -> dict[str, object]:
    return {
        "mykey_id": found.staying.mykey_id,
        "double": found.double.mykey_id,
        "dry_run": dry_run,
        "transaction_number": found.transaction_number,
        "points": [asdict(one) for one in found.points],
        "cards": found.cards,
        "service_ids": [asdict(one) for one in found.service_ids],
    }


def _join_in_words(found: Join, *, dry_run: bool) -> str:
    number = f", transaction {found.transaction_number}" if found.transaction_number else ""
    done = "would be joined" if dry_run else "joined"
    lines = [f"{found.double.mykey_id} {done} into {found.staying.mykey_id}{number}"]
    lines += [
        f"{one.program_id}  {one.points:,} points  {one.program_name}" for one in found.points
    ]
    lines.append(counted(found.cards, "card"))
    lines += [_service_id_in_words(one) for one in found.service_ids]
    return "\n".join(lines)


def _service_id_in_words(one: DoubleServiceId) -> str:
    ends = f"  ends: {one.instead} is the number there" if one.instead is not None else ""
    return f"{one.issuer_id}  number {one.customer_id}{ends}"


def _shown(one: Double) -> str:
    if one.told_by == ToldBy.CERTIFICATE_RENEWAL:
        why = f"certificate {one.serial_number} renews {one.renews}"
    else:
        why = f"both have signature certificate {one.serial_number}"
    return f"{one.mykey_id}  {one.double}  {why}"


def _read_file(file: Path, columns: list[str], build: Callable[[list[str]], T]) -> list[T]:
    try:
        return list(_read(file, columns, build))
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not UTF-8: save it as CSV UTF-8") from error
    except (ValueError, csv.Error, OSError) as error:
        raise click.ClickException(str(error)) from error


def _read(file: Path, columns: list[str], build: Callable[[list[str]], T]) -> Iterator[T]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = csv.reader(opened, strict=True)
        if next(lines, None) != columns:
            raise ValueError(f"{file}: the first line must be {','.join(columns)}")
        for fields in lines:
            try:
                if len(fields) != len(columns):
                    raise ValueError(f"{counted(len(fields), 'field')}, not {len(columns)}")
                yield build(fields)
            except ValueError as error:
                raise ValueError(f"{file}, line {lines.line_num}: {error}") from error


def _renewal(fields: list[str]) -> Renewal:
    new, old = _pair(fields[:2])
    last_good_day = day_of(fields[2])
    return Renewal(new, old, last_good_day)


def _pair(fields: list[str]) -> tuple[SerialNumber, SerialNumber]:
    new, old = map(serial_number, fields)
    if new == old:
        raise ValueError(f"{fields[0]} renews itself")
    return new, old
