"""The commands jichipoint-counter agent and jichipoint-counter card."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from counter_tui import texts
from counter_tui.agent.pass_file import (
    AgentFileError,
    AgentPass,
    new_token,
    read_pass,
    write_pass,
)
from counter_tui.core.authority import AuthorityError, pinned_authority
from counter_tui.core.machine import MachineError, machine_fingerprint
from counter_tui.core.settings import State, StateError
from counter_tui.options import (
    language_option,
    reader_option,
    server_authority_option,
    server_option,
    state_option,
)

if TYPE_CHECKING:
    from counter_tui.card.reader import CardReader

PASSWORD_VARIABLE = "JICHIPOINT_TERMINAL_PASSWORD"  # noqa: S105


@click.command()
@server_option
@server_authority_option
@state_option
@reader_option
@language_option
@click.option(
    "--password-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The file with the terminal's password; else {PASSWORD_VARIABLE} holds it.",
)
@click.option("--listen", default="127.0.0.1:50061", metavar="HOST:PORT", show_default=True)
def agent(
    *,
    server: str,
    server_authority: Path | None,
    state_folder: Path,
    reader: str,
    language: str,
    password_file: Path | None,
    listen: str,
) -> None:
    """Serve cards and service IDs to other programs on this machine, without a window.

    Programs find address and token in agent.json, in the state folder.
    """
    texts.use(language)
    from counter_tui.agent.servicer import AddressError  # noqa: PLC0415
    from counter_tui.devices import UnusableSettingsError, open_reader  # noqa: PLC0415

    try:
        terminal_id = State(state_folder).registered_terminal()
        if terminal_id is None:
            raise click.ClickException(
                f"no terminal is registered in {state_folder}: "
                "start jichipoint-counter and sign in once"
            )
        authority = pinned_authority(state_folder, server, server_authority)
        password = _password(password_file)
        fingerprint = machine_fingerprint(state_folder)
        card_reader = open_reader(reader, None)
        serving = _serve(
            card_reader,
            server,
            state_folder,
            (terminal_id, password, fingerprint),
            listen,
            authority=authority,
        )
        asyncio.run(serving)
    except (
        StateError,
        AuthorityError,
        MachineError,
        UnusableSettingsError,
        AddressError,
        AgentFileError,
    ) as error:
        raise click.ClickException(str(error)) from error


async def _serve(
    reader: "CardReader",
    server: str,
    state_folder: Path,
    credentials: tuple[str, str, bytes],
    listen: str,
    *,
    authority: bytes | None,
) -> None:
    from counter_tui.agent.desk import Desk  # noqa: PLC0415
    from counter_tui.agent.servicer import AgentServicer, serve  # noqa: PLC0415
    from counter_tui.calls.server import Calls  # noqa: PLC0415

    calls, token = Calls(server, authority), new_token()
    desk = Desk(reader, calls.terminals, calls.service_ids, credentials)
    running, port = await serve(AgentServicer(desk, token), listen)
    following = asyncio.create_task(desk.follow())
    address = f"{listen.rpartition(':')[0]}:{port}"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    path: Path | None = None
    try:
        path = write_pass(state_folder, AgentPass(address, token))
        click.echo(f"listening on {address}")
        sys.stdout.flush()
        await stop.wait()
    finally:
        if path is not None:
            path.unlink(missing_ok=True)
        following.cancel()
        await running.stop(1)
        await calls.close()
        await reader.stop()


def _password(path: Path | None) -> str:
    if path is None:
        password = os.environ.get(PASSWORD_VARIABLE)
        if not password:
            raise click.ClickException(f"give --password-file, or set {PASSWORD_VARIABLE}")
        return password
    try:
        if path.stat().st_mode & 0o077:
            raise click.ClickException(f"others can read {path}: chmod 600 it")
        return path.read_text("utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from error


@click.group()
def card() -> None:
    """Ask the agent about the card, for programs that prefer a command."""


@card.command("read")
@state_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--look-up", is_flag=True, help="Ask for the holder's service ID too.")
@click.option("--wait", default=0.0, metavar="SECONDS", help="Wait for a card so long.")
def read(state_folder: Path, as_json: bool, look_up: bool, wait: float) -> None:
    """Read the card in the reader; exit with 1 where that is not possible.

    Needs 'jichipoint-counter agent' running as the same user.
    """
    from counter_tui.agent.client import ask  # noqa: PLC0415

    _tell(lambda: ask(read_pass(state_folder), look_up=look_up, wait_seconds=wait), as_json)


@card.command("look-up")
@state_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.argument("number")
def look_up_number(state_folder: Path, as_json: bool, number: str) -> None:
    """Say whose a customer NUMBER is; exit with 1 where that is not possible.

    The number is one of the issuer of the agent's terminal. No card is needed.
    """
    from counter_tui.agent.client import ask_whose  # noqa: PLC0415

    # Bytes that are no UTF-8 stand for no character of a number; they are refused as such.
    text = number.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    _tell(lambda: ask_whose(read_pass(state_folder), text), as_json)


def _tell(asked: Callable[[], dict[str, str]], as_json: bool) -> None:
    """Print what the agent says; end with exit status 1 where it cannot say it."""
    from counter_tui.agent.client import AgentError  # noqa: PLC0415

    try:
        found = asked()
    except AgentFileError as error:
        _fail("AGENT_NOT_RUNNING", str(error), as_json)
    except AgentError as error:
        _fail(error.reason, str(error), as_json)
    else:
        text = json.dumps(found, ensure_ascii=False)
        click.echo(text if as_json else "\n".join(f"{name}: {found[name]}" for name in found))


def _fail(reason: str, message: str, as_json: bool) -> NoReturn:
    if as_json:
        error = {"error": {"reason": reason, "message": message}}
        click.echo(json.dumps(error, ensure_ascii=False))
    else:
        click.echo(f"Error: {message} ({reason})", err=True)
    sys.exit(1)
