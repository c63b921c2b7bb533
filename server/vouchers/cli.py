"""The commands jichipoint-server vouchers: the keys that vouchers are signed with."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
from peewee import Database

from server.chance import SystemChance
from server.clock import Moment, SystemClock, to_datetime
from server.db.engine import open_existing
from server.db.errors import UnusableDatabaseError
from server.ledger.cli import database_option
from server.ledger.engines import writing
from server.ledger.snapshot import check_schema
from server.secrets import MasterKeyError, Vault, read_master_key
from server.vouchers.keys import VoucherKeyError, known_keys, make_key, withdraw_key

T = TypeVar("T")


@click.group()
def vouchers() -> None:
    """Look after the keys that vouchers are signed with (VCH-8)."""


@vouchers.command()
@database_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def keys(database: str, as_json: bool) -> None:
    """List the keys, oldest first; what is secret is not shown."""
    with _told_in_one_line():
        opened = open_existing(database)
        with opened.connection_context():
            check_schema(opened)
            found = known_keys(opened)
    for one in found:
        state = "withdrawn" if one.withdrawn_at is not None else "good"
        told = {
            "key_id": f"{one.key_id:04}",
            "public_key": one.public_key.hex(),
            "made": to_datetime(one.made_at).isoformat(timespec="seconds"),
            "state": state,
        }
        click.echo(json.dumps(told) if as_json else "  ".join(told.values()))


@vouchers.command("new-key")
@database_option
@click.option("--master-key-file", type=click.Path(path_type=Path))
def new_key(database: str, master_key_file: Path | None) -> None:
    """Make a key; from now on vouchers are signed with it. Older ones stay good."""
    with _told_in_one_line():
        vault = Vault(read_master_key(master_key_file), SystemChance())
        key_id = _write(database, lambda opened, now: make_key(opened, vault, SystemChance(), now))
    click.echo(f"vouchers are signed with key {key_id:04}")


@vouchers.command("withdraw-key")
@database_option
@click.argument("key_id", type=click.IntRange(1, 9999))
def withdraw(database: str, key_id: int) -> None:
    """Withdraw a key that may be known to others: what it signed is not taken without network."""
    with _told_in_one_line():
        _write(database, lambda opened, now: withdraw_key(opened, key_id, now))
    click.echo(f"key {key_id:04} is withdrawn; counters learn it at their next sign-in")


def _write(url: str, work: Callable[[Database, int], T]) -> T:
    opened = open_existing(url)
    now = Moment.of(SystemClock().now()).microseconds
    with opened.connection_context():
        check_schema(opened)
        with writing(opened):
            return work(opened, now)


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    try:
        yield
    except (UnusableDatabaseError, MasterKeyError, VoucherKeyError) as error:
        raise click.ClickException(str(error)) from error
