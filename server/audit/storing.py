"""Writing events; they are never changed."""

from collections.abc import Sequence

from peewee import Database, chunked

from server.audit.values import Event
from server.db.queries import change, rows

COUNTER = "audit-event"
ROWS_AT_ONCE = 100
_COLUMNS = f"event_id, {', '.join(Event._fields)}"
_PLACES = f"({', '.join('?' * (1 + len(Event._fields)))})"
_RESERVE = """INSERT INTO counter (name, next) VALUES (?, 1 + ?)
    ON CONFLICT (name) DO UPDATE SET next = counter.next + excluded.next - 1 RETURNING next"""


def store_events(database: Database, events: Sequence[Event]) -> None:
    """Store events in their order, behind all that are there; runs in a writing transaction.

    Their numbers follow the order of commits, without a gap: a seal never passes by an event.
    """
    if not events:
        return
    ((following,),) = rows(database, _RESERVE, COUNTER, len(events))
    numbered = list(enumerate(events, int(following) - len(events)))
    for few in chunked(numbered, ROWS_AT_ONCE):
        places = ", ".join([_PLACES] * len(few))
        values = [value for number, event in few for value in (number, *event)]
        change(database, f"INSERT INTO audit_event ({_COLUMNS}) VALUES {places}", *values)  # noqa: S608
