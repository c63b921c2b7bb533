"""Sessions that ended long ago are removed; everything else is kept (OPS-3)."""

from datetime import timedelta

from peewee import Database

from server.db.queries import change
from server.jobs.leases import Job
from server.jobs.workshop import Workshop

KEPT = timedelta(days=30)
"""So long a session is kept behind its end."""
AT_ONCE = 500

_REMOVE = """DELETE FROM {table} WHERE token_hash IN
    (SELECT token_hash FROM {table} WHERE expires_at < ? ORDER BY expires_at LIMIT ?)"""
TABLES = ("session", "street_session")


def remove_old_sessions(database: Database, before: int, most: int = AT_ONCE) -> int:
    """Remove sessions that would have expired before a moment, and return how many.

    `before` is in microseconds. Runs in a writing transaction.
    """
    return sum(change(database, _REMOVE.format(table=table), before, most) for table in TABLES)


async def tidy_up(workshop: Workshop) -> int:
    """Remove what is old, a few rows at a time, and return how many that were."""
    before = workshop.now().microseconds - KEPT // timedelta(microseconds=1)
    removed = 0
    while await workshop.claim(Job.TIDYING):
        count = await workshop.writer.run(lambda database: remove_old_sessions(database, before))
        removed += count
        if not count:
            await workshop.finish(Job.TIDYING)
            break
    return removed
