"""How far merges have come: delivered to the spool folder, acknowledged by the street (MRG-4, 8).

Both are noted once and stay; neither moves points.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeVar

from peewee import Database

from server.db.queries import change, rows

OVERDUE_HOURS, OVERDUE_HOURS_MAX = 24, 8760
"""After so many hours a merge should be acknowledged; the most that can be asked for."""
_ASKED_AT_ONCE = 500
_HOUR_MICROSECONDS = 3_600_000_000
T = TypeVar("T")


class MergeEvent(StrEnum):
    """What can be noted of a merge."""

    DELIVERED = "DELIVERED"
    ACKNOWLEDGED = "ACKNOWLEDGED"


class Undelivered(NamedTuple):
    """A merge file that its terminal has not reported as delivered."""

    transaction_id: int
    transaction_number: str
    file_name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MergeState:
    """A merge, and when what was noted of it. Times in microseconds since 1970."""

    transaction_id: int
    transaction_number: str
    booked_at: int
    points: int
    issuer_id: str
    street_name: str
    caller: str
    delivered_at: int | None
    acknowledged_at: int | None


class KnownMerge(NamedTuple):
    """A merge as its street's system names it."""

    transaction_id: int
    points: int


class Answer(StrEnum):
    """What a street's system is answered that has taken a merge (MRG-8)."""

    ACKNOWLEDGED = "ACKNOWLEDGED"
    UNKNOWN = "UNKNOWN"
    """No merge of this street."""
    OTHER_POINTS = "OTHER_POINTS"


def answer_to(merge: KnownMerge | None, points: int) -> Answer:
    """Return the answer to a system that says how many points it took."""
    if merge is None:
        return Answer.UNKNOWN
    return Answer.ACKNOWLEDGED if merge.points == points else Answer.OTHER_POINTS


_STATES = """SELECT m.transaction_id, t.transaction_number, t.booked_at, m.points, m.issuer_id,
    i.name, t.caller, d.noted_at, a.noted_at
    FROM merge m JOIN ledger_transaction t ON t.transaction_id = m.transaction_id
    JOIN issuer i ON i.issuer_id = m.issuer_id
    LEFT JOIN merge_event d ON d.transaction_id = m.transaction_id AND d.kind = 'DELIVERED'
    LEFT JOIN merge_event a ON a.transaction_id = m.transaction_id AND a.kind = 'ACKNOWLEDGED'"""
_OF_CALLER = f"{_STATES} WHERE t.transaction_number = ? AND t.caller = ?"
_UNACKNOWLEDGED = f"""{_STATES}
    JOIN terminal c ON c.terminal_id = substr(t.caller, length('terminal:') + 1)
    WHERE a.noted_at IS NULL AND t.booked_at <= ? AND m.transaction_id > ?
    AND (? = '' OR c.municipality_code = ?)
    ORDER BY m.transaction_id LIMIT ?"""
_UNDELIVERED = """SELECT m.transaction_id, t.transaction_number, m.file_name, m.content
    FROM merge m JOIN ledger_transaction t ON t.transaction_id = m.transaction_id
    WHERE t.caller = ? AND m.transaction_id > ? AND NOT EXISTS
        (SELECT 1 FROM merge_event e WHERE e.transaction_id = m.transaction_id)
    ORDER BY m.transaction_id LIMIT ?"""
_KNOWN = """SELECT t.transaction_number, m.transaction_id, m.points
    FROM ledger_transaction t JOIN merge m ON m.transaction_id = t.transaction_id
    WHERE m.issuer_id = ? AND t.transaction_number IN ({places})"""
_FILE = """SELECT m.file_name, m.content
    FROM ledger_transaction t JOIN merge m ON m.transaction_id = t.transaction_id
    WHERE t.transaction_number = ?"""


def undelivered(database: Database, caller: str, after: int, most: int) -> list[Undelivered]:
    """Return a caller's merge files of which nothing is noted, oldest first, from behind an ID."""
    found = rows(database, _UNDELIVERED, caller, after, most)
    return [Undelivered(one, number, name, bytes(file)) for one, number, name, file in found]


def state_of(database: Database, caller: str, transaction_number: str) -> MergeState | None:
    """Return what is known of one of a caller's merges."""
    found = rows(database, _OF_CALLER, transaction_number, caller)
    return MergeState(*found[0]) if found else None


def overdue(now: int, hours: int) -> int:
    """Return when a merge was booked at the latest that is so many hours old."""
    return now - hours * _HOUR_MICROSECONDS


def unacknowledged(
    database: Database, booked_until: int, municipality_code: str, after: int, most: int
) -> list[MergeState]:
    """Return merges that were booked by then and are not acknowledged, oldest first.

    Those of a municipality's terminals, or all where `municipality_code` is empty.
    """
    code = municipality_code
    found = rows(database, _UNACKNOWLEDGED, booked_until, after, code, code, most)
    return [MergeState(*row) for row in found]


def known_merges(
    database: Database, issuer_id: str, transaction_numbers: Sequence[str]
) -> dict[str, KnownMerge]:
    """Return those of the merges that are the issuer's, by transaction number."""
    found: dict[str, KnownMerge] = {}
    for some in _slices(transaction_numbers):
        query = _KNOWN.format(places=", ".join("?" * len(some)))
        for number, transaction_id, points in rows(database, query, issuer_id, *some):
            found[number] = KnownMerge(transaction_id, points)
    return found


def note(
    database: Database, transaction_ids: Sequence[int], event: MergeEvent, now: int, caller: str
) -> None:
    """Note an event of merges, unless it was noted before; within the caller's transaction."""
    for some in _slices(sorted(set(transaction_ids))):
        places = ", ".join(["(?, ?, ?, ?)"] * len(some))
        values = [value for one in some for value in (one, event, now, caller)]
        change(
            database,
            "INSERT INTO merge_event (transaction_id, kind, noted_at, caller) "  # noqa: S608
            f"VALUES {places} ON CONFLICT DO NOTHING",
            *values,
        )


def merge_file(database: Database, transaction_number: str) -> tuple[str, bytes] | None:
    """Return name and content of a merge's file, as it was made with the booking."""
    found = rows(database, _FILE, transaction_number)
    return (found[0][0], bytes(found[0][1])) if found else None


def _slices(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(whole), _ASKED_AT_ONCE):
        yield whole[start : start + _ASKED_AT_ONCE]
