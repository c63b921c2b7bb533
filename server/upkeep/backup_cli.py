"""The commands jichipoint-server backup and restore (OPS-3)."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from peewee import Database

from server.chance import SystemChance
from server.clock import SystemClock
from server.commands.options import database_option, json_option, master_key_option
from server.commands.running import note_command, told_in_one_line, watched
from server.db.engine import open_existing
from server.master_key.data_key import open_vault
from server.master_key.sealed_columns import check_secrets
from server.secrets import MasterKeyError, read_master_key
from server.upkeep.backing_up import back_up
from server.upkeep.backing_up import restore as restore_ledger
from server.upkeep.export_file import UnfitFileError
from server.upkeep.ledger_cli import agreeing, verified_json
from server.wording import counted, say

KEEP_MAX = 10_000


class BackupError(Exception):
    """A file cannot be read or written; the message says why."""


@click.command()
@database_option
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(1, KEEP_MAX),
    help="Remove all but so many of the newest backups in FOLDER.",
)
@json_option
def backup(database: str, folder: Path, keep: int | None, *, as_json: bool) -> None:
    """Write a backup of the ledger into FOLDER, while the server runs.

    Only you can read the file. It holds names, IDs and password hashes. Secrets stay sealed:
    keep the master key elsewhere, and keep it.
    """
    with told_in_one_line(BackupError), _ended_in_order():
        opened = open_existing(database)
        try:
            with watched() as progress:
                written = back_up(opened, folder, SystemClock().now(), keep, progress)
        except FileExistsError as error:
            raise BackupError(f"{error.filename} is there already: try again") from None
        except OSError as error:
            raise BackupError(f"{folder}: {error.strerror or error}") from None
        note_command(opened)
    told = {
        "file": str(written.file),
        "rows": written.rows,
        "bytes": written.bytes,
        "sha256": written.sha256,
        "removed": written.removed,
    }
    text = f"{written.file}: {counted(written.rows, 'row')}, {counted(written.bytes, 'byte')}"
    say(told, text, as_json=as_json)


@click.command()
@database_option
@master_key_option
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def restore(database: str, master_key_file: Path | None, file: Path, *, as_json: bool) -> None:
    """Make a ledger of a backup in a new database, and verify it.

    Anything wrong, also a master key that does not fit: nothing is kept. Terminals sign in again.
    """
    with told_in_one_line(BackupError, MasterKeyError, UnfitFileError), _ended_in_order():
        key = read_master_key(master_key_file)

        def check_key(stored: Database) -> None:
            check_secrets(stored, open_vault(stored, key, SystemChance(), SystemClock()))

        try:
            with watched() as progress:
                stored = restore_ledger(database, file, check_key, progress)
        except OSError as error:
            raise BackupError(f"{file}: {error.strerror or error}") from None
        note_command(open_existing(database))
    told = {"file": str(file), "rows": stored.rows, **verified_json(stored.verified)}
    text = f"{file}: {counted(stored.rows, 'row')} restored; {agreeing(stored.verified)}"
    say(told, text, as_json=as_json)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does: what is half written goes."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
