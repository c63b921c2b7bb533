"""Plain values of the ledger's days."""

from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from server.clock import Moment, for_people

QUIET_HOURS_MAX = 36
"""A day and a bit: the nightly run comes every day, and a machine may be off for a night."""
QUIET_HOURS_LEAST, QUIET_HOURS_MOST = 25, 24 * 366
"""Less than from one nightly run to the next would ask every night."""
APART_MAX = timedelta(seconds=5)
"""A process whose clock is further from the database server's acts on no day; bookings stop at
the same distance (LED-8)."""


class NoteKind(StrEnum):
    """What is noted of a day."""

    RAN = "RAN"
    """The nightly run has booked all that had lapsed."""
    CONFIRMED = "CONFIRMED"
    """An operator has said that it is today."""
    WENT_BACK = "WENT_BACK"
    """An operator has said that the clock was ahead, and is right now."""


class Note(NamedTuple):
    """What was noted, and what a run did."""

    kind: NoteKind
    noted_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    day: date
    last_transaction_id: int
    """Of the newest booking at that moment; 0 where there was none."""
    noted_by: str
    reason: str = ""
    programs: int = 0
    accounts: int = 0
    vouchers: int = 0
    points: int = 0


class Lapsing(NamedTuple):
    """How much is past its last good day and not booked as lapsed."""

    programs: int
    accounts: int
    vouchers: int
    points: int


class Signs(NamedTuple):
    """What the ledger tells of the time; times in microseconds since 1970-01-01T00:00:00Z."""

    note: Note | None
    """The newest."""
    believed: int | None
    """Up to here bookings have followed the note, or one another, without a pause that is too
    long; None where there is neither."""


class SteppedBack(NamedTuple):
    """What was found when an operator said that the clock had been ahead."""

    noted_at: int
    """From here on bookings go on; microseconds since 1970-01-01T00:00:00Z."""
    stamped_later: int
    """Bookings with a later time."""
    lapsed_on: tuple[date, ...]
    """Later days for which the nightly run has booked lapses."""


class Why(StrEnum):
    """Why what acts by the day does not act, as the metrics name it."""

    AHEAD = "AHEAD"
    """The day is further ahead of the last sign of life than the operator's bound."""
    BEHIND = "BEHIND"
    """It is as far behind."""
    APART = "APART"
    """The process's clock is not the database server's."""


class HeldBack(NamedTuple):
    """That what acts by the day does not act now, and why."""

    why: Why
    today: date
    told: str
    """In words, without what to do."""


def ahead(now: Moment, believed: int) -> HeldBack:
    """Return why a day is not believed that is too far ahead of the last sign of life."""
    return HeldBack(Why.AHEAD, now.day, _told(now, believed))


def behind(now: Moment, believed: int) -> HeldBack:
    """Return why a day is not believed that is too far behind it."""
    return HeldBack(Why.BEHIND, now.day, _told(now, believed))


def _told(now: Moment, believed: int) -> str:
    return (
        f"the clock says {for_people(now.microseconds)}, "
        f"but the last sign of life in the ledger is of {for_people(believed)}"
    )


def apart(now: Moment, distance: timedelta) -> HeldBack:
    """Return why a clock is not believed that is not the database server's."""
    side = "ahead of" if distance > timedelta() else "behind"
    told = f"this machine's clock is {abs(distance)} {side} the database server's"
    return HeldBack(Why.APART, now.day, told)
