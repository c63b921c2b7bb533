"""Writes down, every second, what calls leave behind: the audit trail, and uses of sessions."""

import asyncio
import itertools
import logging
from collections.abc import Callable

from peewee import Database, chunked

from server.audit.storing import store_events
from server.audit.trail import Trail
from server.callers.sessions import Session, Sessions
from server.callers.sign_in import note_uses
from server.ledger.store import StoreUnavailableError
from server.ledger.writer import QueueFullError, StoppingError, Writer

SECONDS = 1.0
"""After a crash the events of so long may be missing; what was booked is never among them."""
ROUNDS_BETWEEN_COUNTED = 10
"""What is counted together is counted for so long: a flood makes few rows."""
ROUNDS_BETWEEN_USES = 60
"""Sessions idle for much longer than a minute, so their use is written less often."""

EVENTS_AT_ONCE, USES_AT_ONCE = 500, 500
"""More are written in several turns, between which bookings have theirs."""

log = logging.getLogger(__name__)


class Noting:
    """Takes what is noted in memory, and writes it, a portion in each transaction."""

    def __init__(self, writer: Writer, trail: Trail, sessions: Sessions[Session]) -> None:
        self._writer = writer
        self._trail = trail
        self._sessions = sessions

    async def go_on(self) -> None:
        """Write until cancelled."""
        for number in itertools.count(1):
            await asyncio.sleep(SECONDS)
            await self.write(
                with_counted=number % ROUNDS_BETWEEN_COUNTED == 0,
                with_uses=number % ROUNDS_BETWEEN_USES == 0,
            )

    async def write(self, *, with_counted: bool = True, with_uses: bool = True) -> None:
        """Write what there is; what cannot be written now is kept for the next time."""
        events = list(chunked(self._trail.take(with_counted=with_counted), EVENTS_AT_ONCE))
        try:
            while events:
                few = events.pop(0)
                if not await self._run(lambda database: store_events(database, few)):  # noqa: B023
                    self._trail.give_back(few)
        finally:  # cancelled: the portion on its way is written, those behind it wait
            for few in events:
                self._trail.give_back(few)
        uses = self._sessions.take_uses().items() if with_uses else ()
        for some in chunked(uses, USES_AT_ONCE):
            if not await self._run(lambda database: note_uses(database, dict(some))):  # noqa: B023
                self._sessions.give_back(dict(some))

    async def _run(self, work: Callable[[Database], None]) -> bool:
        """Return whether it was written; a transaction of its own, so that bookings get between."""
        try:
            await self._writer.run(work)
        except (QueueFullError, StoppingError, StoreUnavailableError) as error:
            log.warning("what calls left behind waits to be written: %r", error)
            return False
        return True
