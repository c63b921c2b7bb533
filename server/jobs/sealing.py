"""Sealing: what was booked and noted since is closed into hash-chained blocks (LED-6, SEC-5)."""

from server.audit.sealing import insert_audit_seal, next_audit_seal
from server.jobs.leases import Job
from server.jobs.workshop import Workshop
from server.ledger.sealing import insert_seal, next_seal

TRANSACTIONS_AT_ONCE = 256


async def seal_all(workshop: Workshop) -> int:
    """Seal until nothing is left, reading beside the booking path; return the ledger's blocks.

    The trail goes first, so that the ledger's next block names its newest.
    """
    await _seal_trail(workshop)
    sealed = 0
    while True:
        now = workshop.now().microseconds
        seal = await workshop.query(
            lambda database: next_seal(database, TRANSACTIONS_AT_ONCE, now)  # noqa: B023
        )
        if seal is None or not await workshop.claim(Job.SEALING):
            return sealed
        inserted = await workshop.writer.run(lambda database: insert_seal(database, seal))  # noqa: B023
        sealed += inserted
        if not inserted:
            return sealed


async def _seal_trail(workshop: Workshop) -> None:
    while True:
        now = workshop.now().microseconds
        seal = await workshop.query(lambda database: next_audit_seal(database, now))  # noqa: B023
        if seal is None or not await workshop.claim(Job.SEALING):
            return
        if not await workshop.writer.run(lambda database: insert_audit_seal(database, seal)):  # noqa: B023
            return
