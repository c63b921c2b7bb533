"""Finding events: by time, by who, by what, by whom it was about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from peewee import Database

from server.audit.values import Event
from server.ledger.snapshot import stream


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None for any."""

    since: int | None = None
    """The first moment, in microseconds since 1970-01-01T00:00:00Z."""
    until: int | None = None
    """The moment behind the last."""
    terminal_id: str | None = None
    """Who called, or who was said to sign in."""
    caller: str | None = None
    person: str | None = None
    action: str | None = None
    """A part of the method or the command."""
    result: str | None = None
    about: str | None = None
    """A part of the subject, such as a MyKey ID."""
    address: str | None = None
    request_id: str | None = None


class FoundEvent(NamedTuple):
    """An event with its number, and what was booked by its request."""

    event_id: int
    event: Event
    transaction_number: str


_QUERY = f"""SELECT e.event_id, coalesce(t.transaction_number, ''),
    {", ".join(f"e.{name}" for name in Event._fields)}
    FROM audit_event e
    LEFT JOIN operation o ON e.request_id <> '' AND o.caller = e.caller
        AND o.request_id = e.request_id
    LEFT JOIN ledger_transaction t ON t.transaction_id = o.transaction_id
    WHERE {{conditions}} ORDER BY e.event_id"""  # noqa: S608
_NEWEST = f"{_QUERY} DESC LIMIT ?"


def found_events(database: Database, wanted: Wanted) -> Iterator[FoundEvent]:
    """Give what is wanted, oldest first; runs in a transaction of the database."""
    conditions, values = _conditions(wanted)
    return _found(database, _QUERY.format(conditions=conditions), *values)


def newest_events(database: Database, wanted: Wanted, most: int) -> Iterator[FoundEvent]:
    """Give at most so many of what is wanted, newest first; runs in a transaction."""
    conditions, values = _conditions(wanted)
    return _found(database, _NEWEST.format(conditions=conditions), *values, most)


def _found(database: Database, query: str, *values: str | int) -> Iterator[FoundEvent]:
    for event_id, number, *fields in stream(database, query, *values):
        yield FoundEvent(event_id, Event(*fields), number)


def _conditions(wanted: Wanted) -> tuple[str, list[str | int]]:
    conditions: list[str] = []
    values: list[str | int] = []

    def add(condition: str, *more: str | int) -> None:
        conditions.append(condition)
        values.extend(more)

    if wanted.since is not None:
        add("e.noted_at >= ?", wanted.since)
    if wanted.until is not None:
        add("e.noted_at < ?", wanted.until)
    if wanted.terminal_id is not None:
        told = f"terminal_id={wanted.terminal_id}"
        add(
            f"(e.caller = ? OR {_CONTAINS.format('e.subject')})",
            f"terminal:{wanted.terminal_id}",
            told,
        )
    for name in ("caller", "person", "result", "address", "request_id"):
        if (value := getattr(wanted, name)) is not None:
            add(f"e.{name} = ?", value)
    if wanted.action is not None:
        add(_CONTAINS.format("lower(e.action)"), wanted.action.lower())
    if wanted.about is not None:
        add(_CONTAINS.format("e.subject"), wanted.about)
    return " AND ".join(conditions) or "1 = 1", values


_CONTAINS = "replace({0}, ?, '') <> {0}"
"""Both engines have it, and it takes no pattern."""
