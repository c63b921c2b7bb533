"""Which day is believed (LED-8)."""

from datetime import timedelta

import pytest

from server.clock import Moment
from server.timekeeping.rules import held_apart, held_back
from server.timekeeping.values import APART_MAX, Note, NoteKind, Signs, Why
from tests.server.support import NOON

QUIET = timedelta(hours=36)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def at(after: timedelta = timedelta()) -> Moment:
    return Moment.of(NOON + after)


def note(kind: NoteKind, after: timedelta = timedelta()) -> Note:
    return Note(kind, at(after).microseconds, at(after).day, 0, "")


def why(signs: Signs, now: Moment) -> Why | None:
    found = held_back(signs, now, QUIET)
    return found.why if found else None


def test_an_empty_ledger_holds_nothing_back() -> None:
    assert why(Signs(None, None), at()) is None


@pytest.mark.parametrize("kind", NoteKind)
def test_a_day_is_believed_up_to_the_bound_and_not_beyond(kind: NoteKind) -> None:
    signs = Signs(note(kind), at().microseconds)
    assert why(signs, at(QUIET)) is None
    assert why(signs, at(QUIET + SECOND)) is Why.AHEAD


@pytest.mark.parametrize("kind", NoteKind)
def test_a_day_before_what_was_noted_is_not_believed(kind: NoteKind) -> None:
    signs = Signs(note(kind, QUIET), at(QUIET).microseconds)
    assert why(signs, at()) is None
    assert why(signs, at(-SECOND)) is Why.BEHIND


def test_bookings_after_the_note_are_signs_of_life() -> None:
    signs = Signs(note(NoteKind.RAN), at(30 * HOUR).microseconds)
    assert why(signs, at(60 * HOUR)) is None
    assert why(signs, at(67 * HOUR)) is Why.AHEAD


def test_a_day_that_was_confirmed_is_believed_and_no_other() -> None:
    confirmed = note(NoteKind.CONFIRMED)._replace(day=at(240 * HOUR).day)
    signs = Signs(confirmed, at().microseconds)
    assert why(signs, at(240 * HOUR)) is None
    assert why(signs, at(264 * HOUR)) is Why.AHEAD


@pytest.mark.parametrize("off", [-1, 1])
def test_a_clock_that_is_not_the_database_server_s(off: int) -> None:
    there = at().microseconds
    assert held_apart(at(off * APART_MAX), there, at(off * APART_MAX)) is None
    further = at(off * (APART_MAX + SECOND))
    found = held_apart(further, there, further)
    assert found is not None
    assert found.why is Why.APART
    assert ("ahead of" if off > 0 else "behind") in found.told


def test_a_slow_answer_says_nothing_against_a_clock() -> None:
    assert held_apart(at(), at(HOUR).microseconds, at(HOUR)) is None
    assert held_apart(at(), at().microseconds, at(HOUR)) is None
    assert held_apart(at(), None, at(HOUR)) is None
