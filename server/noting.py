"""Writes down, every second, what calls leave behind: the audit trail, and uses of sessions."""

import asyncio
import logging

from peewee import Database

from server.audit.storing import store_events
from server.audit.trail import Trail
from server.ledger.store import StoreUnavailableError
from server.ledger.writer import QueueFullError, StoppingError, Writer
from server.terminals.sessions import Session, Sessions
from server.terminals.sign_in import note_uses

SECONDS = 1.0
"""After a crash the events of so long may be missing; what was booked is never among them."""
ROUNDS_BETWEEN_USES = 60
"""Sessions idle for much longer than a minute, so their use is written less often."""

log = logging.getLogger(__name__)


class Noting:
    """Takes what is noted in memory, and writes it in one transaction."""

    def __init__(self, writer: Writer, trail: Trail, sessions: Sessions[Session]) -> None:
        self._writer = writer
        self._trail = trail
        self._sessions = sessions

    async def go_on(self) -> None:
        """Write until cancelled."""
        while True:
            for _ in range(ROUNDS_BETWEEN_USES):
                await asyncio.sleep(SECONDS)
                await self.write(with_uses=False)
            await self.write(with_uses=True)

    async def write(self, *, with_uses: bool) -> None:
        """Write what there is; what cannot be written now is kept for the next time."""
        events = self._trail.take()
        uses = self._sessions.take_uses() if with_uses else {}
        if not events and not uses:
            return

        def store(database: Database) -> None:
            store_events(database, events)
            note_uses(database, uses)

        try:
            await self._writer.run(store)
        except (QueueFullError, StoppingError, StoreUnavailableError) as error:
            log.warning("%d audit events wait to be written: %r", len(events), error)
            self._trail.give_back(events)
