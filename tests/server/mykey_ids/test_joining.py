"""Two MyKey IDs of one person become one: nothing that hangs on the double is lost (MKY-1)."""

from datetime import timedelta

import pytest

from server.citizens.values import Citizen
from server.jobs.joined import carry_over_joined
from server.ledger.values import Outcome, RequestKey
from server.municipalities.values import RETAINED_PROGRAM
from server.mykey_ids.joining import JoinMykeyIdsCommand, joined_in
from server.mykey_ids.values import Purpose
from server.upkeep.verify import verify
from tests.server.conftest import engine, find_template, town
from tests.server.jobs.test_nightly import workshop
from tests.server.registrations import (
    begin,
    change_command,
    create_command,
    reserve,
    service_id_command,
)
from tests.server.support import (
    CARD_A,
    CARD_B,
    EVENT,
    KEYLESS_STREET,
    MUNICIPAL,
    MYKEY,
    STREET_1,
    STREET_2,
    Town,
    booked,
    cancel_command,
    cancel_voucher_command,
    capture_command,
    decided,
    grant_command,
    granted,
    hold_command,
    issue_command,
    new_request_id,
    redeem_command,
    refused,
    release_command,
    signing_key_of,
    spend_command,
)

__all__ = ["engine", "find_template", "town"]

A, B = MYKEY[CARD_A], MYKEY[CARD_B]
OF_A, OF_B = Citizen(1, A, mykey_id_revoked=False), Citizen(2, B, mykey_id_revoked=False)


def join_command(staying: str = B, double: Citizen = OF_A) -> JoinMykeyIdsCommand:
    request = RequestKey("join-mykey-ids", new_request_id())
    return JoinMykeyIdsCommand(request, staying, double, "窓口で確認")


def lots(town: Town, citizen_id: int) -> list[tuple[str, str, int]]:
    return town.rows(
        """SELECT a.program_id, l.last_good_day, l.remaining FROM lot l
        JOIN account a USING (account_id) WHERE a.owner = ? AND a.kind = 'HELD'
        AND l.remaining > 0 ORDER BY 1, 2, 3""",
        str(citizen_id),
    )


def sound(town: Town) -> bool:
    return verify(town.database).fault is None


def test_points_go_over_with_their_days(town: Town) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 300), grant_command(CARD_A, 40, EVENT))
        granted(booker, grant_command(CARD_A, 7, RETAINED_PROGRAM))
        town.clock.advance(days=1)
        granted(booker, grant_command(CARD_A, 100), grant_command(CARD_B, 55))
        granted(booker, spend_command(CARD_A, 20, day=town.clock.today))
        before = lots(town, 1)
        own = lots(town, 2)
        (answer,) = decided(booker, join_command())
    assert answer.outcome == Outcome.BOOKED
    joined = joined_in(answer.answer)
    assert {one.program_id: one.points for one in joined.points} == {
        RETAINED_PROGRAM: 7,
        MUNICIPAL: 380,
        EVENT: 40,
    }
    assert lots(town, 1) == []
    assert lots(town, 2) == sorted(before + own)
    ((number, subject, reason),) = town.rows(
        "SELECT transaction_number, subject, reason FROM ledger_transaction WHERE kind = 'JOIN'"
    )
    assert (number, subject, reason) == (joined.transaction_number, B, "窓口で確認")
    assert sound(town)


def test_its_card_finds_the_one_that_stays_and_its_mykey_id_nobody(town: Town) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 300), grant_command(CARD_B, 55))
        booked(booker, join_command())
        assert town.balance(CARD_A) == town.balance(CARD_B) == 355
        reason, _ = refused(booker, spend_command(CARD_A, 355))
        assert reason == "CARD_CHANGED", "the counter showed the double's MyKey ID"
        booked(booker, spend_command(CARD_B, 355))
        assert refused(booker, hold_command(A, 1))[0] == "MYKEY_ID_REVOKED"
    assert town.rows("SELECT joined_into FROM citizen WHERE citizen_id = 1") == [(2,)]
    assert town.rows("SELECT kind, citizen_id FROM mykey_event") == [("REVOKED", 1)]
    assert not reserve(town, begin(town, Purpose.CREATE), A), "given to nobody again"


def test_numbers_go_over_where_there_is_none_yet(town: Town) -> None:
    """Both have one at the first street: that of the one who stays is the number there."""
    with town.booker() as booker:
        decided(booker, join_command())
    numbers = town.rows("SELECT issuer_id, citizen_id, customer_id FROM service_id ORDER BY 1")
    assert [(one, citizen) for one, citizen, _ in numbers] == [
        (one, 2) for one in sorted([STREET_1, STREET_2, KEYLESS_STREET])
    ]
    assert (STREET_1, 2, "12-34") in numbers
    with town.booker() as booker:
        (again,) = decided(booker, service_id_command("712345678", CARD_A, replaces="12-34"))
    assert again.outcome == Outcome.REGISTERED, "the double's number is free, its card registers"


def test_a_profile_goes_over_where_there_is_none(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    assert reserve(town, attempt, "NEWONE22")
    with town.booker() as booker:
        decided(booker, create_command(attempt, "NEWONE22"))
        assert attempt.citizen_id is not None
        newest = Citizen(attempt.citizen_id, "NEWONE22", mykey_id_revoked=False)
        decided(booker, join_command(B, newest))
        assert town.rows("SELECT citizen_id FROM citizen_profile") == [(2,)]
        decided(booker, join_command(A, OF_B))
    assert town.rows("SELECT citizen_id FROM citizen_profile") == [(1,)]
    joined = town.rows("SELECT citizen_id, joined_into FROM citizen WHERE joined_into IS NOT NULL")
    assert sorted(joined) == [(2, 1), (newest.citizen_id, 1)], "both are the last one's"


def test_what_it_began_at_a_kiosk_is_over(town: Town) -> None:
    attempt = begin(town, Purpose.CHANGE, CARD_A, 1)
    assert reserve(town, attempt, "CHOSEN22")
    with town.booker() as booker:
        decided(booker, join_command())
        assert refused(booker, change_command(attempt, "CHOSEN22"))[0] == "ATTEMPT_OVER"
    assert town.rows("SELECT 1 FROM mykey_candidate") == []


def test_without_points_there_is_no_transaction(town: Town) -> None:
    with town.booker() as booker:
        (answer,) = decided(booker, join_command())
    assert answer.outcome == Outcome.REGISTERED
    assert joined_in(answer.answer).transaction_number is None
    assert town.rows("SELECT count(*) FROM ledger_transaction") == [(0,)]


def test_points_past_their_day_lapse_with_the_one_that_stays(town: Town) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 300))
        before = lots(town, 1)
        town.clock.advance(days=100)
        booked(booker, join_command())
    assert lots(town, 2) == before
    assert sound(town)


@pytest.mark.parametrize(
    ("staying", "double", "reason"),
    [
        ("CCCC3333", OF_A, "MYKEY_ID_REVOKED"),
        (B, Citizen(3, "CCCC3333", mykey_id_revoked=False), "MYKEY_ID_REVOKED"),
        ("NOBODY22", OF_A, "MYKEY_ID_UNKNOWN"),
        (B, Citizen(9, "NOBODY22", mykey_id_revoked=False), "MYKEY_ID_UNKNOWN"),
    ],
)
def test_who_cannot_be_joined(town: Town, staying: str, double: Citizen, reason: str) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 300))
        before = town.dump("operation", "counter")
        assert refused(booker, join_command(staying, double))[0] == reason
    assert town.dump("operation", "counter") == before


async def test_what_comes_back_later_goes_on_to_the_one_that_stays(town: Town) -> None:
    """A cancelled use, a cancelled voucher, a released hold; a captured one takes its points."""
    key = signing_key_of(town)
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
        day = lots(town, 1)[0][1]
        spent = booked(booker, spend_command(CARD_A, 100))["transaction_number"]
        issued = booked(booker, issue_command(key, CARD_A, 200))["transaction_number"]
        other = booked(booker, issue_command(key, CARD_A, 50))["voucher"]["voucher_number"]
        released, captured = granted(
            booker,
            hold_command(A, 30, timeout=timedelta(days=1)),
            hold_command(A, 20, timeout=timedelta(days=1)),
        )
        booked(booker, join_command())
        assert town.balance(CARD_A) == 600
        booked(booker, cancel_command(spent))
        booked(booker, cancel_voucher_command(issued))
        booked(booker, redeem_command(other))
        granted(booker, release_command(released), capture_command(captured, 15))
        assert lots(town, 1) == [(MUNICIPAL, day, 335)]
    async with workshop(town) as shop:
        assert await carry_over_joined(shop) == 1
        assert await carry_over_joined(shop) == 0
    assert lots(town, 1) == []
    assert [(program, until) for program, until, _ in lots(town, 2)] == [(MUNICIPAL, day)] * 2
    assert town.balance(CARD_B) == 935
    assert sound(town)


async def test_two_processes_carry_over_once(town: Town) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000))
        spent = booked(booker, spend_command(CARD_A, 100))["transaction_number"]
        booked(booker, join_command())
        booked(booker, cancel_command(spent))
    async with workshop(town, "one") as one, workshop(town, "two") as two:
        assert await carry_over_joined(one) + await carry_over_joined(two) == 1
    assert town.balance(CARD_B) == 1000
