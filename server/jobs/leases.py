"""Which of several processes does a job: who claims it first, until the lease ends.

A lease only saves work. That nothing is done twice follows from the bookings themselves.
"""

from datetime import timedelta
from enum import StrEnum

from peewee import Database

from server.db.queries import change, rows

LASTS = timedelta(minutes=2)
"""After that another process may go on where the holder has died."""


class Job(StrEnum):
    """A job that one process does for all."""

    NIGHTLY_RUN = "nightly-run"
    EXPIRED_HOLDS = "expired-holds"
    SEALING = "sealing"
    TIDYING = "tidying"


def claim(database: Database, job: Job, holder: str, now: int) -> str | None:
    """Claim a job for a holder, or go on with it, and return what it was last done for.

    `now` is in microseconds. Return None where another holder's lease has not ended.
    Runs in a writing transaction.
    """
    until = now + LASTS // timedelta(microseconds=1)
    change(
        database,
        """INSERT INTO job (name, holder, held_until, done_for) VALUES (?, '', 0, '')
        ON CONFLICT (name) DO NOTHING""",
        job,
    )
    claimed = change(
        database,
        """UPDATE job SET holder = ?, held_until = ?
        WHERE name = ? AND (holder = ? OR held_until < ?)""",
        holder,
        until,
        job,
        holder,
        now,
    )
    if not claimed:
        return None
    return last_done(database, job)


def last_done(database: Database, job: Job) -> str:
    """Return what a job was last done for; nothing where it never was."""
    found = rows(database, "SELECT done_for FROM job WHERE name = ?", job)
    return str(found[0][0]) if found else ""


def finish(database: Database, job: Job, holder: str, done_for: str) -> None:
    """Give a job back, and note what it was done for."""
    change(
        database,
        "UPDATE job SET held_until = 0, done_for = ? WHERE name = ? AND holder = ?",
        done_for,
        job,
        holder,
    )
