"""失効: final, with all that hangs on the MyKey ID, on both engines (MKY-7)."""

import json
from datetime import timedelta

from server.ledger.engines import open_reader
from server.ledger.values import Outcome, RequestKey
from server.municipalities.values import RETAINED_PROGRAM
from server.mykey_ids.revoking import Losses, losses_before, release_commands
from server.mykey_ids.values import Purpose
from server.serving.loaders import LOADERS
from server.upkeep.verify import verify
from tests.server.conftest import engine, find_template, town
from tests.server.registrations import CALLER, begin, registered_plain, reserve, revoke_command
from tests.server.support import (
    CARD_A,
    CARD_B,
    COUNTER,
    EVENT,
    MUNICIPAL,
    MYKEY,
    STREET_1,
    Town,
    booked,
    decided,
    grant_command,
    granted,
    hold_command,
    issue_command,
    new_request_id,
    redeem_command,
    refused,
    signing_key_of,
    spend_command,
)

__all__ = ["engine", "find_template", "town"]


def losses(town: Town, citizen_id: int = 1) -> Losses:
    with town.database.connection_context():
        return losses_before(open_reader(town.database, LOADERS), citizen_id)


def test_all_that_hangs_on_it_ends(town: Town) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 300), grant_command(CARD_A, 40, EVENT))
        granted(booker, grant_command(CARD_A, 7, RETAINED_PROGRAM))
        granted(booker, grant_command(CARD_B, 55))
        voucher = booked(booker, issue_command(signing_key_of(town), CARD_A, 100))
        shown = losses(town)
        assert [(one.program_id, one.points) for one in shown.losses] == [
            (RETAINED_PROGRAM, 7),
            (MUNICIPAL, 200),
            (EVENT, 40),
        ]
        assert shown.points == 247
        assert shown.belongings.service_ids == 3
        attempt = begin(town, Purpose.REVOKE, CARD_A, 1)
        answer = booked(booker, revoke_command(attempt, 247))
        assert answer["mykey_id"] == MYKEY[CARD_A]
        assert sum(one["points"] for one in answer["losses"]) == 247
        assert refused(booker, spend_command(CARD_A, 1))[0] == "MYKEY_ID_REVOKED"
        booked(booker, redeem_command(voucher["voucher"]["voucher_number"]))
    assert town.balance(CARD_A) == town.balance(CARD_A, EVENT) == 0
    assert town.balance(CARD_B) == 55
    assert town.rows("SELECT count(*) FROM service_id WHERE citizen_id = 1") == [(0,)]
    assert town.rows("SELECT 1 FROM citizen WHERE citizen_id = 1 AND revoked_at IS NULL") == []
    lapsed = town.rows(
        """SELECT a.program_id, CAST(sum(e.points) AS BIGINT) FROM entry e
        JOIN account a USING (account_id)
        WHERE a.kind = 'LAPSED' GROUP BY a.program_id ORDER BY a.program_id"""
    )
    assert lapsed == [(RETAINED_PROGRAM, 7), (MUNICIPAL, 200), (EVENT, 40)]
    reasons = town.rows("SELECT reason, subject FROM ledger_transaction WHERE kind = 'LAPSE'")
    assert reasons == [("マイキーIDの失効", MYKEY[CARD_A])]
    assert verify(town.database).fault is None


def test_without_points_there_is_no_transaction(town: Town) -> None:
    attempt = begin(town, Purpose.REVOKE, CARD_A, 1)
    with town.booker() as booker:
        answer = registered_plain(booker, revoke_command(attempt, 0))
    assert answer == {"mykey_id": MYKEY[CARD_A], "transaction_number": None, "losses": []}
    assert town.rows("SELECT count(*) FROM ledger_transaction") == [(0,)]
    assert town.rows("SELECT kind FROM mykey_event") == [("REVOKED",)]


def test_points_that_came_meanwhile_are_shown_first(town: Town) -> None:
    attempt = begin(town, Purpose.REVOKE, CARD_A, 1)
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 5))
        assert refused(booker, revoke_command(attempt, 0))[0] == "LOSSES_CHANGED"
        assert refused(booker, revoke_command(attempt, 6))[0] == "LOSSES_CHANGED"
        booked(booker, revoke_command(attempt, 5))


def test_points_granted_in_the_same_batch_are_shown_first(town: Town) -> None:
    attempt = begin(town, Purpose.REVOKE, CARD_A, 1)
    with town.booker() as booker:
        first_of_program, too_early = decided(
            booker, grant_command(CARD_A, 5), revoke_command(attempt, 0)
        )
        assert first_of_program.outcome == Outcome.BOOKED
        assert too_early.outcome == Outcome.REFUSED, "5 points would stay on a revoked MyKey ID"
        booked(booker, revoke_command(attempt, 5))
    assert town.balance(CARD_A) == 0


def test_held_points_are_released_and_lapse(town: Town) -> None:
    attempt = begin(town, Purpose.REVOKE, CARD_A, 1)
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 100))
        granted(booker, hold_command(MYKEY[CARD_A], 30, timeout=timedelta(days=1)))
        shown = losses(town)
        assert (shown.points, len(shown.belongings.open_holds)) == (100, 1)
        assert refused(booker, revoke_command(attempt, 100))[0] == "LOSSES_CHANGED"
        request = RequestKey(CALLER, new_request_id())
        released = release_commands(shown.belongings, request)
        assert released == release_commands(shown.belongings, request), "the same once more"
        assert [one.outcome for one in decided(booker, *released, *released)] == [
            Outcome.BOOKED
        ] * 2
        booked(booker, revoke_command(attempt, 100))
    assert town.balance(CARD_A) == 0
    assert verify(town.database).fault is None


def test_a_revocation_is_booked_once(town: Town) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 100))
        attempt = begin(town, Purpose.REVOKE, CARD_A, 1)
        command, other = revoke_command(attempt, 100), revoke_command(attempt, 100)
        one, again, late = decided(booker, command, command, other)
    assert one == again
    assert json.loads(one.answer)["transaction_number"]
    assert late.outcome == Outcome.REFUSED
    assert town.rows("SELECT count(*) FROM mykey_event") == [(1,)]


def test_a_revoked_mykey_id_is_given_to_nobody(town: Town) -> None:
    attempt = begin(town, Purpose.REVOKE, CARD_A, 1)
    with town.booker() as booker:
        registered_plain(booker, revoke_command(attempt, 0))
    assert not reserve(town, begin(town, Purpose.CREATE), MYKEY[CARD_A])


def test_the_number_is_free_for_the_next(town: Town) -> None:
    attempt = begin(town, Purpose.REVOKE, CARD_A, 1)
    with town.booker() as booker:
        registered_plain(booker, revoke_command(attempt, 0))
    query = "SELECT citizen_id FROM service_id WHERE issuer_id = ?"
    assert town.rows(query, STREET_1) == [(2,)]
    assert COUNTER in attempt.request.caller
