"""Holds as decisions see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from server.ledger.values import Key, Record


@dataclass(frozen=True, slots=True)
class Hold(Record):
    """Points held back for an order at a place, until a moment."""

    TABLE: ClassVar[str] = "hold"
    COLUMNS: ClassVar[Mapping[str, type]] = {"place_id": int, "expires_at": int}

    place_id: int
    expires_at: int
    """Microseconds since 1970-01-01T00:00:00Z; from then on it cannot be captured."""

    def values(self) -> tuple[int, int]:
        """Return the values of COLUMNS."""
        return self.place_id, self.expires_at


@dataclass(frozen=True, slots=True)
class HoldKey(Key[Hold]):
    """A hold by its transaction number."""

    transaction_number: str
