"""An operator's word about the day: that it is today, or that the clock had been ahead (LED-8)."""

from datetime import date, timedelta

from peewee import Database

from server.clock import Clock, Moment, for_people
from server.db.clocks import ServerTime
from server.db.queries import rows
from server.ledger.sql_store import NEWEST
from server.timekeeping.errors import ClockError
from server.timekeeping.notes import last_transaction_id, newest_notes, store_note
from server.timekeeping.rules import held_apart
from server.timekeeping.values import Note, NoteKind, SteppedBack

STEP_BACK_MIN = timedelta(seconds=5)
"""The booking path bridges less by itself."""
_STAMPED_LATER = "SELECT count(*) FROM ledger_transaction WHERE booked_at > ?"
_LAPSED_LATER = """SELECT DISTINCT booked_on FROM ledger_transaction
    WHERE caller = ? AND booked_on > ? ORDER BY booked_on"""


def confirm(
    database: Database, clock: Clock, server_time: ServerTime, day: date, operator: str
) -> None:
    """Note that it is that day, so that what acts by the day goes on.

    Runs in a writing transaction. Raises ClockError where the clock says otherwise.
    """
    now = _checked(database, clock, server_time, day)
    last = last_transaction_id(database)
    store_note(database, Note(NoteKind.CONFIRMED, now.microseconds, day, last, operator))


def step_back(
    database: Database,
    clock: Clock,
    server_time: ServerTime,
    day: date,
    *,
    operator: str,
    reason: str,
    runs_of: str,
) -> SteppedBack:
    """Note that the clock had been ahead, so that bookings go on from now (LED-8).

    `runs_of` is the caller of the nightly run. Runs in a writing transaction. Raises ClockError
    where the clock does not say that day, or where nothing in the ledger is ahead of it.
    """
    now = _checked(database, clock, server_time, day)
    newest = newest_booking(database)
    notes = newest_notes(database, 1)
    ahead = max([newest or 0, *(note.noted_at for note in notes)])
    if timedelta(microseconds=ahead - now.microseconds) <= STEP_BACK_MIN:
        raise ClockError(
            f"nothing in the ledger is later than this clock, which says "
            f"{for_people(now.microseconds)}: bookings go on without it"
        )
    last = last_transaction_id(database)
    note = Note(NoteKind.WENT_BACK, now.microseconds, day, last, operator, reason)
    store_note(database, note)
    ((later,),) = rows(database, _STAMPED_LATER, now.microseconds)
    lapsed = rows(database, _LAPSED_LATER, runs_of, day.isoformat())
    days = tuple(date.fromisoformat(one) for (one,) in lapsed)
    return SteppedBack(now.microseconds, int(later), days)


def newest_booking(database: Database) -> int | None:
    """Return the time behind which bookings go on, in microseconds; None for an empty ledger."""
    found = rows(database, NEWEST)
    return int(found[0][0]) if found else None


def _checked(database: Database, clock: Clock, server_time: ServerTime, day: date) -> Moment:
    now = Moment.of(clock.now())
    if day != now.day:
        raise ClockError(
            f"this machine's clock says {for_people(now.microseconds)}: "
            "set it right, or name the day that it is"
        )
    there = server_time(database)
    apart = held_apart(now, there, Moment.of(clock.now()))
    if apart is not None:
        raise ClockError(f"{apart.told}: set the clock right that is wrong")
    return now
