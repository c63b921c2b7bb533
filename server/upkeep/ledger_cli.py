"""The commands that look after the ledger."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
from peewee import Database

from server.audit.sealing import last_audit_seal, seal_trail
from server.clock import Moment, SystemClock
from server.commands.options import database_option, json_option
from server.commands.running import HandOverError, naming_output, note_command, watched
from server.db.engine import open_existing
from server.db.errors import UnusableDatabaseError
from server.ledger.sealing import last_seal, seal_next
from server.ledger.snapshot import check_schema, told
from server.upkeep.export_file import UnfitFileError
from server.upkeep.exporting import export_ledger
from server.upkeep.importing import import_ledger
from server.upkeep.verify import Verified
from server.upkeep.verify import verify as verify_ledger
from server.wording import counted, say


@click.group()
def ledger() -> None:
    """Look after the ledger."""


@ledger.command()
@database_option
@json_option
def verify(database: str, as_json: bool) -> None:
    """Check the whole ledger; exit with 1 and name the first thing wrong.

    Bookings may go on meanwhile: what is checked is the ledger as it stood at one moment.
    """
    with _told_in_one_line(), watched() as progress:
        found = verify_ledger(open_existing(database), progress)
    say(
        verified_json(found),
        f"WRONG: {found.fault}" if found.fault else agreeing(found),
        as_json=as_json,
    )
    sys.exit(1 if found.fault else 0)


@ledger.command()
@database_option
@json_option
def seal(database: str, as_json: bool) -> None:
    """Seal what is not sealed yet, in blocks: the audit trail, then the transactions."""
    with _told_in_one_line():
        found = _seal_all(open_existing(database))
    text = (
        f"{counted(found.blocks, 'block')} with {counted(found.transactions, 'transaction')} sealed"
    )
    if found.last_hash:
        text += f"; the last seal is {found.last_hash}"
    if found.audit_last_hash:
        text += f"; the trail's last seal is {found.audit_last_hash}"
    say(found._asdict(), text, as_json=as_json)


class _Sealed(NamedTuple):
    """What was sealed, and the hashes to keep elsewhere."""

    blocks: int
    transactions: int
    last_hash: str | None
    audit_last_hash: str | None


def _seal_all(database: Database) -> _Sealed:
    with told(database, "cannot be sealed"), database.connection_context():
        check_schema(database)
        seal_trail(database, _now())
        blocks = transactions = 0
        while sealed := seal_next(database, _now()):
            blocks += 1
            transactions += sealed.transactions
        last, trail = last_seal(database), last_audit_seal(database)
        return _Sealed(
            blocks,
            transactions,
            last.hash.hex() if last else None,
            trail.hash.hex() if trail else None,
        )


def _now() -> int:
    return Moment.of(SystemClock().now()).microseconds


@ledger.command("export")
@database_option
@json_option
@click.argument("file", type=click.Path(path_type=Path))
def export(database: str, file: Path, as_json: bool) -> None:
    """Write the whole ledger, as it stands at one moment, to a new FILE as JSON Lines.

    Only you can read FILE. It holds names, IDs and password hashes: keep it as safe as the
    ledger itself. Secrets stay sealed under the master key, which is not in it.
    """
    with _told_in_one_line(file), naming_output(file):
        opened = open_existing(database)
        with watched() as progress:
            written = export_ledger(opened, file, progress)
        note_command(opened)
    found = {"file": str(file), "rows": written.rows, "sha256": written.sha256}
    say(found, f"{file}: {counted(written.rows, 'row')}, SHA-256 {written.sha256}", as_json=as_json)


@ledger.command("import")
@database_option
@json_option
@click.argument("file", type=click.Path(path_type=Path))
def import_(database: str, file: Path, as_json: bool) -> None:
    """Store what an export wrote to FILE in a new database, and verify it.

    Anything wrong: nothing is stored, and what is wrong is named with its line of FILE.
    """
    with _told_in_one_line(file), watched() as progress:
        stored = import_ledger(database, file, progress=progress)
    found = {"file": str(file), "rows": stored.rows, **verified_json(stored.verified)}
    say(
        found,
        f"{file}: {counted(stored.rows, 'row')} stored; {agreeing(stored.verified)}",
        as_json=as_json,
    )


@contextmanager
def _told_in_one_line(file: Path | None = None) -> Iterator[None]:
    try:
        yield
    except (UnusableDatabaseError, UnfitFileError, HandOverError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror or error}") from error


def verified_json(found: Verified) -> dict[str, object]:
    """Return what was checked as `--json` tells it."""
    return {
        "transactions": found.transactions,
        "lots": found.lots,
        "blocks": found.blocks,
        "sealed": found.sealed,
        "unsealed": found.unsealed,
        "last_hash": found.last_hash.hex() if found.last_hash else None,
        "events": found.events,
        "events_sealed": found.events_sealed,
        "audit_last_hash": found.audit_last_hash.hex() if found.audit_last_hash else None,
        "fault": found.fault,
    }


def agreeing(found: Verified) -> str:
    """Return what was found where nothing is wrong."""
    return (
        f"{counted(found.transactions, 'transaction')} and {counted(found.lots, 'lot')} agree; "
        f"{counted(found.sealed, 'transaction')} sealed in {counted(found.blocks, 'block')}, "
        f"{found.unsealed} not sealed yet; "
        f"{found.events_sealed} of {counted(found.events, 'event')} of the audit trail sealed"
    )
