"""Whether a booking is possible: whenever that changes it is told (LED-8)."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from server.db.troubles import Trouble
from server.ledger.booker import ClockWentBackError
from server.ledger.store import StoreUnavailableError
from server.ledger.writer import Writer

log = logging.getLogger(__name__)

SECONDS = 1.0
"""How often it is checked that something can be booked; each check reads the clock."""
CHECK_SECONDS_MAX = 2.0
"""A check that takes longer finds a database that does not answer, unless bookings go on."""
MARGIN_SECONDS = 0.5
"""An answer needs so long to its caller at most."""

WatchTrouble = Callable[[Trouble | None], None]
"""Is told what keeps bookings from being stored; None for nothing."""
Tell = Callable[[bool], Awaitable[None]]


class Pulse:
    """Looks every second, and says what changed."""

    def __init__(
        self, writer: Writer, name: str, tell: Tell, watch: WatchTrouble | None = None
    ) -> None:
        self._writer = writer
        self._name = name
        """Of the database, as it may be shown."""
        self._tell = tell
        self._watch = watch
        self._trouble: Trouble | None = None
        self._is_new = True
        self._check: asyncio.Task[None] | None = None
        """That is on its way; there is never more than one."""

    async def go_on(self) -> None:
        """Look until cancelled."""
        try:
            while True:
                await asyncio.sleep(SECONDS)
                await self.beat()
        finally:
            if self._check is not None:
                self._check.cancel()

    async def beat(self) -> None:
        """Look once, and tell where something has changed."""
        trouble, why = await self._look()
        if trouble == self._trouble and not self._is_new:
            return
        if trouble is not None:
            log.error("nothing can be booked (%s): %s: %s", trouble, self._name, why)
        elif self._trouble is not None:
            log.warning("bookings are possible again: %s", self._name)
        self._trouble, self._is_new = trouble, False
        if self._watch is not None:
            self._watch(trouble)
        await self._tell(trouble is None)

    async def _look(self) -> tuple[Trouble | None, str]:
        began = time.monotonic()
        check = self._check = self._check or asyncio.create_task(self._writer.check())
        done, _ = await asyncio.wait((check,), timeout=CHECK_SECONDS_MAX)
        if not done:
            if self._writer.booked_at >= began:
                return None, ""
            why = f"it has not answered for {CHECK_SECONDS_MAX:g} s"
            silent = StoreUnavailableError(why, Trouble.SILENT)
            self._writer.relieve(SECONDS + CHECK_SECONDS_MAX + MARGIN_SECONDS, silent)
            return Trouble.SILENT, why
        self._check = None
        return _found(check)


def _found(check: "asyncio.Task[None]") -> tuple[Trouble | None, str]:
    error = check.exception()
    if error is None:
        return None, ""
    if isinstance(error, StoreUnavailableError):
        return error.trouble, str(error)
    if isinstance(error, ClockWentBackError):
        return Trouble.CLOCK_WENT_BACK, str(error)
    return Trouble.OTHER, repr(error)
