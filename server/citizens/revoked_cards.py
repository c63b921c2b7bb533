"""Which cards were revoked, as far as it is known without waiting for anybody (USE-3)."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple, NoReturn, Protocol

from server.citizens.errors import RevocationUnknownError
from server.clock import Clock
from server.ledger.writer import QueueFullError
from server.serial_numbers import SerialNumber
from server.threads.costly import Costly, Run

REFRESHED_EVERY_SECONDS = 60.0
ASKED_AGAIN_AFTER = timedelta(minutes=10)
ANSWERS_MAX = 100_000
"""More are forgotten, and asked anew."""
_CALLER = "revocation-lists"

log = logging.getLogger(__name__)


class List(Protocol):
    """An authority's list of revoked certificates."""

    async def numbers(self, now: datetime, run: Run) -> frozenset[int]:
        """Return the serial numbers that it names. Raises RevocationUnknownError."""
        ...


class Asked(Protocol):
    """A responder that knows of each certificate whether it was revoked."""

    async def is_revoked(self, serial_number: int, now: datetime, run: Run) -> bool:
        """Whether a certificate was revoked. Raises RevocationUnknownError."""
        ...


class _Answer(NamedTuple):
    """What a responder said last of a certificate; nothing yet where it is being asked."""

    is_revoked: bool
    asked_at: datetime


class RevokedCards:
    """What the lists named when they were read last, and what the responder has said.

    A decision looks here and waits for nothing. A list that cannot be read, or is out of date,
    counts as it was.
    """

    def __init__(self, lists: Sequence[List], clock: Clock, responder: Asked | None = None) -> None:
        self._lists = lists
        self._clock = clock
        self._responder = responder
        self._named: list[frozenset[int]] = [frozenset() for _ in lists]
        self._told: list[str] = ["" for _ in lists]
        self._responder_told = ""
        self._answers: dict[int, _Answer] = {}
        self._asking = set[asyncio.Task[None]]()

    def names(self, serial_number: SerialNumber) -> bool:
        """Whether a user-authentication certificate is known to be revoked."""
        number = int(serial_number, 16)
        answer = self._answers.get(number)
        if answer is not None and answer.is_revoked:
            return True
        return any(number in named for named in self._named)

    def ask_about(self, serial_number: str, caller: str, costly: Costly) -> None:
        """Have the responder asked beside the call, unless it was a while ago; nobody waits."""
        number, now = int(serial_number, 16), self._clock.now()
        answer = self._answers.get(number)
        if self._responder is None or (answer and now - answer.asked_at < ASKED_AGAIN_AFTER):
            return
        if len(self._answers) >= ANSWERS_MAX:
            self._answers.clear()
        self._answers[number] = _Answer(answer is not None and answer.is_revoked, now)
        task = asyncio.create_task(self._ask(self._responder, number, caller, costly))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def asked(self) -> None:
        """Wait until the responder has been asked about all."""
        await asyncio.gather(*self._asking)

    async def _ask(self, responder: Asked, number: int, caller: str, costly: Costly) -> None:
        now = self._clock.now()
        try:
            async with costly.asking.turn(f"card at {caller}") as run:
                is_revoked = await responder.is_revoked(number, now, run)
        except (RevocationUnknownError, QueueFullError) as error:
            before = self._answers.get(number, _Answer(False, now))
            self._answers[number] = before._replace(asked_at=now - ASKED_AGAIN_AFTER)
            self._responder_told = self._told_anew(self._responder_told, str(error))
        else:
            self._answers[number] = _Answer(is_revoked, now)
            self._responder_told = ""

    async def refresh(self, costly: Costly) -> None:
        """Read the lists that have changed. Raises QueueFullError."""
        async with costly.asking.turn(_CALLER) as run:
            for place, one in enumerate(self._lists):
                try:
                    self._named[place] = await one.numbers(self._clock.now(), run)
                except RevocationUnknownError as error:
                    self._told[place] = self._told_anew(self._told[place], str(error))
                else:
                    self._told[place] = ""

    async def go_on(self, costly: Costly) -> NoReturn:
        """Refresh once a minute."""
        while True:
            await asyncio.sleep(REFRESHED_EVERY_SECONDS)
            with suppress(QueueFullError):  # the next minute comes
                await self.refresh(costly)

    @staticmethod
    def _told_anew(before: str, why: str) -> str:
        if before != why:
            log.warning("cards that were revoked since may be taken without a PIN: %s", why)
        return why
