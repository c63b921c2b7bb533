"""Which cards the authorities' lists name, known without asking anybody (USE-3)."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import NoReturn, Protocol

from server.citizens.errors import RevocationUnknownError
from server.clock import Clock
from server.ledger.writer import QueueFullError
from server.serial_numbers import SerialNumber
from server.threads.costly import Costly, Run

REFRESHED_EVERY_SECONDS = 60.0
_CALLER = "revocation-lists"

log = logging.getLogger(__name__)


class List(Protocol):
    """An authority's list of revoked certificates."""

    async def numbers(self, now: datetime, run: Run) -> frozenset[int]:
        """Return the serial numbers that it names. Raises RevocationUnknownError."""
        ...


class RevokedCards:
    """What the lists named when they were read last; a decision looks here and waits for nothing.

    A list that cannot be read, or is out of date, counts as it was.
    """

    def __init__(self, lists: Sequence[List], clock: Clock) -> None:
        self._lists = lists
        self._clock = clock
        self._named: list[frozenset[int]] = [frozenset() for _ in lists]
        self._told: list[str] = ["" for _ in lists]

    def names(self, serial_number: SerialNumber) -> bool:
        """Whether a list names a user-authentication certificate."""
        number = int(serial_number, 16)
        return any(number in named for named in self._named)

    async def refresh(self, costly: Costly) -> None:
        """Read the lists that have changed. Raises QueueFullError."""
        async with costly.asking.turn(_CALLER) as run:
            for place, one in enumerate(self._lists):
                try:
                    self._named[place] = await one.numbers(self._clock.now(), run)
                except RevocationUnknownError as error:
                    self._tell(place, str(error))
                else:
                    self._told[place] = ""

    async def go_on(self, costly: Costly) -> NoReturn:
        """Refresh once a minute."""
        while True:
            await asyncio.sleep(REFRESHED_EVERY_SECONDS)
            with suppress(QueueFullError):  # the next minute comes
                await self.refresh(costly)

    def _tell(self, place: int, why: str) -> None:
        if self._told[place] != why:
            log.warning("cards that were revoked since may be taken without a PIN: %s", why)
        self._told[place] = why
