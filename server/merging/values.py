"""Streets and merges as decisions see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from merge_driver.codec import IdKind, Profile
from server.ledger.values import Key, Record


@dataclass(frozen=True, slots=True)
class SealedKey:
    """One of a street's keys, as the database keeps it, with what it was made for."""

    key_id: int
    sealed_key: bytes
    sealed_secret: bytes
    valid_from: date
    valid_until: date | None
    profile: Profile
    id_kind: IdKind
    id_pattern: str


@dataclass(frozen=True, slots=True)
class Street:
    """A shopping street that takes merges."""

    issuer_id: str
    name: str
    id_kind: IdKind
    """For keys that are made from now on; a key that is there goes by its own."""
    keys: tuple[SealedKey, ...]
    """The newest first."""

    def key_of(self, day: date) -> SealedKey | None:
        """Return the newest key that is good on a day."""
        good = (
            key
            for key in self.keys
            if key.valid_from <= day and (key.valid_until is None or day <= key.valid_until)
        )
        return next(good, None)

    def id_kind_on(self, day: date) -> IdKind:
        """Return whose IDs the street's system knows on a day (MRG-3)."""
        key = self.key_of(day)
        return key.id_kind if key else self.id_kind


@dataclass(frozen=True, slots=True)
class TerminalStreetKey(Key[Street]):
    """A street by the issuer of the terminal that asks."""

    terminal_id: str


@dataclass(frozen=True, slots=True)
class MergeRecord(Record):
    """The row of a merge: what is in the file, and the file."""

    issuer_id: str
    street_point_id: str
    points: int
    profile: int
    key_id: int
    file_id: bytes
    file_name: str
    content: bytes

    TABLE = "merge"
    COLUMNS: ClassVar[Mapping[str, type]] = {
        "issuer_id": str,
        "street_point_id": str,
        "points": int,
        "profile": int,
        "key_id": int,
        "file_id": bytes,
        "file_name": str,
        "content": bytes,
    }

    def values(self) -> tuple[str | int | bytes | None, ...]:
        """Return the values of COLUMNS."""
        return (
            self.issuer_id,
            self.street_point_id,
            self.points,
            self.profile,
            self.key_id,
            self.file_id,
            self.file_name,
            self.content,
        )
