"""Vouchers on the booking path: issued, redeemed once, cancelled, lapsed, corrected."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from server.ledger.booker import Booker
from server.ledger.values import Operation, Outcome
from server.upkeep.verify import verify
from server.vouchers.codes import SigningKey
from server.vouchers.rules import last_good_day
from tests.server.support import (
    AWAY_COUNTER,
    AWAY_MUNICIPAL,
    CARD_A,
    CARD_B,
    COUNTER,
    MUNICIPAL,
    PAST_EVENT,
    POINT_USE,
    TIED_SHOP,
    TOWN_HALL,
    VOUCHER,
    Town,
    booked,
    cancel_command,
    cancel_voucher_command,
    correct_command,
    decided,
    expire_command,
    grant_command,
    granted,
    issue_command,
    redeem_command,
    refused,
    signing_key_of,
)

Found = Mapping[str, Any]


@pytest.fixture
def key(town: Town) -> SigningKey:
    return signing_key_of(town)


@pytest.fixture(autouse=True)
def _points(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 1000), grant_command(CARD_B, 500))


def issued(booker: Booker, key: SigningKey, points: int = 300, **more: Any) -> Found:
    return booked(booker, issue_command(key, CARD_A, points, **more))


def number_of(found: Found) -> str:
    return str(found["voucher"]["voucher_number"])


def sums(town: Town, program_id: str = MUNICIPAL) -> dict[tuple[str, str], int]:
    """What each account but the citizens' holds, from its entries."""
    found = town.rows(
        """SELECT a.kind, a.owner, CAST(sum(e.points) AS BIGINT) FROM account a
        JOIN entry e ON e.account_id = a.account_id
        WHERE a.program_id = ? AND a.kind IN ('OUTSTANDING', 'REDEEMED', 'LAPSED')
        GROUP BY a.kind, a.owner""",
        program_id,
    )
    return {(kind, owner): int(points) for kind, owner, points in found if points}


def agrees(town: Town) -> bool:
    found = verify(town.database)
    assert found.fault is None, found.fault
    return True


def test_points_leave_the_balance_at_once_and_are_paid_once_redeemed(
    town: Town, booker: Booker, key: SigningKey
) -> None:
    voucher = issued(booker, key)
    assert voucher["balance_after"] == 700
    assert town.balance(CARD_A) == 700
    assert sums(town) == {("OUTSTANDING", ""): 300}
    assert voucher["qr_text"].startswith(f"JPV1.{number_of(voucher)}.{MUNICIPAL}.300.")
    redeemed = booked(booker, redeem_command(number_of(voucher), terminal_id=COUNTER))
    assert redeemed["place"]["name"] == "花田酒店"
    assert sums(town) == {("REDEEMED", "1"): 300}
    assert agrees(town)


@pytest.mark.parametrize(("days", "until"), [(1, "2017-04-02"), (30, "2017-05-01")])
def test_the_last_good_day_counts_from_the_day_after(days: int, until: str) -> None:
    assert last_good_day(date(2017, 4, 1), days).isoformat() == until


@pytest.mark.parametrize("days", [0, 31, -1])
def test_days_that_a_voucher_cannot_have(booker: Booker, key: SigningKey, days: int) -> None:
    reason, details = refused(booker, issue_command(key, CARD_A, 10, days_valid=days))
    assert (reason, details) == ("DAYS_VALID_UNFIT", {"maximum": "30"})


@pytest.mark.parametrize(
    ("points", "program_id", "reason"),
    [
        (1001, MUNICIPAL, "INSUFFICIENT_POINTS"),
        (0, MUNICIPAL, "POINTS_NOT_POSITIVE"),
        (1, AWAY_MUNICIPAL, "PROGRAM_NOT_USABLE_HERE"),
    ],
)
def test_what_holds_for_a_spend_holds_for_an_issue(
    booker: Booker, key: SigningKey, points: int, program_id: str, reason: str
) -> None:
    assert refused(booker, issue_command(key, CARD_A, points, program_id))[0] == reason


def test_a_number_that_is_taken_is_not_given_again(
    town: Town, booker: Booker, key: SigningKey
) -> None:
    taken = number_of(issued(booker, key, 10, drawn=("000000000001",)))
    again = issued(booker, key, 10, drawn=(taken, "000000000002"))
    assert number_of(again) == "000000000002"
    # Used for ever, though the voucher is gone.
    booked(booker, cancel_voucher_command(again["transaction_number"]))
    drawn = (taken, "000000000002")
    assert refused(booker, issue_command(key, CARD_A, 10, drawn=drawn))[0] == (
        "VOUCHER_NUMBERS_TAKEN"
    )


def test_two_issues_of_one_batch_that_drew_the_same_number(
    town: Town, booker: Booker, key: SigningKey
) -> None:
    drawn = ("000000000001", "000000000002")
    found = decided(booker, *(issue_command(key, CARD_A, 10, drawn=drawn) for _ in range(2)))
    assert [number_of(json.loads(one.answer)) for one in found] == list(drawn)
    assert agrees(town)


def test_redeeming_twice_in_one_batch(town: Town, booker: Booker, key: SigningKey) -> None:
    number = number_of(issued(booker, key))
    first, second = decided(
        booker,
        redeem_command(number, place_id=TIED_SHOP),
        redeem_command(number, terminal_id=COUNTER),
    )
    assert (first.outcome, second.outcome) == (Outcome.BOOKED, Outcome.REFUSED)
    refusal = json.loads(second.answer)
    assert refusal["reason"] == "VOUCHER_ALREADY_REDEEMED"
    assert refusal["details"] == {"place": "青木青果店", "time": "2026-07-01 12:00:00"}
    assert sums(town) == {("REDEEMED", str(TIED_SHOP)): 300}


def test_already_redeemed_says_where_and_when(booker: Booker, key: SigningKey) -> None:
    number = number_of(issued(booker, key))
    booked(booker, redeem_command(number, place_id=TIED_SHOP))
    reason, details = refused(booker, redeem_command(number, terminal_id=COUNTER))
    assert reason == "VOUCHER_ALREADY_REDEEMED"
    assert details == {"place": "青木青果店", "time": "2026-07-01 12:00:00"}


@pytest.mark.parametrize(
    ("terminal_id", "place_id"),
    [(COUNTER, 2), (POINT_USE, 1), (POINT_USE, TIED_SHOP), (COUNTER, 3), (COUNTER, 999)],
)
def test_a_place_that_the_terminal_has_no_say_in(
    booker: Booker, key: SigningKey, terminal_id: str, place_id: int
) -> None:
    number = number_of(issued(booker, key))
    command = redeem_command(number, terminal_id=terminal_id, place_id=place_id)
    assert refused(booker, command)[0] == "PLACE_NOT_TIED"


def test_a_voucher_that_is_not_taken_here_is_as_unknown_as_none(
    booker: Booker, key: SigningKey
) -> None:
    number = number_of(issued(booker, key))
    elsewhere = refused(booker, redeem_command(number, terminal_id=AWAY_COUNTER, place_id=3))
    nowhere = refused(booker, redeem_command("000000000000", terminal_id=AWAY_COUNTER, place_id=3))
    assert elsewhere == nowhere == ("VOUCHER_UNKNOWN", {})


def test_an_events_vouchers_outlive_the_event(town: Town, booker: Booker, key: SigningKey) -> None:
    """EVT-3. The event of spring ended with June; its coverage is the whole municipality."""
    town.tamper(
        f"UPDATE program SET service_until = '2026-07-02' WHERE program_id = '{PAST_EVENT}'"  # noqa: S608
    )
    granted(booker, grant_command(CARD_A, 50, PAST_EVENT))
    voucher = issued(booker, key, 50, program_id=PAST_EVENT)
    town.clock.advance(days=20)
    booked(booker, redeem_command(number_of(voucher), place_id=TIED_SHOP))
    assert sums(town, PAST_EVENT) == {("REDEEMED", str(TIED_SHOP)): 50}


def test_good_through_its_last_day_and_not_a_day_longer(
    town: Town, booker: Booker, key: SigningKey
) -> None:
    first, second = (issued(booker, key, 100, days_valid=3) for _ in range(2))
    town.clock.advance(days=3)
    booked(booker, redeem_command(number_of(first)))
    assert refused(booker, expire_command(number_of(second)))[0] == "VOUCHER_NOT_LAPSED"
    town.clock.advance(days=1)
    reason, details = refused(booker, redeem_command(number_of(second)))
    assert (reason, details) == ("VOUCHER_LAPSED", {"last_good_day": "2026-07-04"})
    granted(booker, expire_command(number_of(second)))
    assert sums(town) == {("REDEEMED", "1"): 100, ("LAPSED", ""): 100}
    assert town.balance(CARD_A) == 800
    assert refused(booker, redeem_command(number_of(second)))[0] == "VOUCHER_LAPSED"
    assert refused(booker, expire_command(number_of(second)))[0] == "VOUCHER_CLOSED"
    assert agrees(town)


def test_cancelling_returns_the_points_and_ends_the_voucher(
    town: Town, booker: Booker, key: SigningKey
) -> None:
    voucher = issued(booker, key)
    cancelled = booked(booker, cancel_voucher_command(voucher["transaction_number"]))
    assert (cancelled["points"], cancelled["balance_after"]) == (300, 1000)
    assert town.balance(CARD_A) == 1000
    assert sums(town) == {}
    assert refused(booker, redeem_command(number_of(voucher)))[0] == "VOUCHER_CANCELLED"
    again = cancel_voucher_command(voucher["transaction_number"])
    assert refused(booker, again)[0] == "VOUCHER_CLOSED"
    assert agrees(town)


def test_what_cannot_be_cancelled(town: Town, booker: Booker, key: SigningKey) -> None:
    redeemed, late = issued(booker, key, 100), issued(booker, key, 100)
    booked(booker, redeem_command(number_of(redeemed)))
    number = redeemed["transaction_number"]
    assert refused(booker, cancel_voucher_command(number))[0] == "VOUCHER_CLOSED"
    other = cancel_voucher_command(late["transaction_number"], terminal_id=COUNTER)
    assert refused(booker, other)[0] == "TRANSACTION_UNKNOWN"
    as_spend = cancel_command(late["transaction_number"], terminal_id=VOUCHER)
    assert refused(booker, as_spend)[0] == "TRANSACTION_NOT_A_SPEND"
    town.clock.advance(days=1)
    command = cancel_voucher_command(late["transaction_number"])
    assert refused(booker, command)[0] == "TRANSACTION_OF_ANOTHER_DAY"


def test_cancel_and_redeem_in_one_batch_end_in_one_of_them(
    town: Town, booker: Booker, key: SigningKey
) -> None:
    first, second = issued(booker, key, 100), issued(booker, key, 100)
    answers = decided(
        booker,
        cancel_voucher_command(first["transaction_number"]),
        redeem_command(number_of(first)),
        redeem_command(number_of(second)),
        cancel_voucher_command(second["transaction_number"]),
    )
    booked_refused = [Outcome.BOOKED, Outcome.REFUSED]
    assert [one.outcome for one in answers] == booked_refused * 2
    assert town.balance(CARD_A) == 900
    assert agrees(town)


def test_issues_count_against_the_limits_and_cancelled_ones_do_not(
    town: Town, booker: Booker, key: SigningKey
) -> None:
    """USE-6. A redemption leaves the issue counting."""
    town.tamper(
        f"UPDATE program SET points_per_citizen_day_max = 400 WHERE program_id = '{MUNICIPAL}'"  # noqa: S608
    )
    first = issued(booker, key, 300)
    assert refused(booker, issue_command(key, CARD_A, 101))[0] == "OVER_LIMIT_PER_CITIZEN_DAY"
    booked(booker, redeem_command(number_of(first)))
    reason, details = refused(booker, issue_command(key, CARD_A, 101))
    assert (reason, details["left"]) == ("OVER_LIMIT_PER_CITIZEN_DAY", "100")
    second = issued(booker, key, 100)
    booked(booker, cancel_voucher_command(second["transaction_number"]))
    issued(booker, key, 100)


def test_a_correction_pays_another_place(town: Town, booker: Booker, key: SigningKey) -> None:
    voucher = issued(booker, key)
    number = number_of(voucher)
    assert refused(booker, correct_command(number, 2))[0] == "VOUCHER_NOT_REDEEMED"
    booked(booker, redeem_command(number))
    assert refused(booker, correct_command(number, 1))[0] == "PLACE_UNCHANGED"
    assert refused(booker, correct_command(number, 3))[0] == "PLACE_UNKNOWN"
    booked(booker, correct_command(number, 2))
    booked(booker, correct_command(number, TIED_SHOP))
    assert sums(town) == {("REDEEMED", str(TIED_SHOP)): 300}
    assert refused(booker, correct_command(number, TIED_SHOP))[0] == "PLACE_UNCHANGED"
    _, details = refused(booker, redeem_command(number))
    assert details["place"] == "青木青果店"
    ((reason,),) = town.rows(
        "SELECT DISTINCT reason FROM ledger_transaction WHERE kind = 'CORRECT'"
    )
    assert reason == "店の取り違え"
    assert agrees(town)


def test_two_corrections_in_one_batch(town: Town, booker: Booker, key: SigningKey) -> None:
    number = number_of(issued(booker, key))
    booked(booker, redeem_command(number))
    answers: list[Operation] = decided(
        booker, correct_command(number, 2), correct_command(number, TIED_SHOP)
    )
    assert [one.outcome for one in answers] == [Outcome.BOOKED, Outcome.BOOKED]
    assert sums(town) == {("REDEEMED", str(TIED_SHOP)): 300}
    assert agrees(town)


def test_another_municipalitys_voucher_is_not_corrected(booker: Booker, key: SigningKey) -> None:
    number = number_of(issued(booker, key))
    booked(booker, redeem_command(number))
    command = correct_command(number, 3, terminal_id=AWAY_COUNTER)
    assert refused(booker, command)[0] == "VOUCHER_UNKNOWN"
    assert refused(booker, correct_command("000000000000", 2))[0] == "VOUCHER_UNKNOWN"
    assert correct_command(number, 2).terminal_id == TOWN_HALL


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE voucher SET points = 301", "its voucher is not what was booked"),
        ("DELETE FROM voucher", "an issue without its voucher"),
        ("UPDATE voucher SET is_open = FALSE", "its voucher is not open exactly while"),
    ],
)
def test_verify_names_what_is_wrong_with_a_voucher(
    town: Town, booker: Booker, key: SigningKey, statement: str, fault: str
) -> None:
    issued(booker, key)
    town.tamper(statement)
    assert fault in (verify(town.database).fault or "")


def test_the_database_refuses_a_second_end(town: Town, booker: Booker, key: SigningKey) -> None:
    """The backstop under the rules: nothing refers twice, and vouchers stay as they are."""
    issued(booker, key)
    with town.database.connection_context():
        for statement in (
            "UPDATE voucher SET points = 5",
            "UPDATE voucher SET is_open = FALSE",
            "DELETE FROM voucher",
        ):
            with pytest.raises(Exception, match="voucher"), town.database.atomic():
                town.database.execute_sql(statement)


def test_days_apart(town: Town, booker: Booker, key: SigningKey) -> None:
    """The voucher's days are its own: longer than what is left of the points' (VCH-1)."""
    town.clock.advance(days=59)
    today = town.clock.today
    voucher = booked(booker, issue_command(key, CARD_A, 1000, day=today))
    town.clock.advance(days=30)
    assert town.clock.today == today + timedelta(days=30)
    booked(booker, redeem_command(number_of(voucher)))
