"""Retained points become points of a program: one transaction, with a leg in each (LED-1)."""

from datetime import timedelta

import pytest

from server.ledger.booker import Booker
from server.upkeep.verify import verify
from tests.server.support import (
    AWAY_MUNICIPAL,
    CARD_A,
    EVENT,
    MUNICIPAL,
    MYKEY,
    TODAY,
    Town,
    booked,
    grant_command,
    granted,
    move_command,
    refused,
    spend_command,
)

A = MYKEY[CARD_A]
RETAINED = "00000000"


def balances(town: Town) -> dict[str, int]:
    return {
        program: points
        for program in (RETAINED, MUNICIPAL, EVENT)
        if (points := town.balance(CARD_A, program))
    }


@pytest.fixture
def retained(town: Town, booker: Booker) -> None:
    """Card A's holder received 100 retained points, and 200 more a day later."""
    granted(booker, grant_command(CARD_A, 100, RETAINED))
    town.clock.advance(days=1)
    granted(booker, grant_command(CARD_A, 200, RETAINED))


def test_a_move_has_a_leg_in_each_program(town: Town, booker: Booker, retained: None) -> None:
    granted(booker, move_command(A, 150))
    assert balances(town) == {RETAINED: 150, MUNICIPAL: 150}
    legs = town.rows(
        """SELECT a.program_id, a.kind, a.owner, e.points FROM entry e
        JOIN account a USING (account_id) JOIN ledger_transaction t USING (transaction_id)
        WHERE t.kind = 'MOVE' ORDER BY e.sequence"""
    )
    assert legs == [
        (RETAINED, "HELD", "1", -100),
        (RETAINED, "HELD", "1", -50),
        (RETAINED, "MOVED", MUNICIPAL, 150),
        (MUNICIPAL, "ISSUED", "", -150),
        (MUNICIPAL, "HELD", "1", 150),
    ]
    assert verify(town.database).fault is None


def test_the_new_lot_is_good_from_the_day_of_the_move(
    town: Town, booker: Booker, retained: None
) -> None:
    town.clock.advance(days=9)
    granted(booker, move_command(A, 300))
    ((received_on, last_good_day),) = town.rows(
        """SELECT l.received_on, l.last_good_day FROM lot l JOIN account a USING (account_id)
        WHERE a.program_id = ?""",
        MUNICIPAL,
    )
    assert received_on == str(TODAY + timedelta(days=10))
    assert last_good_day == str(TODAY + timedelta(days=70))


def test_event_points_end_with_the_event(town: Town, booker: Booker, retained: None) -> None:
    granted(booker, move_command(A, 300, EVENT))
    assert town.rows("SELECT max(last_good_day) FROM lot WHERE points = 300") == [("2026-08-15",)]


def test_retained_points_are_moved_however_late(town: Town, booker: Booker, retained: None) -> None:
    town.clock.advance(days=400)
    granted(booker, move_command(A, 300))
    assert balances(town) == {MUNICIPAL: 300}


def test_moved_points_are_spent_like_others(town: Town, booker: Booker, retained: None) -> None:
    granted(booker, move_command(A, 300))
    answer = booked(booker, spend_command(CARD_A, 250, day=town.clock.today))
    assert answer["balance_after"] == 50


def test_retained_points_themselves_are_not_spent(booker: Booker, retained: None) -> None:
    assert refused(booker, spend_command(CARD_A, 1, RETAINED))[0] in (
        "PROGRAM_NOT_USABLE_HERE",
        "DAY_TURNED",
    )


@pytest.mark.parametrize(
    ("mykey_id", "points", "program_id", "reason"),
    [
        (A, 301, MUNICIPAL, "INSUFFICIENT_POINTS"),
        (A, 0, MUNICIPAL, "POINTS_NOT_POSITIVE"),
        (A, 2**64, MUNICIPAL, "POINTS_TOO_MANY"),
        (A, 1, RETAINED, "RETAINED_NOT_SPENT"),
        (A, 1, "99999999", "PROGRAM_UNKNOWN"),
        (A, 1, "00000004", "PROGRAM_OUT_OF_PERIOD"),
        ("NOBODY00", 1, MUNICIPAL, "MYKEY_ID_UNKNOWN"),
        ("CCCC3333", 1, MUNICIPAL, "MYKEY_ID_REVOKED"),
    ],
)
def test_what_cannot_be_moved(
    town: Town,
    booker: Booker,
    retained: None,
    mykey_id: str,
    points: int,
    program_id: str,
    reason: str,
) -> None:
    before = town.dump("operation", "counter")
    assert refused(booker, move_command(mykey_id, points, program_id))[0] == reason
    assert town.dump("operation", "counter") == before


def test_two_moves_in_one_batch_do_not_move_more_than_there_is(
    town: Town, booker: Booker, retained: None
) -> None:
    answers = booker.book([move_command(A, 200), move_command(A, 200, AWAY_MUNICIPAL)])
    assert [getattr(one, "outcome", None) for one in answers] == ["BOOKED", "REFUSED"]
    assert balances(town) == {RETAINED: 100, MUNICIPAL: 200}
