"""The commands jichipoint-server terminals: what an operator does with terminals (TRM-5, TRM-9)."""

from dataclasses import asdict

import click

from server.callers.values import TerminalClass
from server.chance import SystemChance
from server.clock import Moment, SystemClock
from server.commands.options import database_option, json_lines_option, json_option
from server.commands.running import changing, reading, told_in_one_line
from server.commands.text_options import DigitsOption, NameOption
from server.ledger.values import Refusal
from server.terminals.keeping import (
    SINGLY_ISSUED,
    KeptTerminal,
    TerminalError,
    add_terminal,
    kept_terminals,
    release_machine,
    renew_password,
    withdraw_terminal,
)
from server.wording import counted, say, say_if_none

NAME_LENGTH_MAX = 50
_TERMINAL_ID = DigitsOption("terminal_id", "a terminal ID", 8)


@click.group()
def terminals() -> None:
    """Look after terminals: issue, release, withdraw."""


@terminals.command("list")
@database_option
@json_lines_option
def list_command(database: str, as_json: bool) -> None:
    """List all terminals; no password is shown."""
    with told_in_one_line(), reading(database) as opened:
        found = kept_terminals(opened, _now())
    for one in found:
        say(asdict(one), _shown(one), as_json=as_json)
    say_if_none(found, "there is no terminal yet", as_json=as_json)


def _shown(one: KeptTerminal) -> str:
    state = "withdrawn" if one.is_withdrawn else f"machine {one.machine or '-'}"
    code = one.municipality_code or "-"
    return (
        f"{one.terminal_id}  {one.terminal_class:<12}  {code:<6}  {state:<24}  "
        f"{counted(one.open_sessions, 'session')}  {one.name}"
    )


@terminals.command("add")
@database_option
@click.option(
    "--class",
    "terminal_class",
    type=click.Choice([*map(str, SINGLY_ISSUED)], case_sensitive=False),
    required=True,
)
@click.option("--name", type=NameOption(NAME_LENGTH_MAX), required=True)
@click.option(
    "--municipality",
    "municipality_code",
    type=DigitsOption("municipality_code", "a municipality code", 6),
    help="Whose terminal it is, for GRANT and MUNICIPALITY.",
)
@json_option
def add_command(
    database: str,
    terminal_class: str,
    name: str,
    *,
    municipality_code: str | None,
    as_json: bool,
) -> None:
    """Issue a terminal ID and its password, which is shown here and nowhere else."""
    with told_in_one_line(TerminalError), changing(database) as opened:
        of_class = TerminalClass(terminal_class.upper())
        added = add_terminal(opened, SystemChance(), of_class, name, municipality_code)
    _show_password(*added, as_json=as_json)


@terminals.command("new-password")
@database_option
@click.argument("terminal_id", type=_TERMINAL_ID)
@json_option
def new_password_command(database: str, terminal_id: str, *, as_json: bool) -> None:
    """Give a terminal another password, which is shown here and nowhere else."""
    with told_in_one_line(TerminalError), changing(database) as opened:
        password = renew_password(opened, SystemChance(), terminal_id, _now())
    _show_password(terminal_id, password, as_json=as_json)


@terminals.command("release")
@database_option
@click.argument("terminal_id", type=_TERMINAL_ID)
@json_option
def release_command(database: str, terminal_id: str, *, as_json: bool) -> None:
    """Release a terminal from its machine: the next sign-in binds the one it comes from."""
    try:
        with told_in_one_line(), changing(database) as opened:
            release_machine(opened, terminal_id, _now())
    except Refusal:
        raise click.ClickException(f"there is no terminal {terminal_id}") from None
    text = f"terminal {terminal_id} has no machine; its sessions ended"
    say({"terminal_id": terminal_id, "machine": None}, text, as_json=as_json)


@terminals.command("withdraw")
@database_option
@click.argument("terminal_id", type=_TERMINAL_ID)
@json_option
def withdraw_command(database: str, terminal_id: str, *, as_json: bool) -> None:
    """Withdraw a terminal for good."""
    with told_in_one_line(TerminalError), changing(database) as opened:
        withdraw_terminal(opened, terminal_id, _now())
    told = {"terminal_id": terminal_id, "is_withdrawn": True}
    say(told, f"terminal {terminal_id} is withdrawn", as_json=as_json)


def _show_password(terminal_id: str, password: str, *, as_json: bool) -> None:
    told = {"terminal_id": terminal_id, "password": password}
    say(told, f"terminal {terminal_id}  password {password}", as_json=as_json)


def _now() -> int:
    return Moment.of(SystemClock().now()).microseconds
