"""The commands jichipoint-server clock: the time that the ledger goes by."""

import json
import sys
from datetime import date, timedelta

import click
from peewee import Database

from server.clock import Moment, SystemClock, for_machines, for_people
from server.commands.options import (
    database_option,
    json_lines_option,
    json_option,
    quiet_hours_option,
)
from server.commands.running import changing, command_event, operator, reading, told_in_one_line
from server.commands.text_options import REASON, DayOption
from server.db.clocks import server_time
from server.jobs.guard import held_back_in_words
from server.jobs.nightly import CALLER, in_words
from server.ledger.booker import ClockWentBackError
from server.ledger.store import StoreUnavailableError
from server.points.lapsing import would_lapse
from server.timekeeping.confirming import STEP_BACK_MIN, confirm, newest_booking, step_back
from server.timekeeping.errors import ClockError
from server.timekeeping.looking import look
from server.timekeeping.notes import newest_notes
from server.timekeeping.values import HeldBack, Note, NoteKind
from server.upkeep.undoing import undo_lapses
from server.wording import counted, say, say_if_none

LIMIT, LIMIT_MAX = 30, 10_000

_reason_option = click.option(
    "--reason",
    required=True,
    type=REASON,
    help="What was wrong with the clock; the ledger keeps it.",
)


@click.group()
def clock() -> None:
    """Look at the time that the ledger goes by, and mend what a wrong clock did (LED-8)."""


@clock.command()
@database_option
@quiet_hours_option
@json_option
def status(database: str, quiet_hours_max: int, as_json: bool) -> None:
    """Say whether bookings and the nightly run go on; exit with 1 where they do not.

    Goes by this machine's clock, and by what the ledger says.
    """
    now = Moment.of(SystemClock().now())
    with told_in_one_line(), reading(database) as opened:
        newest = newest_booking(opened)
        note = next(iter(newest_notes(opened, 1)), None)
        held_back = look(opened, SystemClock(), now, timedelta(hours=quiet_hours_max), server_time)
        told = _told(opened, held_back)
    behind = timedelta(microseconds=(newest or 0) - now.microseconds)
    stopped = f"the clock is {behind} behind the newest booking" if behind > STEP_BACK_MIN else None
    if as_json:
        found = {
            "now": for_machines(now.microseconds),
            "newest_booking": for_machines(newest) if newest is not None else None,
            "newest_note": _as_json(note) if note is not None else None,
            "bookings_stopped": stopped,
            "held_back": held_back.why if held_back is not None else None,
            "told": told,
        }
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(f"now             {for_people(now.microseconds)}")
        click.echo(f"newest booking  {for_people(newest) if newest is not None else 'none'}")
        click.echo(f"newest note     {_in_words(note) if note is not None else 'none'}")
        click.echo(f"bookings        {f'stopped: {stopped}' if stopped else 'go on'}")
        click.echo(f"nightly run     {told or 'goes on'}")
    sys.exit(1 if stopped or held_back else 0)


def _told(opened: Database, held_back: HeldBack | None) -> str | None:
    if held_back is None:
        return None
    return held_back_in_words(held_back, would_lapse(opened, held_back.today))


@clock.command()
@database_option
@click.option(
    "--limit", type=click.IntRange(1, LIMIT_MAX), default=LIMIT, show_default=True, help="How many."
)
@json_lines_option
def notes(database: str, limit: int, as_json: bool) -> None:
    """List nightly runs, confirmed days and clocks that went back, newest first."""
    with told_in_one_line(), reading(database) as opened:
        found = newest_notes(opened, limit)
    for note in found:
        say(_as_json(note), _in_words(note), as_json=as_json)
    say_if_none(found, "nothing is noted yet: serve runs nightly", as_json=as_json)


@clock.command("confirm")
@database_option
@click.argument("day", type=DayOption(), metavar="YYYY-MM-DD")
@json_option
def confirm_command(database: str, day: date, *, as_json: bool) -> None:
    """Say which day it is: what acts by the day goes on, after a server was off for long."""
    with told_in_one_line(ClockError), changing(database) as opened:
        confirm(opened, SystemClock(), server_time, day, operator())
    text = f"{day} is confirmed: servers whose clocks say so go on within a minute"
    say({"day": day.isoformat()}, text, as_json=as_json)


@clock.command("step-back")
@database_option
@click.argument("day", type=DayOption(), metavar="YYYY-MM-DD")
@_reason_option
@json_option
def step_back_command(database: str, day: date, *, reason: str, as_json: bool) -> None:
    """Say which day it is, and that the clock had been ahead: bookings go on from now.

    Set the clocks of all servers right before. What was booked meanwhile stays as it is.
    """
    with told_in_one_line(ClockError), changing(database) as opened:
        found = step_back(
            opened,
            SystemClock(),
            server_time,
            day,
            operator=operator(),
            reason=reason,
            runs_of=CALLER,
        )
    told = {
        "from": for_machines(found.noted_at),
        "stamped_later": found.stamped_later,
        "lapsed_on": [one.isoformat() for one in found.lapsed_on],
    }
    lines = [
        f"bookings go on from {for_people(found.noted_at)}; "
        f"{counted(found.stamped_later, 'booking')} before it "
        f"{'has' if found.stamped_later == 1 else 'have'} a later time",
        *(
            f"the nightly run for {one} has booked lapses: "
            f"jichipoint-server clock undo-lapses {one} gives the points back"
            for one in found.lapsed_on
        ),
    ]
    say(told, "\n".join(lines), as_json=as_json)


@clock.command("undo-lapses")
@database_option
@click.argument("day", type=DayOption(), metavar="YYYY-MM-DD")
@_reason_option
@json_option
def undo_lapses_command(database: str, day: date, *, reason: str, as_json: bool) -> None:
    """Give back what the nightly run of a day has booked as lapsed, and what is still good today.

    Each lapse is cancelled by a transaction of its own. One that was interrupted is run again.
    """
    errors = (ClockError, ClockWentBackError, StoreUnavailableError)
    with told_in_one_line(*errors), reading(database) as opened:
        found = undo_lapses(
            opened, SystemClock(), day, runs_of=CALLER, reason=reason, event=command_event
        )
    told = {
        "day": day.isoformat(),
        "lapses": found.accounts,
        "lapsed_vouchers": found.vouchers,
        "points": found.points,
    }
    text = (
        f"{counted(found.accounts, 'lapse')} and {counted(found.vouchers, 'lapsed voucher')} of "
        f"{day} undone: {found.points:,} points are back"
    )
    say(told, text, as_json=as_json)


def _in_words(note: Note) -> str:
    when = for_people(note.noted_at)
    if note.kind == NoteKind.RAN:
        return f"{when}  {in_words(note)}"
    if note.kind == NoteKind.CONFIRMED:
        return f"{when}  {note.noted_by} has confirmed {note.day}"
    return f"{when}  {note.noted_by} has set the time back to {note.day}: {note.reason}"


def _as_json(note: Note) -> dict[str, object]:
    return {
        **note._asdict(),
        "noted_at": for_machines(note.noted_at),
        "day": str(note.day),
    }
