"""Joining while another process books, registers or revokes: nothing stays behind (MKY-1)."""

from collections.abc import Callable

import pytest

from server.jobs.joined import carry_over_joined
from server.ledger.booker import Command
from server.ledger.values import Operation, Outcome
from server.mykey_ids.values import Purpose
from server.upkeep.verify import verify
from tests.engines import TestEngine
from tests.server.conftest import find_template, town
from tests.server.jobs.test_nightly import workshop
from tests.server.ledger.test_conflicts import Meanwhile, pausing_booker
from tests.server.mykey_ids.test_joining import join_command
from tests.server.registrations import begin, revoke_command, service_id_command
from tests.server.support import (
    CARD_A,
    CARD_B,
    EVENT,
    LIBRARY,
    LIBRARY_COUNTER,
    Town,
    booked,
    cancel_command,
    decided,
    grant_command,
    granted,
    refused,
    spend_command,
)

__all__ = ["find_template", "town"]


@pytest.fixture(scope="session")
def engine(find_engine: Callable[[str], TestEngine]) -> TestEngine:
    """PostgreSQL alone: SQLite has one writer at a time."""
    return find_engine("postgresql")


@pytest.fixture
def holding(town: Town) -> Town:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000), grant_command(CARD_B, 50))
    return town


def while_another(town: Town, first: Command, second: Command) -> Operation:
    """Let another process do the first while the second is decided."""

    def act() -> None:
        with town.booker() as booker:
            decided(booker, first)

    with pausing_booker(town, Meanwhile(act)) as (booker, _):
        (answer,) = decided(booker, second)
    return answer


async def carried(town: Town) -> int:
    """Let the job carry over, and return what the one that stays has of all programs."""
    async with workshop(town) as shop:
        await carry_over_joined(shop)
    assert verify(town.database).fault is None
    assert town.rows(
        """SELECT CAST(coalesce(sum(l.remaining), 0) AS BIGINT) FROM lot l
        JOIN account a USING (account_id) WHERE a.owner = '1'"""
    ) == [(0,)]
    return town.balance(CARD_B) + town.balance(CARD_B, EVENT)


@pytest.mark.parametrize(
    ("other", "left"),
    [
        (lambda: grant_command(CARD_A, 7), 1057),
        (lambda: grant_command(CARD_A, 7, EVENT), 1057),
        (lambda: spend_command(CARD_A, 7), 1043),
    ],
    ids=["granted", "granted of another program", "spent"],
)
async def test_what_is_booked_meanwhile_goes_over_too(
    holding: Town, other: Callable[[], Command], left: int
) -> None:
    assert while_another(holding, other(), join_command()).outcome == Outcome.BOOKED
    assert await carried(holding) == left


@pytest.mark.parametrize(
    "other",
    [lambda: grant_command(CARD_A, 7), lambda: grant_command(CARD_A, 7, EVENT)],
    ids=["of the program", "of another program"],
)
async def test_what_is_granted_while_it_is_joined_goes_on(
    holding: Town, other: Callable[[], Command]
) -> None:
    assert while_another(holding, join_command(), other()).outcome == Outcome.BOOKED
    assert await carried(holding) == 1057


async def test_a_use_that_is_joined_away_takes_nothing(holding: Town) -> None:
    answer = while_another(holding, join_command(), spend_command(CARD_A, 7))
    assert answer.outcome == Outcome.REFUSED
    assert await carried(holding) == 1050


async def test_a_use_that_is_cancelled_while_it_is_joined_goes_on(holding: Town) -> None:
    with holding.booker() as booker:
        spent = booked(booker, spend_command(CARD_A, 7))["transaction_number"]
    answer = while_another(holding, join_command(), cancel_command(spent))
    assert answer.outcome == Outcome.BOOKED
    assert await carried(holding) == 1050


@pytest.mark.parametrize(("card", "citizen_id", "points"), [(CARD_A, 1, 1000), (CARD_B, 2, 50)])
def test_one_that_is_revoked_meanwhile_is_not_joined(
    holding: Town, card: str, citizen_id: int, points: int
) -> None:
    revocation = revoke_command(begin(holding, Purpose.REVOKE, card, citizen_id), points)
    before = holding.rows("SELECT citizen_id FROM certificate ORDER BY serial_number")
    assert while_another(holding, revocation, join_command()).outcome == Outcome.REFUSED
    assert holding.rows("SELECT citizen_id FROM certificate ORDER BY serial_number") == before
    assert holding.rows("SELECT 1 FROM ledger_transaction WHERE kind = 'JOIN'") == []


def test_the_double_is_revoked_once(holding: Town) -> None:
    revocation = revoke_command(begin(holding, Purpose.REVOKE, CARD_A, 1), 1000)
    assert while_another(holding, join_command(), revocation).outcome == Outcome.REFUSED
    assert holding.balance(CARD_B) == 1050


def test_a_number_that_is_registered_while_it_is_joined_is_the_one_s_that_stays(
    holding: Town,
) -> None:
    number = service_id_command("1111", CARD_A, terminal_id=LIBRARY_COUNTER, issuer_id=LIBRARY)
    assert while_another(holding, join_command(), number).outcome == Outcome.REGISTERED
    query = "SELECT citizen_id FROM service_id WHERE issuer_id = ? AND customer_id = '1111'"
    assert holding.rows(query, LIBRARY) == [(2,)]


def test_it_is_joined_into_one(holding: Town) -> None:
    with holding.booker() as booker:
        decided(booker, join_command())
        assert refused(booker, join_command("EEEE5555"))[0] == "MYKEY_ID_REVOKED"
