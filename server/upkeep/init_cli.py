"""The command jichipoint-server init."""

import re
import socket
from pathlib import Path

import click

from server.chance import SystemChance
from server.clock import SystemClock
from server.commands.options import listen_option
from server.commands.running import command_event, told_in_one_line
from server.rpc.handled import OK
from server.secrets import MasterKeyError
from server.serving.listening import ClearAddressError, check_address
from server.upkeep.initialising import InitError, initialise

_HOST = re.compile(r"[0-9A-Za-z_.:-]{1,253}")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--database", metavar="URL", help="The ledger; an SQLite file in FOLDER unless it is given."
)
@listen_option
@click.option(
    "--trial-authority",
    is_flag=True,
    help="Make an authority and a certificate too, to try TLS with. Not for real points.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    help="A name or address under which counters reach this machine; its own name unless given.",
)
def init(
    folder: Path,
    database: str | None,
    listen: str,
    *,
    trial_authority: bool,
    hosts: tuple[str, ...],
) -> None:
    """Make a configuration in FOLDER, with master key, ledger and an operator's terminal."""
    if hosts and not trial_authority:
        raise click.UsageError("--host goes with --trial-authority")
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise click.UsageError(f"--host {host!r} is no name or address of a machine")
    names = (hosts or (socket.gethostname(), "localhost", "127.0.0.1")) if trial_authority else ()
    with told_in_one_line(InitError, MasterKeyError, ClearAddressError):
        check_address(listen, has_tls=trial_authority)
        made = initialise(
            folder,
            database,
            listen,
            names,
            event=command_event(OK),
            clock=SystemClock(),
            chance=SystemChance(),
        )
    if made.operator:
        click.echo("the first operator's terminal: {}  password {}".format(*made.operator))
        click.echo("this password is shown here and nowhere else")
    else:
        click.echo("the ledger has terminals: terminals new-password gives one another password")
    if trial_authority:
        click.echo(f"counters are given --server-authority {folder / 'authority.pem'}")
    click.echo(f"keep a copy of {folder / 'master.key'} apart from the ledger and its backups")
    click.echo(f"start the server: jichipoint-server --config {made.config} serve")
