"""What the booker asks of a database. One class per engine speaks to it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from server.clock import Moment
from server.db.troubles import Trouble, told_of, trouble_of
from server.ledger.values import (
    AccountKey,
    Booking,
    Key,
    Lot,
    Operation,
    RequestKey,
    UsageKey,
    Write,
)


class StoreUnavailableError(Exception):
    """The database cannot be used now (full, locked, read-only, gone): nothing was stored."""

    def __init__(self, why: str, trouble: Trouble = Trouble.OTHER) -> None:
        super().__init__(why)
        self.trouble = trouble


def unavailable(error: Exception) -> StoreUnavailableError:
    """Return what an engine's error is for a booking."""
    return StoreUnavailableError(told_of(error), trouble_of(error))


class UnfitDataError(Exception):
    """The database refused what a batch wanted to store: nothing was stored."""


class ConflictError(Exception):
    """Another process got between: nothing was stored, and the whole batch is to be repeated."""


class DuplicateError(ConflictError):
    """What was to be stored is there already: another process got between, or it is unfit."""


@dataclass(slots=True)
class DecidedTransaction:
    """A booking with its number; the transaction ID is given when it is stored."""

    transaction_number: str
    caller: str
    booking: Booking
    new_lot_ids: Mapping[int, int]
    """For the position of each entry that opens a lot, the lot's ID."""


@dataclass(slots=True)
class Decisions:
    """All that one batch stores."""

    moment: Moment
    operations: list[tuple[Operation, int | None]] = field(default_factory=list)
    """Each with the position of its transaction, if it was booked."""
    transactions: list[DecidedTransaction] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    """Of registrations, in the order in which they were decided."""


class Begun(NamedTuple):
    """What a batch learns when it begins."""

    newest_booking: int
    """The time of the newest transaction in microseconds, 0 for an empty ledger."""
    values: dict[Key[Any], Any]


class Loaded(NamedTuple):
    """What a batch decides on; nobody else changes it before the batch has ended."""

    lots: dict[AccountKey, list[Lot]]
    operations: dict[RequestKey, Operation]
    used: dict[UsageKey, int]


class Reader(Protocol):
    """Reads what decisions and answers need, with a constant number of queries."""

    def look_up(self, keys: Collection[Key[Any]]) -> dict[Key[Any], Any]:
        """Return the values of the keys that have one."""
        ...

    def lots(self, accounts: Collection[AccountKey]) -> dict[AccountKey, list[Lot]]:
        """Return the lots that hold points, in the order in which they expire."""
        ...

    def operations(self, requests: Collection[RequestKey]) -> dict[RequestKey, Operation]:
        """Return what was decided on the requests."""
        ...

    def used(self, usages: Collection[UsageKey]) -> dict[UsageKey, int]:
        """Return how many points were used; a use that was cancelled does not count (USE-6)."""
        ...


class Store(Reader, Protocol):
    """Stores what a batch decided, in one commit.

    Every method raises StoreUnavailableError or ConflictError; `store` and `commit` raise
    UnfitDataError too. Where `commit` or `confirm` raises, it may have been stored all the same.
    After any of them the transaction has to be rolled back.
    """

    def begin(self, keys: Collection[Key[Any]]) -> Begun:
        """Begin a transaction, and look up the values of the keys."""
        ...

    def load(
        self,
        accounts: Collection[AccountKey],
        requests: Collection[RequestKey],
        usages: Collection[UsageKey],
    ) -> Loaded:
        """Lock the accounts, in the order of their keys, and only then read what they hold."""
        ...

    def reserve(self, counter: str, count: int) -> int:
        """Reserve that many numbers of a counter and return the first; part of the transaction."""
        ...

    def store(self, decisions: Decisions) -> None:
        """Write everything that was decided.

        Transaction IDs are given here, in the order in which transactions commit: whoever
        has seen one has seen all below it.
        """
        ...

    def prove(self, filling_bytes: int) -> None:
        """Write something that is no booking, as much as is asked for, which a commit keeps."""
        ...

    def commit(self) -> None:
        """Make it durable: after this it survives power loss, and that of the primary."""
        ...

    def confirm(self) -> None:
        """End the transaction, and make what was read in it as durable as a commit does.

        Until then it may be on the primary alone, or in memory, which a crash left behind.
        """
        ...

    def roll_back(self) -> None:
        """Forget the transaction, if there is one."""
        ...
