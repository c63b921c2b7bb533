"""MyKey IDs made, changed and tied to new cards, on both engines (MKY-1, MKY-6, CRD-4)."""

from dataclasses import replace
from datetime import date

import pytest

from server.ledger.booker import refusal_of
from server.ledger.values import Outcome
from server.mykey_ids.registering import Profile
from server.mykey_ids.values import Purpose
from tests.server.conftest import engine, find_template, town
from tests.server.registrations import (
    NEW_CARD,
    PROFILE,
    begin,
    change_command,
    create_command,
    registered,
    reserve,
    tie_command,
)
from tests.server.support import (
    AWAY,
    CARD_A,
    CARD_OF_REVOKED_MYKEY,
    MYKEY,
    STREET_1,
    STREET_POINT_IDS,
    Town,
    booked,
    decided,
    grant_command,
    granted,
    new_request_id,
    refused,
    spend_command,
)

__all__ = ["engine", "find_template", "town"]

LIFETIME_MINUTES = 10


def citizen_of(town: Town, serial_number: str) -> tuple[int, str]:
    query = """SELECT z.citizen_id, z.mykey_id FROM certificate c JOIN citizen z
        USING (citizen_id) WHERE c.serial_number = ?"""
    ((citizen_id, mykey_id),) = town.rows(query, serial_number)
    return citizen_id, mykey_id


def events(town: Town) -> list[tuple[object, ...]]:
    query = "SELECT kind, mykey_id, replaces FROM mykey_event ORDER BY registered_at, kind"
    return town.rows(query)


def test_a_mykey_id_is_made_with_card_and_profile(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    assert reserve(town, attempt, "NEWONE22")
    with town.booker() as booker:
        assert registered(booker, create_command(attempt, "NEWONE22")) == b"NEWONE22"
        assert citizen_of(town, NEW_CARD) == (attempt.citizen_id, "NEWONE22")
        granted(booker, grant_command(NEW_CARD, 70))
    assert town.balance(NEW_CARD) == 70
    ((last_good_day,),) = town.rows(
        "SELECT last_good_day FROM certificate WHERE serial_number = ?", NEW_CARD
    )
    assert last_good_day == "2031-01-01"
    profile = town.rows("SELECT mail, mails_granted, mails_lapsed FROM citizen_profile")
    assert [(mail, bool(a), bool(b)) for mail, a, b in profile] == [("a@example.com", True, False)]
    assert events(town) == [("CREATED", "NEWONE22", None)]
    assert town.rows("SELECT count(*) FROM mykey_candidate") == [(0,)]


def test_what_was_not_reserved_is_not_registered(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    assert reserve(town, attempt, "NEWONE22")
    with town.booker() as booker:
        assert refused(booker, create_command(attempt, "OTHER222"))[0] == "CANDIDATE_NOT_RESERVED"
        town.clock.advance(minutes=LIFETIME_MINUTES)
        assert refused(booker, create_command(attempt, "NEWONE22"))[0] == "ATTEMPT_OVER"
    assert events(town) == []


def test_one_valid_mykey_id_for_a_person(town: Town) -> None:
    """Two terminals at once: both begin, one registers."""
    first, second = begin(town, Purpose.CREATE), begin(town, Purpose.CREATE)
    assert reserve(town, first, "NEWONE22")
    assert reserve(town, second, "NEWTWO22")
    with town.booker() as booker:
        one, two = decided(
            booker, create_command(first, "NEWONE22"), create_command(second, "NEWTWO22")
        )
        assert (one.outcome, two.outcome) == (Outcome.REGISTERED, Outcome.REFUSED)
        assert refusal_of(two).reason == "MYKEY_ID_EXISTS"
        third = begin(town, Purpose.CREATE)
        assert reserve(town, third, "NEWTRE22") is True
        assert refused(booker, create_command(third, "NEWTRE22"))[0] == "MYKEY_ID_EXISTS"
    assert citizen_of(town, NEW_CARD)[1] == "NEWONE22"


def test_an_attempt_registers_once(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    assert reserve(town, attempt, "NEWONE22")
    request_id = new_request_id()
    with town.booker() as booker:
        command = create_command(attempt, "NEWONE22", request_id)
        one, two, again = decided(booker, command, create_command(attempt, "NEWONE22"), command)
        assert one == again
        assert refusal_of(two).reason == "ATTEMPT_OVER"
    assert events(town) == [("CREATED", "NEWONE22", None)]


def test_a_base_municipality_needs_a_program(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    assert reserve(town, attempt, "NEWONE22")
    nowhere = create_command(attempt, "NEWONE22", profile=_based("999999"))
    with town.booker() as booker:
        assert refused(booker, nowhere)[0] == "BASE_MUNICIPALITY_UNFIT"
        registered(booker, create_command(attempt, "NEWONE22", profile=_based(AWAY)))


def _based(code: str) -> Profile:
    return replace(PROFILE, base_municipality_code=code)


def test_the_card_of_a_revoked_mykey_id_makes_a_new_one(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE, CARD_OF_REVOKED_MYKEY)
    assert reserve(town, attempt, "NEWONE22")
    with town.booker() as booker:
        registered(booker, create_command(attempt, "NEWONE22"))
    assert citizen_of(town, CARD_OF_REVOKED_MYKEY) == (attempt.citizen_id, "NEWONE22")
    assert town.rows("SELECT mykey_id FROM citizen WHERE citizen_id = 3") == [("CCCC3333",)]


def test_a_certificate_that_expired_yesterday(town: Town) -> None:
    yesterday = date(2026, 6, 30)
    attempt = begin(town, Purpose.CREATE, last_good_day=yesterday)
    assert reserve(town, attempt, "NEWONE22")
    with town.booker() as booker:
        told = refused(booker, create_command(attempt, "NEWONE22"))
    assert told == ("CERTIFICATE_EXPIRED", {"last_good_day": "2026-06-30"})


def test_a_change_takes_everything_along_and_the_old_one_stops(town: Town) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 300))
        booked(booker, spend_command(CARD_A, 10))
        attempt = begin(town, Purpose.CHANGE, CARD_A, 1)
        assert reserve(town, attempt, "CHANGED2")
        assert registered(booker, change_command(attempt, "CHANGED2")) == b"AAAA1111 CHANGED2"
        assert refused(booker, spend_command(CARD_A, 10))[0] == "CARD_CHANGED"
    assert citizen_of(town, CARD_A) == (1, "CHANGED2")
    assert town.balance(CARD_A) == 290
    query = "SELECT customer_id FROM service_id WHERE citizen_id = 1 AND issuer_id = ?"
    assert town.rows(query, STREET_1) == [(STREET_POINT_IDS[STREET_1],)]
    subjects = town.rows("SELECT DISTINCT subject FROM ledger_transaction")
    assert subjects == [(MYKEY[CARD_A],)], "statements keep the ID that was valid then"
    assert events(town) == [("CHANGED", "CHANGED2", MYKEY[CARD_A])]


def test_a_new_card_is_tied_and_the_old_one_finds_nobody(town: Town) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 300))
        attempt = begin(town, Purpose.TIE)
        assert registered(booker, tie_command(attempt, MYKEY[CARD_A])) == b"AAAA1111"
        assert refused(booker, spend_command(CARD_A, 10))[0] == "CERTIFICATE_REVOKED"
    assert citizen_of(town, NEW_CARD) == (1, MYKEY[CARD_A])
    assert town.balance(NEW_CARD) == 300


@pytest.mark.parametrize(
    ("mykey_id", "fits", "reason"),
    [
        ("AAAA1111", False, "MYKEY_PASSWORD_WRONG"),
        ("XXXX9999", False, "MYKEY_PASSWORD_WRONG"),
        ("CCCC3333", False, "MYKEY_PASSWORD_WRONG"),
        ("CCCC3333", True, "MYKEY_ID_REVOKED"),
    ],
)
def test_a_card_that_is_not_tied(town: Town, mykey_id: str, fits: bool, reason: str) -> None:
    attempt = begin(town, Purpose.TIE)
    with town.booker() as booker:
        assert refused(booker, tie_command(attempt, mykey_id, fits=fits))[0] == reason
    assert town.rows("SELECT 1 FROM certificate WHERE serial_number = ?", NEW_CARD) == []


def test_a_crash_before_the_commit_leaves_no_half_registration(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = begin(town, Purpose.CREATE)
    assert reserve(town, attempt, "NEWONE22")
    before = town.dump()
    command = create_command(attempt, "NEWONE22")
    with town.booker() as booker:
        store = booker._store

        def die() -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(store, "commit", die)
            with pytest.raises(KeyboardInterrupt):
                booker.book([command])
        store.roll_back()
        assert town.dump() == before
    with town.booker() as booker:
        registered(booker, command)
