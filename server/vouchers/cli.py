"""The commands jichipoint-server vouchers: the keys that vouchers are signed with."""

from pathlib import Path

import click

from server.chance import SystemChance
from server.clock import Moment, SystemClock, for_machines, for_people
from server.commands.options import (
    database_option,
    json_lines_option,
    json_option,
    master_key_option,
)
from server.commands.running import changing, reading, told_in_one_line
from server.master_key.data_key import open_vault
from server.secrets import MasterKeyError, read_master_key
from server.vouchers.keys import VoucherKeyError, known_keys, make_key, withdraw_key
from server.wording import say, say_if_none


@click.group()
def vouchers() -> None:
    """Look after the keys that vouchers are signed with (VCH-8)."""


@vouchers.command()
@database_option
@json_lines_option
def keys(database: str, as_json: bool) -> None:
    """List the keys, oldest first; what is secret is not shown."""
    with told_in_one_line(), reading(database) as opened:
        found = known_keys(opened)
    for one in found:
        state = "withdrawn" if one.withdrawn_at is not None else "good"
        key_id, public_key = f"{one.key_id:04}", one.public_key.hex()
        made = for_machines(one.made_at)
        told = {"key_id": key_id, "public_key": public_key, "made": made, "state": state}
        text = f"{key_id}  {public_key}  {for_people(one.made_at)}  {state}"
        say(told, text, as_json=as_json)
    say_if_none(found, "there is no key yet: serve makes the first", as_json=as_json)


@vouchers.command("new-key")
@database_option
@master_key_option
@json_option
def new_key(database: str, master_key_file: Path | None, *, as_json: bool) -> None:
    """Make a key; from now on vouchers are signed with it. Older ones stay good."""
    with told_in_one_line(MasterKeyError):
        master_key = read_master_key(master_key_file)
        with changing(database) as opened:
            vault = open_vault(opened, master_key, SystemChance(), SystemClock())
            key_id = make_key(opened, vault, SystemChance(), _now())
    told = {"key_id": f"{key_id:04}", "state": "good"}
    say(told, f"vouchers are signed with key {key_id:04}", as_json=as_json)


@vouchers.command("withdraw-key")
@database_option
@click.argument("key_id", type=click.IntRange(1, 9999))
@json_option
def withdraw(database: str, key_id: int, *, as_json: bool) -> None:
    """Withdraw a key that may be known to others: what it signed is not taken without network."""
    with told_in_one_line(VoucherKeyError), changing(database) as opened:
        withdraw_key(opened, key_id, _now())
    text = f"key {key_id:04} is withdrawn; counters learn it at their next sign-in"
    say({"key_id": f"{key_id:04}", "state": "withdrawn"}, text, as_json=as_json)


def _now() -> int:
    return Moment.of(SystemClock().now()).microseconds
