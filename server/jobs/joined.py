"""What comes back to a MyKey ID after it was joined goes on to the one that stays (MKY-1)."""

from server.jobs.leases import Job
from server.jobs.workshop import Workshop
from server.mykey_ids.joining import CarryOverCommand, left_behind

CALLER = "joined-mykey-ids"
AT_ONCE = 100


async def carry_over_joined(workshop: Workshop) -> int:
    """Carry over what is left behind, and return how many accounts that were."""
    found = await workshop.query(lambda database: left_behind(database, AT_ONCE))
    if not found or not await workshop.claim(Job.JOINED):
        return 0
    carried = await workshop.book(
        CarryOverCommand(workshop.new_request(CALLER), *one) for one in found
    )
    await workshop.finish(Job.JOINED)
    return carried
