"""Points held back for an order: captured, all or part, released, or given back in time."""

from datetime import date, timedelta

import pytest

from server.clock import Moment
from server.ledger.booker import Booker
from server.ledger.values import RequestKey
from server.points.reserving import ReleaseExpiredCommand
from server.upkeep.verify import verify
from tests.server.support import (
    CARD_A,
    MUNICIPAL,
    MYKEY,
    Town,
    booked,
    capture_command,
    decided,
    grant_command,
    granted,
    hold_command,
    new_request_id,
    refused,
    release_command,
    spend_command,
)

A = MYKEY[CARD_A]
LATEST = Moment(2**63 - 1, date.max)


def account_sums(town: Town) -> dict[str, int]:
    """What each kind of account of the municipal program holds, but what was issued."""
    rows = town.rows(
        """SELECT a.kind, CAST(sum(e.points) AS BIGINT) FROM entry e
        JOIN account a USING (account_id)
        WHERE a.program_id = ? AND a.kind <> 'ISSUED' GROUP BY a.kind""",
        MUNICIPAL,
    )
    return {kind: points for kind, points in rows if points}


def lots(town: Town) -> list[int]:
    return [
        points
        for (points,) in town.rows("SELECT remaining FROM lot ORDER BY last_good_day, lot_id")
    ]


def release_expired(number: str) -> ReleaseExpiredCommand:
    request = RequestKey("expired-holds", new_request_id())
    return ReleaseExpiredCommand(request, b"", number, LATEST)


@pytest.fixture
def hold(town: Town, booker: Booker) -> str:
    """A hold of 700 of 1000 points, which are in lots of 400 and 600; their days differ by 5."""
    granted(booker, grant_command(CARD_A, 400))
    town.clock.advance(days=5)
    granted(booker, grant_command(CARD_A, 600))
    (number,) = granted(booker, hold_command(A, 700))
    return number


def test_held_points_cannot_be_spent(town: Town, booker: Booker, hold: str) -> None:
    assert account_sums(town) == {"HELD": 300, "RESERVED": 700}
    reason, details = refused(booker, spend_command(CARD_A, 301, day=town.clock.today))
    assert (reason, details["balance"]) == ("INSUFFICIENT_POINTS", "300")
    booked(booker, spend_command(CARD_A, 300, day=town.clock.today))
    assert verify(town.database).fault is None


def test_capturing_all_spends_all(town: Town, booker: Booker, hold: str) -> None:
    granted(booker, capture_command(hold, 700))
    assert account_sums(town) == {"HELD": 300, "SPENT": 700}
    assert lots(town) == [0, 300]
    assert verify(town.database).fault is None


@pytest.mark.parametrize(
    ("points", "expected"), [(1, [399, 600]), (400, [0, 600]), (401, [0, 599])]
)
def test_capturing_a_part_gives_the_rest_back_to_its_lots(
    town: Town, booker: Booker, hold: str, points: int, expected: list[int]
) -> None:
    granted(booker, capture_command(hold, points))
    assert lots(town) == expected
    assert account_sums(town) == {"HELD": 1000 - points, "SPENT": points}


def test_releasing_gives_all_back_to_its_lots(town: Town, booker: Booker, hold: str) -> None:
    granted(booker, release_command(hold))
    assert lots(town) == [400, 600]
    assert account_sums(town) == {"HELD": 1000}


def test_what_lapsed_while_it_was_held_can_be_captured(
    town: Town, booker: Booker, hold: str
) -> None:
    granted(booker, release_command(hold))
    (longer,) = granted(booker, hold_command(A, 700, timeout=timedelta(days=30)))
    town.clock.advance(days=28)
    (again,) = granted(booker, release_command(longer)) and granted(
        booker, hold_command(A, 700, timeout=timedelta(days=30))
    )
    town.clock.advance(days=29)
    granted(booker, capture_command(again, 450))
    assert account_sums(town) == {"HELD": 550, "SPENT": 450}
    assert lots(town) == [0, 550], "the first lot had lapsed, and was captured whole"


def test_what_lapsed_while_it_was_held_lapses_when_it_comes_back(
    town: Town, booker: Booker
) -> None:
    granted(booker, grant_command(CARD_A, 400))
    town.clock.advance(days=50)
    granted(booker, grant_command(CARD_A, 600))
    (number,) = granted(booker, hold_command(A, 700, timeout=timedelta(days=30)))
    town.clock.advance(days=11)
    granted(booker, capture_command(number, 100))
    assert account_sums(town) == {"HELD": 600, "SPENT": 100, "LAPSED": 300}
    assert lots(town) == [0, 600]
    assert verify(town.database).fault is None


def test_a_hold_is_settled_once(booker: Booker, hold: str) -> None:
    granted(booker, capture_command(hold, 5))
    for command in (capture_command(hold, 5), release_command(hold), release_expired(hold)):
        assert refused(booker, command)[0] == "HOLD_SETTLED"


def test_a_hold_is_settled_once_within_a_batch(town: Town, booker: Booker, hold: str) -> None:
    first, second = decided(booker, release_command(hold), capture_command(hold, 700))
    assert (first.outcome, second.outcome) == ("BOOKED", "REFUSED")
    assert account_sums(town) == {"HELD": 1000}


def test_the_time_is_over_by_the_clock_alone(town: Town, booker: Booker, hold: str) -> None:
    town.clock.advance(minutes=15, microseconds=-1)
    assert refused(booker, release_expired(hold))[0] == "HOLD_NOT_EXPIRED"
    town.clock.advance(microseconds=1)
    assert refused(booker, capture_command(hold, 1))[0] == "HOLD_EXPIRED"
    granted(booker, release_expired(hold))
    assert account_sums(town) == {"HELD": 1000}


def test_captured_in_the_last_moment(town: Town, booker: Booker, hold: str) -> None:
    town.clock.advance(minutes=15, microseconds=-1)
    granted(booker, capture_command(hold, 700))


@pytest.mark.parametrize(
    ("points", "reason"),
    [(0, "POINTS_NOT_POSITIVE"), (-1, "POINTS_NOT_POSITIVE"), (701, "OVER_HELD_POINTS")],
)
def test_only_what_is_held_is_captured(booker: Booker, hold: str, points: int, reason: str) -> None:
    assert refused(booker, capture_command(hold, points))[0] == reason


def test_another_caller_s_hold_is_unknown(booker: Booker, hold: str) -> None:
    for command in (
        capture_command(hold, 1, caller="other"),
        release_command(hold, caller="other"),
        capture_command("2026070199999", 1),
        release_expired("2026070199999"),
    ):
        assert refused(booker, command)[0] == "HOLD_UNKNOWN"


def test_a_spend_is_no_hold(booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 10))
    number = booked(booker, spend_command(CARD_A, 10))["transaction_number"]
    assert refused(booker, release_command(number, caller="terminal:10000001"))[0] == "HOLD_UNKNOWN"


@pytest.mark.parametrize(
    ("mykey_id", "points", "program_id", "place_id", "seconds", "reason"),
    [
        ("NOBODY00", 1, MUNICIPAL, 1, 60, "MYKEY_ID_UNKNOWN"),
        ("CCCC3333", 1, MUNICIPAL, 1, 60, "MYKEY_ID_REVOKED"),
        (A, 1, "99999999", 1, 60, "PROGRAM_UNKNOWN"),
        (A, 1, "00000000", 1, 60, "RETAINED_NOT_SPENT"),
        (A, 1, "00000004", 1, 60, "PROGRAM_OUT_OF_PERIOD"),
        (A, 1, MUNICIPAL, 99, 60, "PLACE_UNKNOWN"),
        (A, 1, MUNICIPAL, 1, 0, "HOLD_TIMEOUT_UNFIT"),
        (A, 1, MUNICIPAL, 1, 31 * 86400, "HOLD_TIMEOUT_UNFIT"),
        (A, 0, MUNICIPAL, 1, 60, "POINTS_NOT_POSITIVE"),
        (A, 2**70, MUNICIPAL, 1, 60, "POINTS_TOO_MANY"),
        (A, 101, MUNICIPAL, 1, 60, "INSUFFICIENT_POINTS"),
    ],
)
def test_what_cannot_be_held(
    town: Town,
    booker: Booker,
    mykey_id: str,
    points: int,
    program_id: str,
    place_id: int,
    seconds: int,
    reason: str,
) -> None:
    granted(booker, grant_command(CARD_A, 100))
    command = hold_command(
        mykey_id, points, program_id, place_id=place_id, timeout=timedelta(seconds=seconds)
    )
    before = town.dump("operation", "counter")
    assert refused(booker, command)[0] == reason
    assert town.dump("operation", "counter") == before


def test_holding_again_with_the_same_request_holds_once(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    command = hold_command(A, 60)
    assert granted(booker, command) == granted(booker, command)
    assert account_sums(town) == {"HELD": 40, "RESERVED": 60}
