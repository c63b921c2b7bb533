"""Registering numbers on both engines: one for an issuer and citizen, one citizen for each."""

import pytest

from server.ledger.booker import refusal_of
from server.ledger.values import Outcome
from tests.server.conftest import engine, find_template, town
from tests.server.registrations import registered_plain, service_id_command
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    CARD_OF_REVOKED_MYKEY,
    COUNTER,
    COUNTER_2,
    EXPIRED_CARD,
    LIBRARY,
    LIBRARY_COUNTER,
    MYKEY,
    REVOKED_CARD,
    STREET_1,
    STREET_2,
    STREET_POINT_IDS,
    Town,
    decided,
    new_request_id,
    refused,
)

__all__ = ["engine", "find_template", "town"]

NEW = "523456789"
CURRENT = STREET_POINT_IDS[STREET_1]


def numbers(town: Town, issuer_id: str = STREET_1) -> dict[int, str]:
    query = "SELECT citizen_id, customer_id FROM service_id WHERE issuer_id = ?"
    return dict(town.rows(query, issuer_id))


def history(town: Town) -> list[tuple[object, ...]]:
    query = """SELECT customer_id, replaces, citizen_id FROM service_id_event
        ORDER BY registered_at, customer_id"""
    return town.rows(query)


def test_a_number_is_registered(town: Town) -> None:
    with town.booker() as booker:
        answer = registered_plain(booker, service_id_command(NEW, CARD_E, signature="0A01"))
    assert answer == {
        "issuer_name": "一番街",
        "mykey_id": MYKEY[CARD_E],
        "customer_id": NEW,
        "replaced": None,
        "notices_address": True,
    }
    assert numbers(town)[5] == NEW
    watched = town.rows("SELECT signature_serial_number FROM service_id WHERE customer_id = ?", NEW)
    assert watched == [("0A01",)]
    assert history(town) == [(NEW, None, 5)]


def test_the_same_number_again_changes_nothing(town: Town) -> None:
    with town.booker() as booker:
        answer = registered_plain(booker, service_id_command(CURRENT))
    assert answer["replaced"] is None
    assert numbers(town)[1] == CURRENT


def test_another_number_is_asked_for_and_replaces(town: Town) -> None:
    with town.booker() as booker:
        asked = refused(booker, service_id_command(NEW))
        assert asked == ("SERVICE_ID_DIFFERENT", {"current": CURRENT})
        wrong = refused(booker, service_id_command(NEW, replaces="999999999"))
        assert wrong == ("SERVICE_ID_DIFFERENT", {"current": CURRENT})
        assert numbers(town)[1] == CURRENT
        answer = registered_plain(booker, service_id_command(NEW, replaces=CURRENT))
        assert answer["replaced"] == CURRENT
        assert numbers(town)[1] == NEW
        registered_plain(booker, service_id_command(CURRENT, CARD_E))
    assert numbers(town) == {1: NEW, 2: "12-34", 5: CURRENT}, "the old number is free"
    assert (NEW, CURRENT, 1) in history(town)


def test_a_number_of_another_citizen_is_refused_without_saying_whose(town: Town) -> None:
    with town.booker() as booker:
        told = refused(booker, service_id_command(CURRENT, CARD_E))
        assert told == ("CUSTOMER_ID_TAKEN", {"customer_id": CURRENT})
        replacing = refused(booker, service_id_command("12-34", replaces=CURRENT))
        assert replacing[0] in ("CUSTOMER_ID_TAKEN", "CUSTOMER_ID_UNFIT_PATTERN")
    assert 5 not in numbers(town)


def test_the_same_number_at_another_issuer_is_another(town: Town) -> None:
    with town.booker() as booker:
        registered_plain(
            booker,
            service_id_command(CURRENT, CARD_E, issuer_id=STREET_2, terminal_id=COUNTER_2),
        )
    assert numbers(town, STREET_2)[5] == CURRENT


@pytest.mark.parametrize(
    ("serial_number", "reason"),
    [
        ("FFFFFF", "CERTIFICATE_UNKNOWN"),
        (CARD_OF_REVOKED_MYKEY, "MYKEY_ID_REVOKED"),
        (REVOKED_CARD, "CERTIFICATE_REVOKED"),
        (EXPIRED_CARD, "CERTIFICATE_EXPIRED"),
    ],
)
def test_a_card_that_is_not_accepted(town: Town, serial_number: str, reason: str) -> None:
    before = town.dump("operation", "counter")
    with town.booker() as booker:
        told, _ = refused(booker, service_id_command(NEW, serial_number))
    assert told == reason
    assert town.dump("operation", "counter") == before


@pytest.mark.parametrize(
    ("issuer_id", "terminal_id", "customer_id", "reason"),
    [
        (STREET_1, COUNTER, "12345678", "CUSTOMER_ID_UNFIT_PATTERN"),
        (STREET_1, COUNTER, "12345678A", "CUSTOMER_ID_UNFIT_PATTERN"),
        (STREET_1, COUNTER, "1234:6789", "CUSTOMER_ID_UNFIT_STREET"),
        (LIBRARY, LIBRARY_COUNTER, "LIB-0042", "CUSTOMER_ID_UNFIT_SYMBOLOGY"),
    ],
)
def test_a_number_that_cannot_be_the_issuers(
    town: Town, issuer_id: str, terminal_id: str, customer_id: str, reason: str
) -> None:
    command = service_id_command(customer_id, CARD_E, issuer_id=issuer_id, terminal_id=terminal_id)
    with town.booker() as booker:
        assert refused(booker, command)[0] == reason


def test_a_repetition_gets_the_first_answer(town: Town) -> None:
    request_id = new_request_id()
    with town.booker() as booker:
        command = service_id_command(NEW, CARD_E, request_id=request_id)
        (first,) = decided(booker, command)
        registered_plain(booker, service_id_command("623456789", CARD_E, replaces=NEW))
        (again,) = decided(booker, command)
        assert again == first
        reused = service_id_command("723456789", CARD_E, request_id=request_id)
        assert refused(booker, reused)[0] == "REQUEST_ID_REUSED"
    assert numbers(town)[5] == "623456789", "the repetition registered nothing"


def test_many_at_once_in_one_batch_one_wins(town: Town) -> None:
    commands = [
        service_id_command(NEW, card, replaces=CURRENT if card == CARD_A else None)
        for card in (CARD_E, CARD_A, CARD_E, CARD_B)
    ]
    with town.booker() as booker:
        operations = decided(booker, *commands)
    outcomes = [one.outcome for one in operations]
    assert outcomes == [
        Outcome.REGISTERED,
        Outcome.REFUSED,
        Outcome.REGISTERED,
        Outcome.REFUSED,
    ]
    reasons = {refusal_of(one).reason for one in operations if one.outcome == Outcome.REFUSED}
    assert reasons == {"CUSTOMER_ID_TAKEN"}
    assert [one for one, number in numbers(town).items() if number == NEW] == [5]


def test_a_crash_before_the_commit_leaves_no_half_registration(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = town.dump()
    command = service_id_command(NEW, replaces=CURRENT)
    with town.booker() as booker:
        store = booker._store
        commit = store.commit

        def die() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(store, "commit", die)
        with pytest.raises(KeyboardInterrupt):
            booker.book([command])
        store.roll_back()
        assert town.dump() == before
        monkeypatch.setattr(store, "commit", commit)
        registered_plain(booker, command)
    assert numbers(town)[1] == NEW
