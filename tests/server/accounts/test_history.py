"""Balances at any moment, and histories whose pages stay as they are (LED-8)."""

import random
from itertools import count

import pytest

from server.accounts.history import MOST, UpTo, balance_at, history, moment_of_transaction
from server.clock import Moment
from server.ledger.booker import Booker
from server.ledger.values import AccountKey, AccountKind
from tests.server.support import (
    CARD_A,
    CARD_B,
    MUNICIPAL,
    Town,
    booked,
    cancel_command,
    grant_command,
    granted,
    spend_command,
)

HELD = AccountKey(MUNICIPAL, AccountKind.HELD, "1")
ISSUED = AccountKey(MUNICIPAL, AccountKind.ISSUED)


def balance(town: Town, account: AccountKey, moment: UpTo) -> tuple[int, int]:
    with town.database.connection_context():
        found = balance_at(town.database, account, moment)
    return found.points, found.usable_points


def at_transaction(town: Town, number: str) -> UpTo:
    with town.database.connection_context():
        moment = moment_of_transaction(town.database, number)
    assert moment is not None
    return moment


def pages(town: Town, account: AccountKey, size: int) -> list[list[str]]:
    """The transaction numbers of a history, page by page."""
    found: list[list[str]] = []
    before = MOST
    with town.database.connection_context():
        while lines := history(town.database, account, before, size):
            found.append([line.transaction_number for line in lines])
            before = lines[-1].transaction_id
    return found


def test_the_balance_right_after_each_transaction(town: Town, booker: Booker) -> None:
    (grant,) = granted(booker, grant_command(CARD_A, 1000))
    spend = booked(booker, spend_command(CARD_A, 300))["transaction_number"]
    granted(booker, grant_command(CARD_B, 5))
    cancel = booked(booker, cancel_command(spend))["transaction_number"]
    expected = {grant: 1000, spend: 700, cancel: 1000}
    for number, points in expected.items():
        assert balance(town, HELD, at_transaction(town, number)) == (points, points)
    assert balance(town, ISSUED, at_transaction(town, spend)) == (-1000, 0)


def test_the_balance_at_a_time(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 1000))
    first = Moment.of(town.clock.now()).microseconds
    town.clock.advance(seconds=10)
    booked(booker, spend_command(CARD_A, 300))
    second = Moment.of(town.clock.now()).microseconds
    expected = {first - 1: 0, first: 1000, second - 1: 1000, second: 700}
    for time, points in expected.items():
        assert balance(town, HELD, UpTo(MOST, time))[0] == points


def test_lots_past_their_last_good_day_are_held_but_not_usable(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(days=10)
    granted(booker, grant_command(CARD_A, 20))
    day = 24 * 3600 * 1_000_000
    noon = Moment.of(town.clock.now()).microseconds
    assert balance(town, HELD, UpTo(MOST, noon + 50 * day)) == (120, 120)
    assert balance(town, HELD, UpTo(MOST, noon + 51 * day)) == (120, 20)
    assert balance(town, HELD, UpTo(MOST, noon + 61 * day)) == (120, 0)


def test_an_account_that_never_was_holds_nothing(town: Town) -> None:
    nobody = AccountKey(MUNICIPAL, AccountKind.HELD, "99")
    assert balance(town, nobody, UpTo(MOST, MOST // 10**6)) == (0, 0)
    assert pages(town, nobody, 5) == []


def test_the_history_tells_points_and_balances(town: Town, booker: Booker) -> None:
    (grant,) = granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(days=1)
    (second,) = granted(booker, grant_command(CARD_A, 50))
    spend = booked(booker, spend_command(CARD_A, 120, day=town.clock.today))["transaction_number"]
    cancel = booked(booker, cancel_command(spend))["transaction_number"]
    with town.database.connection_context():
        lines = history(town.database, HELD, MOST, 10)
    assert [
        (one.transaction_number, one.kind, one.points, one.balance_after, one.refers_to)
        for one in lines
    ] == [
        (cancel, "CANCEL", 120, 150, spend),
        (spend, "SPEND", -120, 30, ""),
        (second, "GRANT", 50, 150, ""),
        (grant, "GRANT", 100, 100, ""),
    ]


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_pages_hold_everything_once(town: Town, booker: Booker, size: int) -> None:
    numbers = [granted(booker, grant_command(CARD_A, 1))[0] for _ in range(14)]
    found = pages(town, HELD, size)
    assert [number for page in found for number in page] == numbers[::-1]
    assert all(len(page) == size for page in found[:-1])


def test_pages_stay_as_they_are_while_bookings_go_on(town: Town, booker: Booker) -> None:
    numbers = [granted(booker, grant_command(CARD_A, 1))[0] for _ in range(10)]
    rest: list[str] = []
    before = MOST
    for _ in count():
        with town.database.connection_context():
            lines = history(town.database, HELD, before, 3)
        if not lines:
            break
        rest += [line.transaction_number for line in lines]
        before = lines[-1].transaction_id
        granted(booker, grant_command(CARD_A, 1), grant_command(CARD_B, 1))
    assert rest == numbers[::-1]


def test_a_low_number_committed_late_is_not_skipped(town: Town) -> None:
    """Numbers are reserved in blocks, so that a process may commit a low one after a high one."""
    with town.booker() as first, town.booker() as second:
        numbers = [granted(first, grant_command(CARD_A, 1))[0]]
        numbers += [granted(second, grant_command(CARD_A, 1))[0] for _ in range(3)]
        moment = at_transaction(town, numbers[-1])
        assert balance(town, HELD, moment)[0] == 4
        with town.database.connection_context():
            page = history(town.database, HELD, MOST, 2)
        late = granted(first, grant_command(CARD_A, 1))[0]
    assert late < numbers[1], "it is lower than what was committed before it"
    assert balance(town, HELD, moment)[0] == 4, "a moment that has passed stays as it was"
    with town.database.connection_context():
        rest = history(town.database, HELD, page[-1].transaction_id, 10)
        newest = history(town.database, HELD, MOST, 1)
    seen = [line.transaction_number for line in (*page, *rest)]
    assert seen == numbers[::-1]
    assert newest[0].transaction_number == late


def test_balances_of_random_moments_are_sums_of_what_came_before(
    town: Town, booker: Booker
) -> None:
    chance = random.Random(5)
    expected: list[tuple[str, int]] = []
    points = 0
    for _ in range(60):
        town.clock.advance(seconds=chance.random() * 5)
        if points and chance.random() < 0.5:
            used = chance.randint(1, points)
            number = booked(booker, spend_command(CARD_A, used))["transaction_number"]
            points -= used
        else:
            gained = chance.randint(1, 50)
            (number,) = granted(booker, grant_command(CARD_A, gained))
            points += gained
        expected.append((number, points))
    for number, held in expected:
        moment = at_transaction(town, number)
        assert balance(town, HELD, moment)[0] == held
        assert balance(town, HELD, UpTo(MOST, moment.time))[0] == held
