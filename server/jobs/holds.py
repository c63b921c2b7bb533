"""Points that were held and whose time is over go back to their lots by themselves."""

from peewee import Database

from server.db.queries import rows
from server.jobs.leases import Job
from server.jobs.workshop import Workshop
from server.points.reserving import ReleaseExpiredCommand

CALLER = "expired-holds"
HOLDS_AT_ONCE = 100

_EXPIRED = """SELECT t.transaction_number FROM hold h JOIN ledger_transaction t
    USING (transaction_id) WHERE h.is_open AND h.expires_at <= ?
    ORDER BY h.expires_at, h.transaction_id LIMIT ?"""


def expired_holds(database: Database, now: int, most: int) -> list[str]:
    """Return the transaction numbers of open holds whose time is over."""
    return [str(number) for (number,) in rows(database, _EXPIRED, now, most)]


async def release_expired_holds(workshop: Workshop) -> int:
    """Release what has expired, and return how many holds that were.

    Nothing while the day is not believed: points that go back may lapse with it.
    """
    now = workshop.now()
    found = await workshop.query(
        lambda database: expired_holds(database, now.microseconds, HOLDS_AT_ONCE)
    )
    if not found or await workshop.held_back(now) or not await workshop.claim(Job.EXPIRED_HOLDS):
        return 0
    released = await workshop.book(
        ReleaseExpiredCommand(workshop.new_request(CALLER), b"", number, now) for number in found
    )
    await workshop.finish(Job.EXPIRED_HOLDS)
    return released
