"""Sealing: what was booked since the last seal is closed into hash-chained blocks (LED-6)."""

from server.jobs.leases import Job
from server.jobs.workshop import Workshop
from server.ledger.sealing import insert_seal, next_seal

TRANSACTIONS_AT_ONCE = 256


async def seal_all(workshop: Workshop) -> int:
    """Seal until nothing is left, reading beside the booking path; return the blocks sealed."""
    sealed = 0
    while True:
        now = workshop.now().microseconds
        seal = await workshop.query(
            lambda database: next_seal(database, TRANSACTIONS_AT_ONCE, now)  # noqa: B023
        )
        if seal is None or await workshop.claim(Job.SEALING) is None:
            return sealed
        inserted = await workshop.writer.run(lambda database: insert_seal(database, seal))  # noqa: B023
        sealed += inserted
        if not inserted:
            return sealed
