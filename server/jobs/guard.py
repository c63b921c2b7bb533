"""Whether what acts by the day may act now: a clock that is wrong takes no points (LED-8)."""

import logging
from collections.abc import Callable
from datetime import date, timedelta

from server.clock import Clock, Moment
from server.db.clocks import ServerTime
from server.points.lapsing import would_lapse
from server.threads.readers import Readers
from server.timekeeping.looking import look
from server.timekeeping.values import QUIET_HOURS_MAX, HeldBack, Lapsing, Why
from server.wording import counted

log = logging.getLogger(__name__)

WatchHeldBack = Callable[[HeldBack | None], None]
"""Is told why what acts by the day is held back; None where it is not."""


class DayGuard:
    """Looks at the clock before anything acts by the day, and says once what it holds back.

    `quiet` is how long the ledger may be without a sign of life. `server_time` reads the
    database server's clock, in microseconds; None where there is none.
    """

    def __init__(
        self,
        quiet: timedelta = timedelta(hours=QUIET_HOURS_MAX),
        server_time: ServerTime = lambda _database: None,
        watch: WatchHeldBack | None = None,
    ) -> None:
        self._quiet = quiet
        self._server_time = server_time
        self._watch = watch
        self._told: tuple[Why, date] | None = None

    async def check(self, readers: Readers, clock: Clock, now: Moment) -> HeldBack | None:
        """Return why what acts by the day must not act at a moment just read; None where it may."""
        found = await readers.query(
            lambda database: look(database, clock, now, self._quiet, self._server_time)
        )
        told = (found.why, found.today) if found is not None else None
        if told != self._told:
            if found is not None:
                lapsing = await readers.query(lambda database: would_lapse(database, found.today))
                log.error("%s", held_back_in_words(found, lapsing))
            else:
                log.warning("what acts by the day goes on again")
            self._told = told
        if self._watch is not None:
            self._watch(found)
        return found


def held_back_in_words(found: HeldBack, lapsing: Lapsing) -> str:
    """Return what is held back, what it would do, and what to do about it."""
    return (
        f"what acts by the day is held back ({found.why}): {found.told}. It would book "
        f"{lapsing.points:,} points as lapsed, of {counted(lapsing.accounts, 'account')} and "
        f"{counted(lapsing.vouchers, 'voucher')} in {counted(lapsing.programs, 'program')}. "
        f"{_TO_DO[found.why].format(today=found.today)}"
    )


_TO_DO = {
    Why.AHEAD: "If it is {today}, run jichipoint-server clock confirm {today}; "
    "if not, set the clock right.",
    Why.BEHIND: "If it is {today}, run jichipoint-server clock step-back {today}; "
    "if not, set the clock right.",
    Why.APART: "Set the clock right.",
}
