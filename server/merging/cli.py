"""The commands jichipoint-server merges: what became of them, and their files again (MRG-8)."""

from pathlib import Path

import click

from merge_driver.files import announce, write_new
from server.callers.values import terminal_of
from server.clock import Moment, SystemClock, for_machines, for_people
from server.commands.options import database_option, json_lines_option, json_option
from server.commands.running import reading, told_in_one_line
from server.merging.states import (
    OVERDUE_HOURS,
    OVERDUE_HOURS_MAX,
    MergeState,
    merge_file,
    overdue,
    unacknowledged,
)
from server.wording import counted, say, say_if_none

PAGE = 500
_FILE_MODE = 0o640


class FileNotWrittenError(Exception):
    """The file was not written; the message says why and what to do."""


@click.group()
def merges() -> None:
    """Look after merges into shopping streets' points."""


@merges.command("unacknowledged")
@database_option
@click.option(
    "--hours",
    type=click.IntRange(0, OVERDUE_HOURS_MAX),
    default=OVERDUE_HOURS,
    show_default=True,
    help="Only merges that were booked so long ago.",
)
@json_lines_option
def unacknowledged_command(database: str, hours: int, as_json: bool) -> None:
    """List merges that their street's system has not acknowledged, oldest first."""
    until = overdue(Moment.of(SystemClock().now()).microseconds, hours)
    with told_in_one_line(), reading(database) as opened:
        after = 0
        shown: list[MergeState] = []
        while found := unacknowledged(opened, until, "", after, PAGE):
            for one in found:
                _show(one, as_json)
            shown = found
            after = found[-1].transaction_id
        say_if_none(shown, "no merge waits so long for its acknowledgement", as_json=as_json)


@merges.command("file")
@database_option
@click.argument("transaction_number")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    required=True,
    help="Where the file goes, such as the street's spool folder.",
)
@json_option
def file_command(database: str, transaction_number: str, folder: Path, *, as_json: bool) -> None:
    """Write a merge's file again, as it was made with the booking; nothing is booked."""
    with told_in_one_line(FileNotWrittenError):
        with reading(database) as opened:
            found = merge_file(opened, transaction_number)
        if found is None:
            raise FileNotWrittenError(f"there is no merge {transaction_number}")
        name, content = found
        path = folder / name
        try:
            write_new(path, content, _FILE_MODE)
            announce(path)
        except FileExistsError:
            if path.read_bytes() != content:
                raise FileNotWrittenError(f"{path} is another file: take it away first") from None
        except OSError as error:
            raise FileNotWrittenError(f"{path}: cannot be written: {error.strerror}") from None
    told = {"file": str(path), "bytes": len(content)}
    say(told, f"{path}: {counted(len(content), 'byte')}", as_json=as_json)


def _show(state: MergeState, as_json: bool) -> None:
    terminal_id = terminal_of(state.caller)
    told = {
        "transaction_number": state.transaction_number,
        "booked_at": for_machines(state.booked_at),
        "points": state.points,
        "issuer_id": state.issuer_id,
        "street": state.street_name,
        "terminal_id": terminal_id,
        "delivered": state.delivered_at is not None,
    }
    delivered = "delivered" if state.delivered_at is not None else "not delivered"
    text = (
        f"{state.transaction_number}  {for_people(state.booked_at)}  {state.points:,} pt  "
        f"{state.issuer_id} {state.street_name}  terminal {terminal_id}  {delivered}"
    )
    say(told, text, as_json=as_json)
