"""The nightly run: what has lapsed is booked as lapsed (LED-2, VCH-7)."""

import logging
from datetime import date, timedelta

from peewee import Database

from server.clock import Moment
from server.jobs.leases import Job, finish
from server.jobs.workshop import Workshop
from server.points.lapsing import LapseCommand, lapsing
from server.timekeeping.notes import lapsed_on, last_run, last_transaction_id, store_note
from server.timekeeping.values import Note, NoteKind
from server.vouchers.lapsing import lapsed_vouchers
from server.vouchers.operations import ExpireVoucherCommand
from server.wording import counted

log = logging.getLogger(__name__)

CALLER = "nightly-run"
AT_ONCE = 100


async def run_nightly(workshop: Workshop) -> Note | None:
    """Book the lapse of all that has lapsed before today, once for all processes.

    It can be stopped at any moment and run again: what is booked is not found again. Return
    what was noted of it; None where it was done today, where another process is at it, or where
    the day is not believed.
    """
    now = workshop.now()
    today = now.day
    held_back = await workshop.held_back(now)
    since = await workshop.query(_lapsed_until)
    if held_back or since >= today or not await workshop.claim(Job.NIGHTLY_RUN):
        return None
    since = await workshop.query(_lapsed_until)
    if since >= today or not await _lapse(workshop, since, today):
        return None
    note = await workshop.writer.run(lambda database: _end(database, workshop.holder, now))
    log.info("%s", in_words(note))
    return note


def in_words(note: Note) -> str:
    """Return what a run did, also where that was nothing."""
    return (
        f"the nightly run for {note.day} has booked {note.points:,} points as lapsed, of "
        f"{counted(note.accounts, 'account')} and {counted(note.vouchers, 'voucher')} in "
        f"{counted(note.programs, 'program')}"
    )


def _lapsed_until(database: Database) -> date:
    """Return the day of the last run; the first of days without one.

    In a ledger without bookings nothing lapses on any day, and no run is noted.
    """
    found = last_run(database)
    if found is None and not last_transaction_id(database):
        return date.max
    return found or date.min


async def _lapse(workshop: Workshop, since: date, today: date) -> bool:
    """Book what has lapsed before today; return whether that is all."""
    begin = since - timedelta(days=1) if since > date.min else since
    while found := await workshop.query(lambda database: lapsing(database, begin, today, AT_ONCE)):
        booked = await workshop.book(
            LapseCommand(workshop.new_request(CALLER), one.account, one.mykey_id, today)
            for one in found
        )
        if not booked or not await workshop.claim(Job.NIGHTLY_RUN):
            return False
    while numbers := await workshop.query(
        lambda database: lapsed_vouchers(database, today, AT_ONCE)
    ):
        booked = await workshop.book(
            ExpireVoucherCommand(workshop.new_request(CALLER), number, today) for number in numbers
        )
        if not booked or not await workshop.claim(Job.NIGHTLY_RUN):
            return False
    return True


def _end(database: Database, holder: str, began: Moment) -> Note:
    """Note a run by the moment that was believed, and give the job back.

    Runs in a writing transaction.
    """
    done = lapsed_on(database, CALLER, began.day)
    last = last_transaction_id(database)
    note = Note(NoteKind.RAN, began.microseconds, began.day, last, CALLER, "", *done)
    store_note(database, note)
    finish(database, Job.NIGHTLY_RUN, holder)
    return note
