"""The commands jichipoint-server streets: how streets take merges, and their keys (MRG, TRM-3)."""

import re
from codecs import BOM_UTF8
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from merge_driver.address import is_address
from merge_driver.codec import IdKind
from merge_driver.keys import dump_key_file
from server.callers.certificates import fingerprint_of
from server.chance import SystemChance
from server.clock import Moment, SystemClock
from server.commands.options import (
    database_option,
    json_lines_option,
    json_option,
    master_key_option,
)
from server.commands.running import changing, handing_over, reading, told_in_one_line
from server.commands.text_options import DayOption
from server.issuers.cli import ISSUER_ID
from server.master_key.data_key import open_vault
from server.secrets import MasterKeyError, read_master_key
from server.streets.keeping import (
    KeptKey,
    KeptStreet,
    StreetError,
    add_certificate,
    end_key,
    kept_street,
    kept_streets,
    make_key,
    remove_certificate,
    set_street,
)
from server.wording import say, say_if_none

OVERLAP_DAYS, OVERLAP_DAYS_MAX = 30, 400
_DAY = DayOption()
_SHA256 = re.compile("[0-9A-Fa-f]{64}")
_IDS = {IdKind.STREET: "the street's own numbers", IdKind.MYKEY: "MyKey IDs"}


@click.group()
def streets() -> None:
    """Keep the shopping streets' merge settings and keys."""


@streets.command("list")
@database_option
@json_lines_option
def list_command(database: str, as_json: bool) -> None:
    """List streets and their keys; no secret is shown."""
    with told_in_one_line(), reading(database) as opened:
        found = kept_streets(opened)
    for one in found:
        say(asdict(one), _shown(one), as_json=as_json)
    say_if_none(found, "no street has merge settings yet", as_json=as_json)


def _shown(one: KeptStreet) -> str:
    pattern = f" like {one.id_pattern}" if one.id_pattern else ""
    ids = f"{_IDS[IdKind(one.id_kind)]}{pattern}"
    own = f"{one.issuer_id}  {one.name}  profile {one.profile}  {ids}"
    certificates = (f"  certificate {fingerprint}" for fingerprint in one.certificates)
    return "\n".join([own, *map(_key_shown, one.keys), *certificates])


def _key_shown(key: KeptKey) -> str:
    until = f"until {key.valid_until}" if key.valid_until else "on"
    ids = _IDS[IdKind(key.id_kind)]
    return f"  key {key.key_id}  profile {key.profile}  {ids}  from {key.valid_from} {until}"


@streets.command("set")
@database_option
@master_key_option
@click.argument("issuer_id", type=ISSUER_ID)
@click.option(
    "--profile",
    type=click.IntRange(1, 2),
    help="2 (AES-GCM with HMAC), or 1 for a system that follows the manual. A new street: 2.",
)
@click.option(
    "--id-kind",
    type=click.Choice([*IdKind], case_sensitive=False),
    help="STREET where its system knows customers by the street's own number, MYKEY by MyKey ID.",
)
@click.option("--id-pattern", help="A regular expression for the whole ID; '' for any.")
@json_option
def set_command(
    database: str,
    master_key_file: Path | None,
    issuer_id: str,
    *,
    as_json: bool,
    **options: int | str | None,
) -> None:
    """Give a street its merge settings, or change some.

    They hold for keys that are made from now on, because its reader knows them from the key file.
    """
    settings = {name: value for name, value in options.items() if value is not None}
    with told_in_one_line(StreetError, MasterKeyError), changing(database) as opened:
        chance = SystemChance()
        vault = open_vault(opened, read_master_key(master_key_file), chance, SystemClock())
        set_street(opened, vault, chance, issuer_id, settings)
        told = asdict(kept_street(opened, issuer_id))
    text = f"the settings of {issuer_id} hold for its next key: make one with make-key"
    say(told, text, as_json=as_json)


@streets.command("make-key")
@database_option
@master_key_option
@click.argument("issuer_id", type=ISSUER_ID)
@click.option("--from", "first", type=_DAY, required=True, help="The first day it is used.")
@click.option("--server", required=True, metavar="HOST:PORT", help="Where the street signs in.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The key file; it is made new, for its owner alone.",
)
@click.option(
    "--overlap-days",
    type=click.IntRange(1, OVERLAP_DAYS_MAX),
    default=OVERLAP_DAYS,
    show_default=True,
    help="How long the key before is good beside it.",
)
@click.option("--new-client-secret", is_flag=True, help="The street's system gets another secret.")
@json_option
def make_key_command(
    database: str,
    master_key_file: Path | None,
    issuer_id: str,
    *,
    first: date,
    server: str,
    out: Path,
    overlap_days: int,
    new_client_secret: bool,
    as_json: bool,
) -> None:
    """Make a street's next key, and hand it over as a key file: once, and never again.

    Bring the file to the street before the first day; there, merge-driver keys import takes it.
    """
    if not is_address(server):
        raise click.UsageError(f"--server {server!r} is not HOST:PORT")
    today = Moment.of(SystemClock().now())
    if first < today.day:
        raise click.UsageError(f"--from {first} is past: {today.day} at the earliest")
    with (
        told_in_one_line(StreetError, MasterKeyError),
        handing_over(out) as hand_over,
        changing(database) as opened,
    ):
        chance = SystemChance()
        vault = open_vault(opened, read_master_key(master_key_file), chance, SystemClock())
        made = make_key(
            opened,
            vault,
            chance,
            issuer_id,
            first,
            overlap_days=overlap_days,
            now=today.microseconds,
            renew_client_secret=new_client_secret,
        )
        hand_over(dump_key_file(made.key, server, made.client_secret).encode("utf-8"))
    key_id = made.key.key_id
    told = {
        "file": str(out),
        "issuer_id": issuer_id,
        "key_id": key_id,
        "valid_from": first.isoformat(),
    }
    say(told, f"{out}: key {key_id} of {issuer_id}, from {first} on", as_json=as_json)


@streets.command("end-key")
@database_option
@click.argument("issuer_id", type=ISSUER_ID)
@click.argument("key_id", type=click.IntRange(1, 4_294_967_295))
@click.option("--last-day", type=_DAY, required=True, help="The last day it is used.")
@json_option
def end_key_command(
    database: str, issuer_id: str, key_id: int, *, last_day: date, as_json: bool
) -> None:
    """Let a key end earlier or later. Without a key for the day, nothing can be merged."""
    with told_in_one_line(StreetError), changing(database) as opened:
        end_key(opened, issuer_id, key_id, last_day)
    told = {"issuer_id": issuer_id, "key_id": key_id, "valid_until": last_day.isoformat()}
    say(told, f"key {key_id} of {issuer_id} ends with {last_day}", as_json=as_json)


class _Fingerprint(click.ParamType[bytes]):
    """The SHA-256 of a certificate."""

    name = "sha256"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        text = str(value).replace(":", "")
        if not _SHA256.fullmatch(text):
            self.fail(f"{value} is not a SHA-256 of 64 hexadecimal digits", param, ctx)
        return bytes.fromhex(text)


@streets.command("add-certificate")
@database_option
@click.argument("issuer_id", type=ISSUER_ID)
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def add_certificate_command(database: str, issuer_id: str, *, file: Path, as_json: bool) -> None:
    """Let the first certificate in FILE (PEM) stand for a street's system, and for no one else.

    From now on the system is let in with it, or with another that is added, and never without.
    """
    fingerprint = _fingerprint(file)
    with told_in_one_line(StreetError), changing(database) as opened:
        now = Moment.of(SystemClock().now()).microseconds
        add_certificate(opened, issuer_id, fingerprint, now)
        told = asdict(kept_street(opened, issuer_id))
    say(told, f"{fingerprint.hex()} stands for {issuer_id}", as_json=as_json)


@streets.command("remove-certificate")
@database_option
@click.argument("issuer_id", type=ISSUER_ID)
@click.argument("fingerprint", type=_Fingerprint())
@json_option
def remove_certificate_command(
    database: str, issuer_id: str, *, fingerprint: bytes, as_json: bool
) -> None:
    """Let a street's client certificate stand for nobody; without any the system needs none."""
    with told_in_one_line(StreetError), changing(database) as opened:
        remove_certificate(opened, issuer_id, fingerprint)
        told = asdict(kept_street(opened, issuer_id))
    say(told, f"{fingerprint.hex()} stands for nobody", as_json=as_json)


def _fingerprint(file: Path) -> bytes:
    try:
        return fingerprint_of(file.read_bytes().removeprefix(BOM_UTF8))
    except OSError as error:
        raise click.ClickException(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise click.ClickException(f"{file}: no certificate in PEM") from None
