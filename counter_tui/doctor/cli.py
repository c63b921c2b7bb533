"""The command jichipoint-counter doctor."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counter_tui import texts
from counter_tui.core.authority import AuthorityError, pinned_authority
from counter_tui.options import (
    language_option,
    printer_option,
    reader_option,
    server_authority_option,
    server_option,
    state_option,
    virtual_cards_option,
)

if TYPE_CHECKING:
    from counter_tui.doctor.checks import Finding

_SIGNS = {"GOOD": "OK", "NOTE": "--", "BAD": "NG"}


@click.command()
@server_option
@server_authority_option
@state_option
@language_option
@reader_option
@virtual_cards_option
@printer_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(
    *,
    server: str,
    server_authority: Path | None,
    state_folder: Path,
    language: str,
    reader: str,
    virtual_cards: Path | None,
    printer: str,
    as_json: bool,
) -> None:
    """Check reader, card, printer, server, clock, terminal and locale; exit with 1 if one is bad.

    Each finding says what to do about it.
    """
    texts.use(language)
    from counter_tui.doctor import checks  # noqa: PLC0415
    from counter_tui.doctor.character_width import measured_cells  # noqa: PLC0415

    findings = [
        *asyncio.run(_look_at_reader(reader, virtual_cards)),
        *asyncio.run(_ask_server(server, server_authority, state_folder)),
        checks.check_printer(printer),
        checks.check_registration(state_folder),
        checks.check_terminal(is_terminal=sys.stdout.isatty(), environment=os.environ),
        *checks.check_character_width(measured_cells()),
        checks.check_locale(),
    ]
    is_bad = any(one.verdict == checks.Verdict.BAD for one in findings)
    if as_json:
        click.echo(json.dumps([_written(one) for one in findings], ensure_ascii=False))
    else:
        for one in findings:
            click.echo(f"{_SIGNS[one.verdict]}  {one.subject}: {one.found}")
            if one.advice:
                click.echo(f"    → {one.advice}")
    sys.exit(1 if is_bad else 0)


async def _look_at_reader(name: str, virtual_cards: Path | None) -> "list[Finding]":
    """Look at the reader, or say why there can be none; the other checks go on."""
    from counter_tui.devices import UnusableSettingsError, open_reader  # noqa: PLC0415
    from counter_tui.doctor.checks import check_reader, no_reader  # noqa: PLC0415

    try:
        reader = open_reader(name, virtual_cards)
    except UnusableSettingsError as error:
        return [no_reader(str(error))]
    try:
        return await check_reader(reader)
    finally:
        await reader.stop()


async def _ask_server(server: str, given: Path | None, state_folder: Path) -> "list[Finding]":
    """Ask the server, or say why it cannot be asked."""
    from counter_tui.calls.server import Calls  # noqa: PLC0415
    from counter_tui.doctor.checks import check_server_and_clock, no_server  # noqa: PLC0415

    try:
        authority = pinned_authority(state_folder, server, given)
    except (AuthorityError, OSError) as error:
        return no_server(str(error))
    calls = Calls(server, authority)
    try:
        return await check_server_and_clock(calls.terminals, server)
    finally:
        await calls.close()


def _written(finding: "Finding") -> dict[str, str]:
    return {
        "subject": finding.subject,
        "verdict": finding.verdict,
        "found": finding.found,
        "advice": finding.advice,
    }
