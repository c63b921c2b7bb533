"""Which day is believed: pure functions (LED-8)."""

from datetime import timedelta

from server.clock import Moment
from server.timekeeping.values import APART_MAX, HeldBack, NoteKind, Signs, ahead, apart, behind


def held_back(signs: Signs, now: Moment, quiet: timedelta) -> HeldBack | None:
    """Return why what acts by the day must not act now; None where it may.

    `quiet` is how long the ledger may have been without a sign of life. A day that an operator
    has confirmed is believed. A booking counts only where no pause before it is longer: a clock
    that ran ahead may have booked.
    """
    note = signs.note
    if note is not None and note.kind == NoteKind.CONFIRMED and note.day == now.day:
        return None
    if signs.believed is None:
        return None
    distance = timedelta(microseconds=now.microseconds - signs.believed)
    if -distance > quiet:
        return behind(now, signs.believed)
    return ahead(now, signs.believed) if distance > quiet else None


def held_apart(before: Moment, there: int | None, after: Moment) -> HeldBack | None:
    """Return why a clock is not believed that the database server's contradicts.

    `there` is the database server's time in microseconds, read between `before` and `after`;
    None where it has no clock of its own.
    """
    if there is None:
        return None
    ahead_by = timedelta(microseconds=before.microseconds - there)
    behind_by = timedelta(microseconds=there - after.microseconds)
    if ahead_by > APART_MAX:
        return apart(after, ahead_by)
    return apart(after, -behind_by) if behind_by > APART_MAX else None
