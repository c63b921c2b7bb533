"""The command jichipoint-server."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from urllib.parse import urlsplit

import click

from server.audit.cli import audit
from server.chance import SystemChance
from server.citizens.cli import citizens
from server.citizens.proofs import Verify
from server.citizens.settings import (
    CardSettings,
    UnusableCardSettingsError,
    card_options,
    card_verifier,
)
from server.clock import SystemClock
from server.db.errors import UnusableDatabaseError
from server.issuers.cli import issuers
from server.ledger.cli import ledger
from server.listening import (
    AddressInUseError,
    ClearAddressError,
    check_address,
    shared_port,
)
from server.master_key.cli import master_key
from server.merging.cli import merges
from server.municipalities.cli import limits
from server.options import database_option, master_key_option
from server.processes import (
    READY,
    ProcessDiedError,
    end_with_parent,
    is_one_of_several,
    serve_with,
)
from server.secrets import MasterKeyError, read_master_key
from server.serving import Ledger, open_ledger, open_ready_ledger
from server.streets.cli import streets
from server.terminals.cli import terminals
from server.tls import Identities, TlsError, TlsFiles
from server.training.databases import beside
from server.vouchers.cli import vouchers
from server.vouchers.keys import FIRST_KEY_ID, TRAINING_KEY_ID


@click.group()
def main() -> None:
    """Run and look after the ledger of municipal points."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own lines say what ours say again
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(message)s"
    )


@main.command()
@database_option
@click.option("--listen", default="127.0.0.1:50051", metavar="HOST:PORT", show_default=True)
@master_key_option
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many processes serve; more than one takes PostgreSQL.",
)
@click.option(
    "--training-database",
    metavar="URL",
    help="The training ledger; for an SQLite file one beside it, unless it is given.",
)
@click.option(
    "--tls-certificate",
    type=click.Path(path_type=Path),
    help="The server's certificate (PEM); it is read anew when it changes.",
)
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key (PEM).")
@click.option(
    "--tls-client-authority",
    type=click.Path(path_type=Path),
    help="The authority (PEM) that signs the certificates that clients must show.",
)
@card_options
def serve(
    database: str,
    listen: str,
    master_key_file: Path | None,
    *,
    processes: int,
    training_database: str | None,
    tls_certificate: Path | None,
    tls_key: Path | None,
    tls_client_authority: Path | None,
    cards: CardSettings,
) -> None:
    """Serve the ledger until SIGTERM or Ctrl-C; then finish what was taken.

    Prints "listening on HOST:PORT" once it answers; port 0 takes a free one.
    """
    if processes > 1 and urlsplit(database).scheme == "sqlite":
        raise click.ClickException(
            "an SQLite file is served by one process: leave --processes out, "
            "or give a postgresql:// URL"
        )
    tls_files = _tls_files(tls_certificate, tls_key, tls_client_authority)
    try:
        check_address(listen, has_tls=tls_files is not None)
        identities = Identities(tls_files, SystemClock()) if tls_files else None
        verify_card = card_verifier(cards, SystemClock(), SystemChance())
        key = read_master_key(master_key_file)
        training_url = training_database or beside(database)
        ledger = _open(database, key, FIRST_KEY_ID)
        practice = _open(training_url, key, TRAINING_KEY_ID) if training_url else None
        if processes == 1 or is_one_of_several():
            _run(_serve(ledger, listen, verify_card, training=practice, identities=identities))
            return
        with shared_port(listen) as address:
            arguments = ["serve", "--database", database, "--listen", address]
            if master_key_file is not None:
                arguments += ["--master-key-file", str(master_key_file)]
            if training_url:
                arguments += ["--training-database", training_url]
            if tls_files is not None:
                arguments += tls_files.arguments()
            arguments += cards.arguments()
            asyncio.run(_serve_with(processes, arguments, address))
    except (
        UnusableDatabaseError,
        MasterKeyError,
        ClearAddressError,
        AddressInUseError,
        ProcessDiedError,
        UnusableCardSettingsError,
        TlsError,
    ) as error:
        if is_one_of_several():
            _say(str(error))  # its parent tells it
            sys.exit(1)
        raise click.ClickException(str(error)) from error


def _open(url: str, key: bytes, first_voucher_key: int) -> Ledger:
    """Open a ledger to serve; one process of several finds it made ready by its parent."""
    clock, chance = SystemClock(), SystemChance()
    if is_one_of_several():
        return open_ready_ledger(url, key, clock, chance)
    return open_ledger(url, key, clock, chance, first_voucher_key=first_voucher_key)


def _tls_files(
    certificate: Path | None, key: Path | None, client_authority: Path | None
) -> TlsFiles | None:
    """Return the TLS files, None where none are given; half of a pair is wrong use."""
    if certificate is not None and key is not None:
        return TlsFiles(certificate, key, client_authority)
    if certificate is not None or key is not None or client_authority is not None:
        raise click.UsageError("--tls-certificate and --tls-key go together")
    return None


def _run(serving: Coroutine[None, None, None]) -> None:
    """Run in uvloop, whose calls cost half of asyncio's own."""
    import uvloop  # noqa: PLC0415

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


async def _serve(
    ledger: Ledger,
    listen: str,
    verify_card: Verify | None,
    *,
    training: Ledger | None,
    identities: Identities | None,
) -> None:
    # gRPC reads its environment when it is imported, which takes its time too.
    from server.app import start  # noqa: PLC0415

    stop = _stop_on_signals()
    several = is_one_of_several()
    running = await start(
        ledger,
        listen,
        SystemClock(),
        SystemChance(),
        verify_card=verify_card,
        training=training,
        shares_port=several,
        identities=identities,
    )
    if several:
        end_with_parent(stop.set)
        _say(READY)
    else:
        _say(f"listening on {listen.rpartition(':')[0]}:{running.port}")
    await stop.wait()
    await running.stop()


async def _serve_with(processes: int, arguments: list[str], address: str) -> None:
    await serve_with(
        processes, arguments, lambda: _say(f"listening on {address}"), _stop_on_signals()
    )


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def methods(as_json: bool) -> None:
    """List every method of the API with who may call it, and whose data it is about (SEC-2)."""
    from server.services import declared_methods  # noqa: PLC0415 -- loads every room

    for one in declared_methods():
        if as_json:
            click.echo(json.dumps({"method": one.name, "callers": one.callers, "whose": one.whose}))
        else:
            click.echo(f"{one.name:<56} {one.whose:<12} {' '.join(one.callers)}")


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
main.add_command(citizens)
main.add_command(vouchers)
main.add_command(limits)
main.add_command(issuers)
main.add_command(streets)
main.add_command(merges)
main.add_command(terminals)
main.add_command(audit)
main.add_command(master_key)

if __name__ == "__main__":
    main()
