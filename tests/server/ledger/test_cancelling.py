"""Cancelling a spend (USE-4): by whom, when, how often, and to which lots the points return."""

import json
from datetime import datetime
from typing import Any

from server.clock import TOKYO
from server.ledger.booker import Booker
from server.ledger.values import Outcome
from tests.server.support import (
    AWAY_COUNTER,
    CARD_A,
    COUNTER_2,
    Town,
    booked,
    cancel_command,
    decided,
    grant_command,
    granted,
    refused,
    spend_command,
)


def lots(town: Town) -> list[tuple[Any, ...]]:
    return town.rows("SELECT lot_id, last_good_day, remaining FROM lot ORDER BY lot_id")


def test_cancelling_restores_the_lots_it_came_from(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(days=1)
    granted(booker, grant_command(CARD_A, 200))
    before = lots(town)
    spend = booked(booker, spend_command(CARD_A, 130, day=town.clock.today))
    assert [row[2] for row in lots(town)] == [0, 170]
    cancelled = booked(booker, cancel_command(spend["transaction_number"]))
    assert lots(town) == before
    assert cancelled["points"] == 130
    assert cancelled["points_lapsed"] == 0
    assert cancelled["balance_after"] == 300
    assert cancelled["cancelled_number"] == spend["transaction_number"]
    referring = town.rows(
        """SELECT s.transaction_number, c.reason FROM ledger_transaction c
        JOIN ledger_transaction s ON s.transaction_id = c.refers_to"""
    )
    assert referring == [(spend["transaction_number"], "打ち間違い")]


def test_a_cancellation_and_a_spend_in_one_batch_see_each_other(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    spend = booked(booker, spend_command(CARD_A, 100))
    cancel, again, second = decided(
        booker,
        cancel_command(spend["transaction_number"]),
        spend_command(CARD_A, 60),
        spend_command(CARD_A, 60),
    )
    outcomes = [cancel.outcome, again.outcome, second.outcome]
    assert outcomes == [Outcome.BOOKED, Outcome.BOOKED, Outcome.REFUSED]
    assert json.loads(again.answer)["balance_after"] == 40
    assert town.balance(CARD_A) == 40


def test_cancelling_two_spends_of_one_lot_in_one_batch(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    numbers = [
        booked(booker, spend_command(CARD_A, points))["transaction_number"] for points in (60, 40)
    ]
    answers = decided(booker, *map(cancel_command, numbers))
    assert [json.loads(answer.answer)["balance_after"] for answer in answers] == [60, 100]
    assert town.balance(CARD_A) == 100


def test_a_spend_is_cancelled_once(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    number = booked(booker, spend_command(CARD_A, 60))["transaction_number"]
    first, second = decided(booker, cancel_command(number), cancel_command(number))
    assert (first.outcome, second.outcome) == (Outcome.BOOKED, Outcome.REFUSED)
    assert refused(booker, cancel_command(number))[0] == "TRANSACTION_ALREADY_CANCELLED"
    assert town.balance(CARD_A) == 100


def test_only_the_terminal_that_booked_it_cancels(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    number = booked(booker, spend_command(CARD_A, 60))["transaction_number"]
    for terminal_id in (COUNTER_2, AWAY_COUNTER):
        other = cancel_command(number, terminal_id=terminal_id)
        unknown = cancel_command("2026070199999", terminal_id=terminal_id)
        assert refused(booker, other) == refused(booker, unknown) == ("TRANSACTION_UNKNOWN", {})
    assert town.balance(CARD_A) == 40


def test_only_the_same_tokyo_day(town: Town, booker: Booker) -> None:
    town.clock.time = datetime(2026, 7, 1, 23, 59, 59, tzinfo=TOKYO)
    granted(booker, grant_command(CARD_A, 100))
    number = booked(booker, spend_command(CARD_A, 60))["transaction_number"]
    town.clock.advance(seconds=1)
    assert refused(booker, cancel_command(number))[0] == "TRANSACTION_OF_ANOTHER_DAY"


def test_only_a_spend_is_cancelled(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    spend = booked(booker, spend_command(CARD_A, 60))["transaction_number"]
    cancel = booked(booker, cancel_command(spend))["transaction_number"]
    assert refused(booker, cancel_command(cancel))[0] == "TRANSACTION_NOT_A_SPEND"
    (grant,) = granted(booker, grant_command(CARD_A, 100))
    assert refused(booker, cancel_command(grant))[0] == "TRANSACTION_UNKNOWN", "not this caller's"
    assert town.balance(CARD_A) == 200
