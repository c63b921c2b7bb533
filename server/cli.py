"""The command jichipoint-server."""

import os
from pathlib import Path

import click

from merge_driver.command_group import CommandGroup
from server.chance import SystemChance
from server.clock import SystemClock
from server.commands.options import json_lines_option
from server.configuration.fields import FIELDS
from server.configuration.loading import (
    CONFIG_VARIABLE,
    ConfigurationError,
    defaults_of,
    load_configuration,
)
from server.db.errors import UnusableDatabaseError
from server.issuers.cli import issuers
from server.merging.cli import merges
from server.municipalities.cli import limits
from server.observing.logs import begin_logging
from server.secrets import MasterKeyError
from server.serving.health import health
from server.serving.serve import serve
from server.streets.cli import streets
from server.terminal_forms.cli import form_one, form_two
from server.terminals.cli import terminals
from server.upkeep.audit_cli import audit
from server.upkeep.backup_cli import backup, restore
from server.upkeep.citizens_cli import citizens
from server.upkeep.clock_cli import clock
from server.upkeep.init_cli import init
from server.upkeep.ledger_cli import ledger
from server.upkeep.master_key_cli import master_key
from server.vouchers.cli import vouchers
from server.wording import say


class _Configured(CommandGroup):
    """Says of an option that is missing that the configuration may have it."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except click.MissingParameter as error:
            name = error.param.name if error.param else None
            field = next((one for one in FIELDS if one.option == name), None)
            if field is None:
                raise
            raise click.MissingParameter(
                f"Give it, or a configuration with {field.name} under [{field.table}]: "
                f"jichipoint-server --config FILE, or {CONFIG_VARIABLE}",
                ctx=error.ctx,
                param=error.param,
            ) from None


@click.group(cls=_Configured)
@click.version_option(package_name="jichipoint", prog_name="jichipoint-server")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar=CONFIG_VARIABLE,
    help="A TOML file with defaults for the options of all commands; init makes one.",
)
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Run and look after the ledger of municipal points."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own lines say what ours say again
    begin_logging("text", "info")
    try:
        values = load_configuration(config, os.environ)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
    context.default_map = defaults_of(main, values)
    del context.default_map[str(init.name)]  # it makes a configuration of its own


@main.command()
@json_lines_option
def methods(as_json: bool) -> None:
    """List every method of the API with who may call it, and whose data it is about (SEC-2)."""
    from server.serving.services import declared_methods  # noqa: PLC0415 -- loads every room

    for one in declared_methods():
        told = {"method": one.name, "callers": one.callers, "whose": one.whose}
        say(told, f"{one.name:<56} {one.whose:<12} {' '.join(one.callers)}", as_json=as_json)


@main.command("demo-data")
@click.option(
    "--folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the demo town's ledger, keys and town.json go.",
)
def demo_data(folder: Path) -> None:
    """Make a demo town to try the system with, or finish one that was begun."""
    from server.upkeep.demo_data import make_town  # noqa: PLC0415

    try:
        town = make_town(folder.absolute(), SystemClock(), SystemChance())
    except (UnusableDatabaseError, MasterKeyError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{folder / 'town.json'}: terminal {town.terminal_id}, password {town.password}")


main.add_command(serve)
main.add_command(health)
main.add_command(init)
main.add_command(ledger)
main.add_command(backup)
main.add_command(restore)
main.add_command(citizens)
main.add_command(vouchers)
main.add_command(limits)
main.add_command(issuers)
main.add_command(streets)
main.add_command(merges)
main.add_command(terminals)
terminals.add_command(form_one)
terminals.add_command(form_two)
main.add_command(audit)
main.add_command(clock)
main.add_command(master_key)

if __name__ == "__main__":
    main()
