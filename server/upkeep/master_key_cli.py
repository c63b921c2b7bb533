"""The commands jichipoint-server master-key: made, checked and exchanged (SEC-4)."""

from pathlib import Path

import click
from peewee import Database

from server.chance import SystemChance
from server.clock import SystemClock
from server.commands.options import database_option, json_option, master_key_option
from server.commands.running import changing, reading, told_in_one_line
from server.db.engine import open_existing
from server.db.sqlite import sqlite_path
from server.master_key.data_key import (
    exchange_data_key,
    exchange_master_key,
    existing_vault,
    is_sealed_with,
    open_vault,
)
from server.master_key.making import write_master_key
from server.master_key.sealed_columns import check_secrets
from server.secrets import MasterKeyError, read_master_key
from server.training.databases import beside, refuse_ledger_itself
from server.wording import counted, say

_new_key_option = click.option(
    "--new-master-key-file",
    type=click.Path(path_type=Path),
    required=True,
    help="The file with the key that takes the old one's place; master-key new makes one.",
)


@click.group("master-key")
def master_key() -> None:
    """Make, check and exchange the key under which secrets are kept."""


@master_key.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def new(file: Path, *, as_json: bool) -> None:
    """Make a master key in FILE: a new file, for its owner alone.

    Keep a copy apart from the database and its backups: without it no secret can be opened.
    """
    with told_in_one_line(MasterKeyError):
        write_master_key(file, SystemChance())
    say({"file": str(file)}, f"{file}: keep a copy apart from the database", as_json=as_json)


@master_key.command()
@database_option
@master_key_option
@json_option
def check(database: str, master_key_file: Path | None, *, as_json: bool) -> None:
    """Open every secret in the database with the key; exit with 1 where one cannot be."""
    with told_in_one_line(MasterKeyError), reading(database) as opened:
        key = read_master_key(master_key_file)
        check_secrets(opened, existing_vault(opened, key, SystemChance()))
    text = "the master key fits, and every secret can be opened"
    say({"fits": True}, text, as_json=as_json)


@master_key.command()
@database_option
@master_key_option
@_new_key_option
@click.option("--training-database", metavar="URL", help="The training ledger, as for serve.")
@click.option(
    "--new-data-key",
    is_flag=True,
    help="Seal every secret anew, for a key that may be known to others: stop the servers first.",
)
@json_option
def rotate(
    database: str,
    master_key_file: Path | None,
    new_master_key_file: Path,
    *,
    training_database: str | None,
    new_data_key: bool,
    as_json: bool,
) -> None:
    """Exchange the master key. Servers go on; start them with the new key from then on.

    A command that was interrupted is run again with the same keys.
    """
    training = training_database or beside(database)
    with told_in_one_line(MasterKeyError):
        before, after = read_master_key(master_key_file), read_master_key(new_master_key_file)
        if before == after:
            raise MasterKeyError("both files hold the same key: make another with master-key new")
        told: dict[str, str] = {}
        if training and (training_database or _is_there(training)):
            refuse_ledger_itself(open_existing(database), open_existing(training))
            told["training"] = _exchange(training, before, after, new_data_key)
        told["ledger"] = _exchange(database, before, after, new_data_key)
    text = (
        f"{'; '.join(f'{which}: {what}' for which, what in told.items())}\n"
        f"from now on servers start with {new_master_key_file}: name it as ledger.master_key_file "
        f"in the configuration, or with --master-key-file. Keep the key before for older backups."
    )
    say(told, text, as_json=as_json)


def _is_there(beside_ledger: str) -> bool:
    """Whether an SQLite ledger has a training ledger beside it; one that is named has to be."""
    return sqlite_path(beside_ledger).exists()


def _exchange(url: str, before: bytes, after: bytes, with_data_key: bool) -> str:
    with changing(url) as opened:
        return _exchange_in(opened, before, after, with_data_key)


def _exchange_in(database: Database, before: bytes, after: bytes, with_data_key: bool) -> str:
    chance, clock = SystemChance(), SystemClock()
    is_done = is_sealed_with(database, after, chance)
    if is_done and not with_data_key:
        return "the new key is in use already"
    if not is_done:
        open_vault(database, before, chance, clock)
    if with_data_key:
        present = after if is_done else before
        count = exchange_data_key(database, present, after, chance, clock)
        return f"{counted(count, 'secret')} sealed anew"
    exchange_master_key(database, before, after, chance, clock)
    return "the new key is in use"
