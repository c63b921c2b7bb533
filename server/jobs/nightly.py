"""The nightly run: what has lapsed is booked as lapsed (LED-2, VCH-7)."""

from dataclasses import dataclass
from datetime import date, timedelta

from server.jobs.leases import Job, last_done
from server.jobs.workshop import Workshop
from server.points.lapsing import LapseCommand, lapsing
from server.vouchers.lapsing import lapsed_vouchers
from server.vouchers.operations import ExpireVoucherCommand

CALLER = "nightly-run"
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class NightlyRun:
    """What a nightly run did."""

    day: date
    accounts_lapsed: int
    vouchers_lapsed: int


async def run_nightly(workshop: Workshop) -> NightlyRun | None:
    """Book the lapse of all that has lapsed before today, once for all processes.

    It can be stopped at any moment and run again: what is booked is not found again.
    Return None where it was done today, or where another process is at it.
    """
    today = workshop.now().day
    if await workshop.query(lambda database: last_done(database, Job.NIGHTLY_RUN)) >= str(today):
        return None
    done_for = await workshop.claim(Job.NIGHTLY_RUN)
    if done_for is None or done_for >= str(today):
        return None
    since = date.fromisoformat(done_for) - timedelta(days=1) if done_for else date.min
    accounts_lapsed = 0
    while found := await workshop.query(lambda database: lapsing(database, since, today, AT_ONCE)):
        booked = await workshop.book(
            LapseCommand(workshop.new_request(CALLER), one.account, one.mykey_id) for one in found
        )
        accounts_lapsed += booked
        if not booked or await workshop.claim(Job.NIGHTLY_RUN) is None:
            return NightlyRun(today, accounts_lapsed, 0)
    vouchers_lapsed = 0
    while numbers := await workshop.query(
        lambda database: lapsed_vouchers(database, today, AT_ONCE)
    ):
        booked = await workshop.book(
            ExpireVoucherCommand(workshop.new_request(CALLER), number) for number in numbers
        )
        vouchers_lapsed += booked
        if not booked or await workshop.claim(Job.NIGHTLY_RUN) is None:
            return NightlyRun(today, accounts_lapsed, vouchers_lapsed)
    await workshop.finish(Job.NIGHTLY_RUN, str(today))
    return NightlyRun(today, accounts_lapsed, vouchers_lapsed)
