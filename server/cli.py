"""The command jichipoint-server."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import click

from server.chance import SystemChance
from server.clock import SystemClock
from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.db.migrate import migrate
from server.ledger.cli import database_option, ledger
from server.merging.keys import check_master_key
from server.secrets import MasterKeyError, Vault, read_master_key


@click.group()
def main() -> None:
    """Run and look after the ledger of municipal points."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own lines say what ours say again
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")


@main.command()
@database_option
@click.option("--listen", default="127.0.0.1:50051", metavar="HOST:PORT", show_default=True)
@click.option(
    "--master-key-file",
    type=click.Path(path_type=Path),
    help="The file with the master key; else JICHIPOINT_MASTER_KEY holds it.",
)
def serve(database: str, listen: str, master_key_file: Path | None) -> None:
    """Serve the ledger until SIGTERM or Ctrl-C; then finish what was taken.

    Prints "listening on HOST:PORT" once it answers; port 0 takes a free one.
    """
    # gRPC reads its environment when it is imported, which takes its time too.
    from server.app import AddressInUseError, ClearAddressError, check_loopback  # noqa: PLC0415

    try:
        check_loopback(listen)
        vault = Vault(read_master_key(master_key_file), SystemChance())
        asyncio.run(_serve(database, listen, vault))
    except (UnusableDatabaseError, MasterKeyError, ClearAddressError, AddressInUseError) as error:
        raise click.ClickException(str(error)) from error


async def _serve(url: str, listen: str, vault: Vault) -> None:
    from server.app import start  # noqa: PLC0415

    database = open_database(url)
    migrate(database)
    with database.connection_context():
        check_master_key(database, vault)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = await start(database, vault, listen, SystemClock(), SystemChance())
    host = listen.rpartition(":")[0]
    click.echo(f"listening on {host}:{running.port}")
    sys.stdout.flush()
    await stop.wait()
    await running.stop()


@main.command("demo-data")
@click.option(
    "--folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the demo town's ledger, keys and town.json go.",
)
def demo_data(folder: Path) -> None:
    """Make a demo town to try the system with, or finish one that was begun."""
    from server.demo_data import make_town  # noqa: PLC0415

    try:
        town = make_town(folder.absolute(), SystemClock(), SystemChance())
    except (UnusableDatabaseError, MasterKeyError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{folder / 'town.json'}: terminal {town.terminal_id}, password {town.password}")


main.add_command(ledger)

if __name__ == "__main__":
    main()
