"""What the ledger tells of the time."""

from datetime import timedelta

import pytest

from server.clock import Moment
from server.ledger.booker import Booker
from server.ledger.engines import writing
from server.timekeeping.notes import (
    last_run,
    last_transaction_id,
    newest_notes,
    signs,
    store_note,
)
from server.timekeeping.values import Note, NoteKind
from server.upkeep.verify import verify
from tests.server.conftest import booker, engine, find_template, town
from tests.server.support import CARD_A, NOON, Town, grant_command, granted

__all__ = ["booker", "engine", "find_template", "town"]

QUIET = timedelta(hours=36)


def believed(town: Town) -> timedelta | None:
    """Up to when the ledger's signs are believed, as a time after noon."""
    now = Moment.of(town.clock.now() + timedelta(days=400)).microseconds
    with town.database.connection_context():
        found = signs(town.database, now, QUIET).believed
    return None if found is None else Moment.at(found).microseconds * MICRO - START


MICRO = timedelta(microseconds=1)
START = Moment.of(NOON).microseconds * MICRO


def book(town: Town, booker: Booker, *hours: float) -> None:
    """Book after each of so many hours more."""
    for after in hours:
        town.clock.advance(hours=after)
        granted(booker, grant_command(CARD_A, 1))


def noted(town: Town, kind: NoteKind) -> None:
    now = Moment.of(town.clock.now())
    with town.database.connection_context(), writing(town.database):
        last = last_transaction_id(town.database)
        store_note(town.database, Note(kind, now.microseconds, now.day, last, "x"))


def test_an_empty_ledger_tells_nothing(town: Town) -> None:
    assert believed(town) is None


def test_bookings_are_followed_up_to_the_first_long_pause(town: Town, booker: Booker) -> None:
    book(town, booker, 0, 36, 36)
    assert believed(town) == timedelta(hours=72)
    book(town, booker, 37, 1, 1)
    assert believed(town) == timedelta(hours=72), "a clock that ran ahead may have booked these"


@pytest.mark.parametrize("kind", NoteKind)
def test_a_note_begins_anew(town: Town, booker: Booker, kind: NoteKind) -> None:
    book(town, booker, 0, 1000)
    noted(town, kind)
    assert believed(town) == timedelta(hours=1000)
    book(town, booker, 20, 30)
    assert believed(town) == timedelta(hours=1050)
    book(town, booker, 40)
    assert believed(town) == timedelta(hours=1050)


def test_notes_are_numbered_and_verified(town: Town, booker: Booker) -> None:
    book(town, booker, 0)
    for kind in NoteKind:
        noted(town, kind)
    with town.database.connection_context():
        assert [one.kind for one in newest_notes(town.database, 2)] == ["WENT_BACK", "CONFIRMED"]
    assert verify(town.database).fault is None
    town.tamper("DELETE FROM day_note WHERE note_id = 2")
    assert verify(town.database).fault == "note 2 of the ledger's days is missing"
    town.tamper("DELETE FROM day_note WHERE note_id > 1")
    assert verify(town.database).fault == (
        "the counter of notes does not follow note 1: some are missing"
    )


def test_a_note_of_a_booking_that_is_not_there_is_found(town: Town) -> None:
    noted(town, NoteKind.RAN)
    town.tamper("UPDATE day_note SET last_transaction_id = 7")
    assert verify(town.database).fault == (
        "note 1 of the ledger's days names transaction ID 7, which does not exist"
    )


def test_the_last_run_is_none_of_a_day_that_had_not_come(town: Town) -> None:
    def last() -> str:
        with town.database.connection_context():
            return str(last_run(town.database))

    assert last() == "None"
    noted(town, NoteKind.RAN)
    town.clock.advance(days=70)
    noted(town, NoteKind.RAN)
    assert last() == "2026-09-09"
    town.clock.advance(days=-69)
    noted(town, NoteKind.WENT_BACK)
    noted(town, NoteKind.CONFIRMED)
    assert last() == "2026-07-01"
    noted(town, NoteKind.RAN)
    assert last() == "2026-07-02"
    town.clock.advance(days=80)
    noted(town, NoteKind.CONFIRMED)
    assert last() == "2026-07-02", "nor of one that has come since"
