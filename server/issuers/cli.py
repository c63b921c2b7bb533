"""The commands jichipoint-server issuers: libraries, streets and others (TRM-3)."""

from collections.abc import Callable
from dataclasses import asdict

import click

from server.commands.options import database_option, json_lines_option, json_option
from server.commands.running import changing, reading, told_in_one_line
from server.commands.text_options import DigitsOption, NameOption
from server.issuers.keeping import (
    IssuerError,
    KeptIssuer,
    Settings,
    add_issuer,
    change_issuer,
    kept_issuer,
    kept_issuers,
)
from server.issuers.values import CardReading, HandoverMethod, Symbology
from server.wording import say, say_if_none

NAME_LENGTH_MAX = 50


_HANDOVERS = {
    HandoverMethod.SCREEN: "shown on the screen",
    HandoverMethod.BARCODE: "shown as a barcode",
    HandoverMethod.TYPED: "typed into the other program",
    HandoverMethod.LABEL: "printed on a label",
}
_READINGS = {
    CardReading.KEYBOARD: "by keyboard or scanner",
    CardReading.CONTACTLESS_ID: "by their contactless ID",
    CardReading.DRIVER: "by the driver {driver}",
}
ISSUER_ID = DigitsOption("issuer_id", "an issuer ID", 6)


def _settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of an issuer's settings."""
    letter = click.Choice(list("ABCD"), case_sensitive=False)
    options = (
        click.option(
            "--handover",
            "notification",
            type=click.Choice([*HandoverMethod], case_sensitive=False),
            help="How numbers are handed over: on the screen, as a barcode there, typed into "
            "the other program's field, or on a printed label.",
        ),
        click.option(
            "--symbology",
            type=click.Choice([*Symbology], case_sensitive=False),
            help="The code on screen or label.",
        ),
        click.option("--nw7-start", type=letter, help="The start letter of NW-7."),
        click.option("--nw7-stop", type=letter, help="The stop letter of NW-7."),
        click.option(
            "--reading",
            type=click.Choice([*CardReading], case_sensitive=False),
            help="What reads the number of a user's own card.",
        ),
        click.option("--driver", help="The street's driver, with --reading DRIVER."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _given(options: dict[str, str | None]) -> Settings:
    return {name: value for name, value in options.items() if value is not None}


@click.group()
def issuers() -> None:
    """Keep the table of issuers: libraries, shopping streets and others."""


@issuers.command("list")
@database_option
@json_lines_option
def list_command(database: str, as_json: bool) -> None:
    """List all issuers with their settings."""
    with told_in_one_line(), reading(database) as opened:
        found = kept_issuers(opened)
    for one in found:
        say(asdict(one), _shown(one), as_json=as_json)
    say_if_none(found, "there is no issuer yet", as_json=as_json)


def _shown(one: KeptIssuer) -> str:
    letters = f" with {one.nw7_start} and {one.nw7_stop}" if one.symbology == Symbology.NW7 else ""
    parts = (
        f"{one.issuer_id}  {one.name}",
        *(("street",) if one.is_street else ()),
        f"numbers {_HANDOVERS[HandoverMethod(one.notification)]}",
        f"codes in {one.symbology}{letters}",
        f"cards read {_READINGS[CardReading(one.reading)].format(driver=one.driver)}",
    )
    return "  ".join(parts)


@issuers.command("add")
@database_option
@click.argument("issuer_id", type=ISSUER_ID)
@click.argument("name", type=NameOption(NAME_LENGTH_MAX))
@click.option("--street", "is_street", is_flag=True, help="It is a shopping street.")
@_settings
@json_option
def add_command(
    database: str,
    issuer_id: str,
    name: str,
    *,
    is_street: bool,
    as_json: bool,
    **options: str | None,
) -> None:
    """Add an issuer. Terminals of class ア choose theirs from the table."""
    settings: Settings = {**_given(options), "is_street": is_street}
    with told_in_one_line(IssuerError), changing(database) as opened:
        add_issuer(opened, issuer_id, name, settings)
        told = asdict(kept_issuer(opened, issuer_id))
    say(told, f"issuer {issuer_id} {name} is added", as_json=as_json)


@issuers.command("set")
@database_option
@click.argument("issuer_id", type=ISSUER_ID)
@click.option("--name", type=NameOption(NAME_LENGTH_MAX))
@_settings
@json_option
def set_command(database: str, issuer_id: str, *, as_json: bool, **options: str | None) -> None:
    """Change an issuer's settings; what is not named stays.

    A code that cannot carry the numbers already registered is refused.
    """
    settings = _given(options)
    if not settings:
        raise click.UsageError("name at least one setting, such as --symbology CODE39")
    with told_in_one_line(IssuerError), changing(database) as opened:
        change_issuer(opened, issuer_id, settings)
        told = asdict(kept_issuer(opened, issuer_id))
    say(told, f"the settings of {issuer_id} are changed", as_json=as_json)
