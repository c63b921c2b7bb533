"""Which of several processes does a job: who claims it first, until the lease ends.

A lease only saves work. That nothing is done twice follows from the bookings themselves.
"""

from datetime import timedelta
from enum import StrEnum

from peewee import Database

from server.db.queries import change

LASTS = timedelta(minutes=2)
"""After that another process may go on where the holder has died."""


class Job(StrEnum):
    """A job that one process does for all."""

    NIGHTLY_RUN = "nightly-run"
    EXPIRED_HOLDS = "expired-holds"
    SEALING = "sealing"
    TIDYING = "tidying"
    JOINED = "joined"


def claim(database: Database, job: Job, holder: str, now: int) -> bool:
    """Claim a job for a holder, or go on with it; return whether it is theirs.

    `now` is in microseconds. It is not where another holder's lease has not ended; one that
    lasts longer than any was taken by a clock that ran ahead, and counts for nothing.
    Runs in a writing transaction.
    """
    lasts = LASTS // timedelta(microseconds=1)
    change(
        database,
        """INSERT INTO job (name, holder, held_until, done_for) VALUES (?, '', 0, '')
        ON CONFLICT (name) DO NOTHING""",
        job,
    )
    claimed = change(
        database,
        """UPDATE job SET holder = ?, held_until = ?
        WHERE name = ? AND (holder = ? OR held_until < ? OR held_until > ?)""",
        holder,
        now + lasts,
        job,
        holder,
        now,
        now + 2 * lasts,
    )
    return claimed == 1


def finish(database: Database, job: Job, holder: str) -> None:
    """Give a job back."""
    change(database, "UPDATE job SET held_until = 0 WHERE name = ? AND holder = ?", job, holder)
