"""What is read out of an answer."""

import json
from typing import Any

from server.ledger.booker import refusal_of
from server.ledger.values import Operation, Outcome
from tests.simulation.values import Answer, Ask


def check_answer(ask: Ask, operation: Operation, expected: Answer) -> None:
    """The outcome, the reason and what is told with it are as the model says."""
    assert operation.outcome == expected.outcome, (ask, operation, expected)
    if operation.outcome == Outcome.REFUSED:
        assert refusal_of(operation).reason == expected.reason, (ask, operation, expected)
    told = told_by(operation) if expected.told else {}
    found = {name: told.get(name) for name in expected.told}
    assert found == expected.told, (ask, operation, expected)


def told_by(operation: Operation) -> dict[str, Any]:
    """What a booking or a refusal tells, its voucher's fields among it."""
    if operation.outcome == Outcome.REFUSED:
        return dict(refusal_of(operation).details)
    found = json.loads(operation.answer)
    if not isinstance(found, dict):
        return {"transaction_number": operation.answer.decode()}
    told = {**found.get("voucher", {}), **found}
    if "place" in found:
        told["place"] = found["place"]["name"]
    return told
