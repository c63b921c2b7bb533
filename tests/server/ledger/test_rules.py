"""How points leave lots and come back (LED-2)."""

from datetime import date, timedelta

import pytest

from server.ledger.rules import balance, give_back, take, transaction_number, usable
from server.ledger.values import AccountKey, AccountKind, BookedEntry, Entry, Lot

TODAY = date(2026, 7, 1)
HELD = AccountKey("00000001", AccountKind.HELD, "1")
SPENT = AccountKey("00000001", AccountKind.SPENT, "1")
LAPSED = AccountKey("00000001", AccountKind.LAPSED)

YESTERDAYS = Lot(1, TODAY - timedelta(days=1), 50)
TODAYS = Lot(2, TODAY, 100)
LATER = Lot(3, TODAY + timedelta(days=30), 200)
LOTS = [YESTERDAYS, TODAYS, LATER]


def test_a_lot_is_good_through_its_last_good_day() -> None:
    assert usable(LOTS, TODAY) == [TODAYS, LATER]
    assert balance(LOTS, TODAY) == 300
    assert balance(LOTS, TODAY + timedelta(days=1)) == 200


def test_what_expires_first_goes_out_first() -> None:
    assert take(HELD, LOTS, 60, TODAY) == [Entry(HELD, -60, TODAYS)]


def test_an_amount_is_split_over_lots() -> None:
    assert take(HELD, LOTS, 130, TODAY) == [Entry(HELD, -100, TODAYS), Entry(HELD, -30, LATER)]


def test_exactly_one_lot_leaves_the_next_alone() -> None:
    assert take(HELD, LOTS, 100, TODAY) == [Entry(HELD, -100, TODAYS)]


def test_all_that_is_there_can_be_taken() -> None:
    assert sum(entry.points for entry in take(HELD, LOTS, 300, TODAY)) == -300


@pytest.mark.parametrize("points", [301, 350, 10**12])
def test_more_than_is_good_today_cannot_be_taken(points: int) -> None:
    with pytest.raises(ValueError, match=f"{points - 300} of {points}"):
        take(HELD, LOTS, points, TODAY)


def test_an_empty_lot_gets_no_entry() -> None:
    empty = TODAYS._replace(remaining=0)
    assert take(HELD, [empty, LATER], 5, TODAY) == [Entry(HELD, -5, LATER)]


def test_points_go_back_to_the_lots_they_came_from() -> None:
    entries = [
        BookedEntry(HELD, -100, TODAYS),
        BookedEntry(HELD, -30, LATER),
        BookedEntry(SPENT, 130, None),
    ]
    undone, points_lapsed = give_back(entries, TODAY)
    assert undone == [Entry(HELD, 100, TODAYS), Entry(HELD, 30, LATER), Entry(SPENT, -130)]
    assert points_lapsed == 0


def test_what_has_lapsed_meanwhile_lapses_in_the_same_transaction() -> None:
    entries = [
        BookedEntry(HELD, -100, TODAYS),
        BookedEntry(HELD, -30, LATER),
        BookedEntry(SPENT, 130, None),
    ]
    undone, points_lapsed = give_back(entries, TODAY + timedelta(days=1))
    assert points_lapsed == 100
    assert sum(entry.points for entry in undone) == 0
    assert Entry(LAPSED, 100) in undone
    by_lot = {
        lot.lot_id: sum(entry.points for entry in undone if entry.lot == lot)
        for lot in (TODAYS, LATER)
    }
    assert by_lot == {TODAYS.lot_id: 0, LATER.lot_id: 30}


@pytest.mark.parametrize(
    ("sequence", "number"),
    [(1, "2026070100001"), (99_999, "2026070199999"), (100_000, "20260701100000")],
)
def test_a_transaction_number_is_the_day_and_at_least_5_digits(sequence: int, number: str) -> None:
    assert transaction_number(TODAY, sequence) == number
