"""The command jichipoint-server serve."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import click

from server.chance import SystemChance
from server.citizens.settings import (
    CardChecks,
    CardSettings,
    UnusableCardSettingsError,
    card_checks,
    card_options,
)
from server.clock import SystemClock
from server.commands.options import (
    database_option,
    listen_option,
    master_key_option,
    quiet_hours_option,
)
from server.configuration.fields import FIELDS, LOG_FORMS, LOG_LEVELS, PROCESSES_MAX
from server.db.clocks import server_time
from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.observing.logs import begin_logging
from server.secrets import MasterKeyError, read_master_key
from server.serving.listening import (
    AddressInUseError,
    ClearAddressError,
    check_address,
    shared_port,
)
from server.serving.opening import Ledger, open_ledger, open_ready_ledger
from server.serving.processes import (
    READY,
    ProcessDiedError,
    end_with_parent,
    is_one_of_several,
    serve_with,
)
from server.serving.tls import Identities, TlsError, TlsFiles
from server.training.databases import beside, refuse_ledger_itself
from server.vouchers.keys import TRAINING_KEY_ID

if TYPE_CHECKING:
    from server.jobs.guard import WatchHeldBack
    from server.ledger.writer import WatchBatch
    from server.rpc.handled import Watch
    from server.serving.pulse import WatchTrouble

T = TypeVar("T")

DATA_KEYS_VARIABLE = "JICHIPOINT_DATA_KEYS"
"""In a process's environment: the data keys of the ledgers, as its parent opened them."""
_MAY_HOLD_PASSWORDS = {
    field.option: field.variable
    for field in FIELDS
    if field.option in ("database", "training_database")
}

_FAULTS = (
    UnusableDatabaseError,
    MasterKeyError,
    ClearAddressError,
    AddressInUseError,
    ProcessDiedError,
    UnusableCardSettingsError,
    TlsError,
)


@dataclass(frozen=True, slots=True)
class Serving:
    """What a server is started with, checked."""

    listen: str
    key: bytes
    cards: CardChecks | None
    identities: Identities | None
    metrics_listen: str | None
    trace_endpoint: str | None
    quiet: timedelta


@click.command()
@database_option
@listen_option
@master_key_option
@click.option(
    "--processes",
    type=click.IntRange(1, PROCESSES_MAX),
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
@quiet_hours_option
@click.option(
    "--metrics-listen",
    metavar="HOST:PORT",
    help="Serve metrics for Prometheus there; on this machine only.",
)
@click.option("--log-form", type=click.Choice(LOG_FORMS), default=LOG_FORMS[0], show_default=True)
@click.option("--log-level", type=click.Choice(LOG_LEVELS), default="info", show_default=True)
@click.option(
    "--trace-endpoint",
    metavar="URL",
    help="Send traces to an OpenTelemetry collector (OTLP over gRPC); off unless it is given.",
)
@click.pass_context
def serve(
    context: click.Context,
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
    quiet_hours_max: int,
    metrics_listen: str | None,
    log_form: str,
    log_level: str,
    trace_endpoint: str | None,
) -> None:
    """Serve the ledger until SIGTERM or Ctrl-C; then finish what was taken.

    Prints "listening on HOST:PORT" once it answers; port 0 takes a free one.
    """
    begin_logging(log_form, log_level)
    with _told():
        checks = Checks()
        checks.run(lambda: _check_processes(processes, database))
        tls_files = checks.run(lambda: _tls_files(tls_certificate, tls_key, tls_client_authority))
        serving = Serving(
            checks.run(lambda: _checked(listen, has_tls=tls_files is not None)) or listen,
            checks.run(lambda: _master_key(master_key_file)) or b"",
            checks.run(lambda: card_checks(cards, SystemClock(), SystemChance())),
            checks.run(lambda: Identities(tls_files, SystemClock()) if tls_files else None),
            checks.run(lambda: metrics_listen and _checked(metrics_listen, has_tls=False)),
            trace_endpoint,
            timedelta(hours=quiet_hours_max),
        )
        checks.end()
        training_url = training_database or beside(database)
        ledger, training = _open(database, training_url, serving.key)
        if processes == 1 or is_one_of_several():
            _run(_serve(serving, ledger, training))
            return
        with ExitStack() as stack:
            address = stack.enter_context(shared_port(listen))
            if metrics_listen:
                stack.enter_context(_metrics_of_several(metrics_listen))
            _tell_quietly(context, ledger, training)
            asyncio.run(_serve_with(processes, _arguments(context, address), address))


class Checks:
    """Runs checks, and tells all that is wrong at once."""

    def __init__(self) -> None:
        self._faults: list[str] = []

    def run(self, check: Callable[[], T]) -> T | None:
        """Return what a check returns; None where it found something wrong."""
        try:
            return check()
        except _FAULTS as error:
            self._faults.append(str(error))
            return None

    def end(self) -> None:
        """End the command where anything was wrong."""
        if self._faults:
            raise click.ClickException("\n".join(self._faults))


@contextmanager
def _told() -> Iterator[None]:
    """End the command with what is wrong; one process of several says it to its parent."""
    try:
        yield
    except _FAULTS as error:
        if is_one_of_several():
            _say(str(error))
            sys.exit(1)
        raise click.ClickException(str(error)) from error


def _check_processes(processes: int, database: str) -> None:
    if processes > 1 and urlsplit(database).scheme == "sqlite":
        raise UnusableDatabaseError(
            "an SQLite file is served by one process: leave --processes out, "
            "or give a postgresql:// URL"
        )


def _master_key(file: Path | None) -> bytes:
    return b"" if is_one_of_several() else read_master_key(file)


def _checked(address: str, *, has_tls: bool) -> str:
    check_address(address, has_tls=has_tls)
    return address


def _tls_files(
    certificate: Path | None, key: Path | None, client_authority: Path | None
) -> TlsFiles | None:
    """Return the TLS files, None where none are given. Raises TlsError for half of a pair."""
    if certificate is not None and key is not None:
        return TlsFiles(certificate, key, client_authority)
    if certificate is not None or key is not None or client_authority is not None:
        raise TlsError("--tls-certificate and --tls-key go together")
    return None


def _open(url: str, training_url: str | None, key: bytes) -> tuple[Ledger, Ledger | None]:
    """Open the ledgers to serve; one process of several finds them made ready by its parent."""
    clock, chance = SystemClock(), SystemChance()
    if is_one_of_several():
        told = iter(os.environ[DATA_KEYS_VARIABLE].split(","))
        ledger = open_ready_ledger(url, bytes.fromhex(next(told)), chance)
        if training_url is None:
            return ledger, None
        return ledger, open_ready_ledger(training_url, bytes.fromhex(next(told)), chance)
    ledger = open_ledger(url, key, clock, chance)
    if training_url is None:
        return ledger, None
    refuse_ledger_itself(ledger.database, open_database(training_url))
    practice = open_ledger(training_url, key, clock, chance, first_voucher_key=TRAINING_KEY_ID)
    return ledger, practice


def _arguments(context: click.Context, address: str) -> list[str]:
    """Return the command line that says the same to one process of several."""
    arguments = ["serve"]
    if (parent := context.parent) is not None and (config := parent.params.get("config")):
        arguments = ["--config", str(config), "serve"]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if parameter.name == "listen":
            value = address
        values = value if isinstance(value, tuple) else (value,)
        if parameter.name not in ("processes", *_MAY_HOLD_PASSWORDS):
            option = parameter.opts[0]
            arguments += [part for one in values if one is not None for part in (option, str(one))]
    return arguments


def _tell_quietly(context: click.Context, *ledgers: Ledger | None) -> None:
    """Tell processes of ours by their environment what a list of processes must not show."""
    os.environ[DATA_KEYS_VARIABLE] = ",".join(one.vault.key.hex() for one in ledgers if one)
    for name, variable in _MAY_HOLD_PASSWORDS.items():
        if value := context.params[name]:
            os.environ[variable] = value


def _run(serving: Coroutine[None, None, None]) -> None:
    """Run in uvloop, whose calls cost half of asyncio's own."""
    import uvloop  # noqa: PLC0415

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


async def _serve(serving: Serving, ledger: Ledger, training: Ledger | None) -> None:
    # gRPC reads its environment when it is imported, which takes its time too.
    from server.jobs.guard import DayGuard  # noqa: PLC0415
    from server.serving.app import start  # noqa: PLC0415

    stop = _stop_on_signals()
    several = is_one_of_several()
    with ExitStack() as stack:
        watching = _watching(serving, stack)
        running = await start(
            ledger,
            serving.listen,
            SystemClock(),
            SystemChance(),
            verify_card=serving.cards.verify if serving.cards else None,
            revoked_cards=serving.cards.revoked if serving.cards else None,
            training=training,
            shares_port=several,
            identities=serving.identities,
            watches=watching.calls,
            watch_batch=watching.batches,
            watch_trouble=watching.trouble,
            guard=DayGuard(serving.quiet, server_time, watching.held_back),
        )
        if several:
            end_with_parent(stop.set)
            _say(READY)
        else:
            _say(f"listening on {serving.listen.rpartition(':')[0]}:{running.port}")
        await stop.wait()
        await running.stop()


@dataclass(slots=True)
class Watching:
    """What is told of calls and batches, and of what keeps points from being booked or lapsing."""

    calls: "list[Watch]" = field(default_factory=list)
    batches: "WatchBatch | None" = None
    trouble: "WatchTrouble | None" = None
    held_back: "WatchHeldBack | None" = None


def _watching(serving: Serving, stack: ExitStack) -> Watching:
    """Open what is told; off unless it is asked for."""
    watching = Watching()
    if serving.metrics_listen:
        from prometheus_client import CollectorRegistry  # noqa: PLC0415

        from server.observing.meters import Meters, served  # noqa: PLC0415

        registry = CollectorRegistry()
        meters = Meters(registry)
        watching.calls.append(meters.handled)
        watching.batches, watching.trouble = meters.batched, meters.troubled
        watching.held_back = meters.held_back
        if not is_one_of_several():
            with _address_in_use(serving.metrics_listen):
                stack.enter_context(served(serving.metrics_listen, registry))
    if serving.trace_endpoint:
        from server.observing.traces import Traces  # noqa: PLC0415

        traces = Traces(serving.trace_endpoint)
        stack.callback(traces.close)
        watching.calls.append(traces.handled)
    return watching


@contextmanager
def _metrics_of_several(address: str) -> Iterator[None]:
    from server.observing.meters import served_for_several  # noqa: PLC0415

    with ExitStack() as stack:
        with _address_in_use(address):
            stack.enter_context(served_for_several(address))
        yield


@contextmanager
def _address_in_use(address: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AddressInUseError(f"cannot listen on {address}: {error.strerror}") from None


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
