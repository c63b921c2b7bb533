"""The simulation finds faults that are planted in registrations."""

from dataclasses import replace

import pytest
from peewee import Database

from server.clock import Moment
from server.ledger.booker import Booker, Command
from server.ledger.store import Decisions
from server.ledger.values import Booking, Operation, Outcome, Registration
from server.ledger.view import View
from server.mykey_ids import attempts
from server.mykey_ids.registering import RegisterMykeyCommand
from server.mykey_ids.revoking import RevokeMykeyCommand
from server.mykey_ids.values import Attempt
from server.service_ids import registering as number_registering
from server.service_ids.registering import RegisterServiceIdCommand
from server.service_ids.values import CustomerKey
from tests.simulation.simulator import Simulator


def test_it_finds_a_number_whose_holder_is_not_looked_up(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = RegisterServiceIdCommand.decide

    def of_nobody(
        command: RegisterServiceIdCommand, view: View, moment: Moment, number: str
    ) -> Registration:
        view.change({CustomerKey(command.issuer_id or "", command.customer_id): None})
        return decide(command, view, moment, number)

    monkeypatch.setattr(RegisterServiceIdCommand, "decide", of_nobody)
    end = number_registering._END.replace("AND customer_id = ?", "OR customer_id = ?")
    monkeypatch.setattr(number_registering, "_END", end)
    assert simulator.finds()


def test_it_finds_a_revocation_that_books_the_lapse_alone(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = RevokeMykeyCommand.decide

    def without(
        command: RevokeMykeyCommand, view: View, moment: Moment, number: str
    ) -> Booking | Registration:
        decision = decide(command, view, moment, number)
        return replace(decision, with_it=None) if isinstance(decision, Booking) else decision

    monkeypatch.setattr(RevokeMykeyCommand, "decide", without)
    assert simulator.finds()


def test_it_finds_an_answer_whose_registration_is_not_written(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = Booker._decide

    def written_or_not(
        booker: Booker, command: Command, view: View, decisions: Decisions
    ) -> Operation:
        before = len(decisions.writes)
        operation = decide(booker, command, view, decisions)
        if operation.outcome == Outcome.REGISTERED and decisions.transactions:
            del decisions.writes[before:]
        return operation

    monkeypatch.setattr(Booker, "_decide", written_or_not)
    assert simulator.finds()


def test_it_finds_a_mykey_id_without_a_password(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = RegisterMykeyCommand.decide

    def half(
        command: RegisterMykeyCommand, view: View, moment: Moment, number: str
    ) -> Registration:
        decision = decide(command, view, moment, number)
        writes = (one for one in decision.writes if "citizen_profile" not in one.text)
        return replace(decision, writes=tuple(writes))

    monkeypatch.setattr(RegisterMykeyCommand, "decide", half)
    assert simulator.finds()


def test_it_finds_a_candidate_that_stays_reserved(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = attempts._reserve

    def without_time(database: Database, attempt: Attempt, mykey_id: str, now: int) -> bool:
        return reserve(database, attempt, mykey_id, 0)

    monkeypatch.setattr(attempts, "_reserve", without_time)
    assert simulator.finds()
