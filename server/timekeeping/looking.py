"""Looking at the clock beside the ledger and the database server's own clock."""

from datetime import timedelta

from peewee import Database

from server.clock import Clock, Moment
from server.db.clocks import ServerTime
from server.timekeeping.notes import signs
from server.timekeeping.rules import held_apart, held_back
from server.timekeeping.values import HeldBack


def look(
    database: Database, clock: Clock, now: Moment, quiet: timedelta, server_time: ServerTime
) -> HeldBack | None:
    """Return why what acts by the day must not act at a moment just read; None where it may."""
    there = server_time(database)
    found = held_apart(now, there, Moment.of(clock.now()))
    if found is None:
        found = held_back(signs(database, now.microseconds, quiet), now, quiet)
    return found
