"""Candidates are counted, reserved and freed by the server (MKY-2, MKY-3)."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from server.ledger.engines import writing
from server.ledger.values import Refusal, RequestKey
from server.mykey_ids import attempts
from server.mykey_ids.passwords import TRIES_MAX
from server.mykey_ids.rules import PROPOSED
from server.mykey_ids.values import Attempt, Purpose
from tests.server.conftest import engine, find_template, town
from tests.server.registrations import (
    CALLER,
    LAST_GOOD_DAY,
    NEW_CARD,
    begin,
    change_command,
    now,
    registered,
    reserve,
)
from tests.server.support import CARD_A, MYKEY, Town, new_request_id

__all__ = ["engine", "find_template", "town"]

TAKEN = MYKEY[CARD_A]
REVOKED = "CCCC3333"
LIFETIME = attempts.LIFETIME.total_seconds()


def drawing(*candidates: str) -> Callable[[], str]:
    given: Iterator[str] = iter(candidates)
    numbers = count()
    return lambda: next(given, f"DRAWN{next(numbers):03}")


def propose(town: Town, attempt: Attempt, *candidates: str) -> tuple[str, int]:
    with town.database.connection_context(), writing(town.database):
        draw = drawing(*candidates)
        return attempts.propose(town.database, attempt.request, draw, now(town))


def check(town: Town, attempt: Attempt, mykey_id: str) -> tuple[bool, int, tuple[str, int] | None]:
    with town.database.connection_context(), writing(town.database):
        draw = drawing("AUTO2222")
        return attempts.check(town.database, attempt.request, mykey_id, draw, now(town))


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        work()
    return str(caught.value.reason)


def reserved(town: Town) -> set[str]:
    return {str(one) for (one,) in town.rows("SELECT mykey_id FROM mykey_candidate")}


def test_three_automatic_candidates_the_third_is_final(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    assert propose(town, attempt, "FIRST222") == ("FIRST222", 2)
    assert propose(town, attempt, "SECOND22") == ("SECOND22", 1)
    assert reserved(town) == {"SECOND22"}, "one candidate for an attempt"
    assert propose(town, attempt, "THIRD222") == ("THIRD222", 0)
    assert refusal(lambda: propose(town, attempt)) == "NO_MORE_CANDIDATES"
    assert refusal(lambda: check(town, attempt, "MYOWN222")) == "NO_MORE_CANDIDATES"
    assert reserved(town) == {"THIRD222"}


def test_a_candidate_that_is_taken_is_not_drawn(town: Town) -> None:
    other = begin(town, Purpose.CREATE, "0F0002")
    assert reserve(town, other, "THEIRS22")
    attempt = begin(town, Purpose.CREATE)
    assert propose(town, attempt, TAKEN, REVOKED, "THEIRS22", "FREE2222") == ("FREE2222", 2)


def test_the_third_refusal_brings_an_automatic_candidate(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    assert check(town, attempt, TAKEN) == (False, 2, None)
    assert check(town, attempt, REVOKED) == (False, 1, None)
    assert check(town, attempt, TAKEN) == (False, 0, ("AUTO2222", 2))
    assert reserved(town) == {"AUTO2222"}
    assert refusal(lambda: check(town, attempt, "MYOWN222")) == "NO_MORE_CANDIDATES"
    assert propose(town, attempt) == ("DRAWN000", 1), "of MKY-2's three two are left"


def test_a_free_candidate_is_no_refusal(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    for mykey_id in ("MYOWN222", "MYOWN333", "MYOWN444", "MYOWN555", "MYOWN555"):
        assert check(town, attempt, mykey_id) == (True, 3, None)
    assert reserved(town) == {"MYOWN555"}


def test_a_refusal_leaves_the_candidate_that_was_reserved(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    assert check(town, attempt, "MYOWN222")[0]
    assert not check(town, attempt, TAKEN)[0]
    assert reserved(town) == {"MYOWN222"}


def test_a_reserved_candidate_is_free_again_after_the_attempt(town: Town) -> None:
    first = begin(town, Purpose.CREATE)
    second = begin(town, Purpose.CREATE, "0F0002")
    assert reserve(town, first, "WANTED22")
    assert not reserve(town, second, "WANTED22")
    town.clock.advance(seconds=LIFETIME - 1)
    third = begin(town, Purpose.CREATE, "0F0003")
    assert not reserve(town, third, "WANTED22")
    town.clock.advance(seconds=1)
    assert reserve(town, third, "WANTED22")


def test_a_candidate_is_free_again_when_the_attempt_is_ended(town: Town) -> None:
    first = begin(town, Purpose.CREATE)
    assert reserve(town, first, "WANTED22")
    with town.database.connection_context(), writing(town.database):
        attempts.end(town.database, first.request, now(town))
    assert reserve(town, begin(town, Purpose.CREATE, "0F0002"), "WANTED22")
    assert refusal(lambda: propose(town, first)) == "ATTEMPT_OVER"


def test_a_changed_mykey_id_is_never_given_again(town: Town) -> None:
    attempt = begin(town, Purpose.CHANGE, CARD_A, 1)
    assert reserve(town, attempt, "CHANGED2")
    with town.booker() as booker:
        registered(booker, change_command(attempt, "CHANGED2"))
    later = begin(town, Purpose.CREATE)
    assert not reserve(town, later, TAKEN)
    assert not reserve(town, later, "CHANGED2")


def test_an_attempt_of_another_terminal_or_none_is_over(town: Town) -> None:
    attempt = begin(town, Purpose.CREATE)
    stranger = RequestKey("terminal:10000002", attempt.request.request_id)
    with town.database.connection_context():
        for request in (stranger, RequestKey(CALLER, new_request_id())):
            with pytest.raises(Refusal) as caught, writing(town.database):
                attempts.propose(town.database, request, drawing(), now(town))
            assert caught.value.reason == "ATTEMPT_OVER"
    assert reserved(town) == set()


@pytest.mark.parametrize("purpose", [Purpose.REVOKE, Purpose.TIE, Purpose.SERVICE_IDS])
def test_candidates_are_for_making_and_changing_alone(town: Town, purpose: Purpose) -> None:
    attempt = begin(town, purpose, CARD_A, 1)
    assert refusal(lambda: propose(town, attempt)) == "ATTEMPT_OVER"


def test_the_same_request_begins_one_attempt(town: Town) -> None:
    first = begin(town, Purpose.CREATE)
    town.clock.advance(seconds=60)
    with town.database.connection_context(), writing(town.database):
        again = attempts.begin(
            town.database,
            first.request,
            purpose=Purpose.CREATE,
            serial_number=NEW_CARD,
            last_good_day=LAST_GOOD_DAY,
            citizen_id=None,
            now=now(town),
        )
    assert again == first


def test_new_citizens_get_ids_of_their_own(town: Town) -> None:
    ids = [begin(town, Purpose.CREATE, f"0F000{n}").citizen_id for n in range(4)]
    assert len(set(ids)) == 4
    assert min(one for one in ids if one) > 5


def test_three_wrong_passwords_end_the_attempt(town: Town) -> None:
    attempt = begin(town, Purpose.TIE)
    with town.database.connection_context(), writing(town.database):
        for number in range(TRIES_MAX + 1):
            found = attempts.find(town.database, attempt.request)
            assert found is not None
            assert found.ended is (number == TRIES_MAX)
            attempts.count_wrong_password(town.database, attempt.request, TRIES_MAX, now(town))


def test_automatic_candidates_are_easily_read() -> None:
    assert len(PROPOSED) == 32
    assert not set("0O1I") & set(PROPOSED)
