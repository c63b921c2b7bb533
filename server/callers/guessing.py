"""Guessing numbers or passwords: a terminal that tries wrong ones waits longer and longer (VCH-2).

Every wrong one is recorded. A terminal's calls are taken one after the other, so that many at
once try no more than one after the other would.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from peewee import Database

from server.clock import Clock, Moment
from server.db.queries import change, rows
from server.ledger.values import Refusal
from server.ledger.writer import Writer
from server.threads.readers import Readers

STRIKES_FREE = 3
"""Typing errors happen."""
WAIT_SECONDS_MAX = 900
"""The longest wait: the terminal is locked out."""
FORGIVEN_AFTER_SECONDS = 600
"""So long after a wrong one, one strike less counts."""
_SECOND = 1_000_000


class Strikes(NamedTuple):
    """Where a terminal stands after its last wrong one; times in microseconds."""

    sequence: int
    tried_at: int
    strikes: int
    blocked_until: int


NO_STRIKES = Strikes(0, 0, 0, 0)


class Guessed(NamedTuple):
    """What is guessed."""

    table: str
    """Where wrong ones are recorded."""
    wrong: str
    """The reason with which a wrong one is refused."""
    too_many: Callable[[str], Refusal]
    """The refusal that tells a terminal to wait so many seconds."""


def struck(last: Strikes, now: int, free: int = STRIKES_FREE) -> Strikes:
    """Return where somebody stands after one more wrong one; `free` ones cost nothing."""
    forgiven = max(0, now - last.tried_at) // (FORGIVEN_AFTER_SECONDS * _SECOND)
    strikes = max(0, last.strikes - forgiven) + 1
    wait = min(2 ** (strikes - free), WAIT_SECONDS_MAX) if strikes > free else 0
    return Strikes(last.sequence + 1, now, strikes, now + wait * _SECOND)


class Guesses:
    """Watches what terminals try."""

    def __init__(self, guessed: Guessed, writer: Writer, readers: Readers, clock: Clock) -> None:
        self._guessed = guessed
        self._writer = writer
        self._readers = readers
        self._clock = clock
        self._turns: dict[str, asyncio.Lock] = {}
        self._blocked_until: dict[str, int] = {}
        """Known here, so that a terminal that goes on trying costs no query."""

    @asynccontextmanager
    async def watched(self, terminal_id: str) -> AsyncIterator[None]:
        """Let a terminal try one, and count it where it is wrong.

        Raises Refusal while the terminal has to wait.
        """
        async with self._turns.setdefault(terminal_id, asyncio.Lock()):
            await self._check(terminal_id)
            try:
                yield
            except Refusal as refusal:
                if refusal.reason == self._guessed.wrong:
                    now = self._now()
                    after = await self._writer.run(
                        lambda database: add_strike(database, self._guessed.table, terminal_id, now)
                    )
                    self._blocked_until[terminal_id] = after.blocked_until
                raise

    async def _check(self, terminal_id: str) -> None:
        until = self._blocked_until.get(terminal_id, 0)
        if until <= self._now():
            newest = await self._readers.query(
                lambda database: newest_strike(database, self._guessed.table, terminal_id)
            )
            until = self._blocked_until[terminal_id] = newest.blocked_until
        left = until - self._now()
        if 0 < left <= WAIT_SECONDS_MAX * _SECOND:  # more was told by a clock that ran ahead
            seconds = str(-(-left // _SECOND))
            raise self._guessed.too_many(seconds)

    def _now(self) -> int:
        return Moment.of(self._clock.now()).microseconds


def newest_strike(database: Database, table: str, terminal_id: str) -> Strikes:
    """Return where a terminal stands."""
    found = rows(
        database,
        f"""SELECT sequence, tried_at, strikes, blocked_until FROM {table}
        WHERE terminal_id = ? ORDER BY sequence DESC LIMIT 1""",  # noqa: S608
        terminal_id,
    )
    return Strikes(*found[0]) if found else NO_STRIKES


def add_strike(database: Database, table: str, terminal_id: str, now: int) -> Strikes:
    """Record a wrong one; runs in a writing transaction."""
    after = struck(newest_strike(database, table, terminal_id), now)
    change(
        database,
        f"""INSERT INTO {table}
        (terminal_id, sequence, tried_at, strikes, blocked_until) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (terminal_id, sequence) DO NOTHING""",  # noqa: S608
        terminal_id,
        *after,
    )
    return after
