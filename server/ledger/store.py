"""What the booker asks of a database. One class per engine holds the SQL of the booking path."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from server.clock import Moment
from server.ledger.values import AccountKey, Booking, Key, Lot, Operation, RequestKey


class StoreUnavailableError(Exception):
    """The database cannot be used now (full, locked, read-only, gone): nothing was stored."""


class UnfitDataError(Exception):
    """The database refused what a batch wanted to store: nothing was stored."""


@dataclass(slots=True)
class DecidedTransaction:
    """A booking with the IDs it got."""

    transaction_id: int
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
    """Each with the ID of its transaction, if it was booked."""
    transactions: list[DecidedTransaction] = field(default_factory=list)


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


class Store(Reader, Protocol):
    """Stores what a batch decided, in one commit."""

    def begin(self) -> None:
        """Begin a transaction that no other writer can get between."""
        ...

    def newest_booking(self) -> int:
        """Return the time of the newest decision in microseconds, 0 for an empty ledger."""
        ...

    def reserve(self, counter: str, count: int) -> int:
        """Reserve that many numbers of a counter and return the first; part of the transaction."""
        ...

    def store(self, decisions: Decisions) -> None:
        """Write everything that was decided."""
        ...

    def commit(self) -> None:
        """Make it durable: after this it survives power loss."""
        ...

    def roll_back(self) -> None:
        """Forget the transaction, if there is one."""
        ...


def padded(keys: Sequence[RequestKey] | Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the keys with the last one repeated up to a power of two.

    So a query has few texts, however many keys it looks up, and each stays prepared.
    """
    size = 1 << (len(keys) - 1).bit_length()
    return [*keys, *[keys[-1]] * (size - len(keys))]


def grouped(keys: Iterable[Key[Any]]) -> dict[type[Key[Any]], list[Key[Any]]]:
    """Return the keys by their type, each once."""
    by_type: dict[type[Key[Any]], dict[Key[Any], None]] = {}
    for key in keys:
        by_type.setdefault(type(key), {})[key] = None
    return {key_type: list(of_type) for key_type, of_type in by_type.items()}
