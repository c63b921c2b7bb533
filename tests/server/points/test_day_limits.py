"""The most that may be used in a day, within one batch (USE-6)."""

import pytest

from server.ledger.booker import Booker, refusal_of
from server.ledger.values import Outcome
from tests.server.support import (
    CARD_A,
    CARD_B,
    COUNTER_2,
    MUNICIPAL,
    Town,
    booked,
    cancel_command,
    decided,
    grant_command,
    granted,
    spend_command,
)

LIMIT = 500


@pytest.fixture(params=["citizen", "terminal"])
def limited(request: pytest.FixtureRequest, town: Town, booker: Booker) -> str:
    """A town whose program has one of the limits, and whose cards hold enough."""
    town.tamper(
        f"""UPDATE program SET points_per_{request.param}_day_max = {LIMIT}
        WHERE program_id = '{MUNICIPAL}'"""  # noqa: S608
    )
    granted(booker, grant_command(CARD_A, 2000), grant_command(CARD_B, 2000))
    return str(request.param)


def test_uses_of_one_batch_count_one_after_the_other(
    town: Town, booker: Booker, limited: str
) -> None:
    amounts = (300, 201, 150, 51, 50, 1)
    answers = decided(booker, *(spend_command(CARD_A, points) for points in amounts))
    outcomes = [answer.outcome == Outcome.BOOKED for answer in answers]
    assert outcomes == [True, False, True, False, True, False]
    left = [refusal_of(one).details["left"] for one in answers if one.outcome == Outcome.REFUSED]
    assert left == ["200", "50", "0"]
    assert town.balance(CARD_A) == 2000 - LIMIT


def test_a_cancellation_counts_from_its_place_in_the_batch(
    town: Town, booker: Booker, limited: str
) -> None:
    number = booked(booker, spend_command(CARD_A, LIMIT))["transaction_number"]
    over, _, spend, over_again = decided(
        booker,
        spend_command(CARD_A, 1),
        cancel_command(number),
        spend_command(CARD_A, LIMIT),
        spend_command(CARD_A, 1),
    )
    assert [one.outcome for one in (over, spend, over_again)] == [
        Outcome.REFUSED,
        Outcome.BOOKED,
        Outcome.REFUSED,
    ]
    assert town.balance(CARD_A) == 2000 - LIMIT


def test_others_of_the_batch_count_for_themselves(town: Town, booker: Booker, limited: str) -> None:
    """Another citizen at another terminal has all of the limit."""
    answers = decided(
        booker,
        spend_command(CARD_A, LIMIT),
        spend_command(CARD_B, LIMIT, terminal_id=COUNTER_2),
        spend_command(CARD_B, 1),
    )
    assert [one.outcome == Outcome.BOOKED for one in answers] == [True, True, False]
    reason = refusal_of(answers[2]).reason
    assert reason == f"OVER_LIMIT_PER_{limited.upper()}_DAY"
