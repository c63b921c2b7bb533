"""Refusals that every method can give."""

from collections.abc import Sequence
from enum import StrEnum

from server.ledger.values import Refusal


class RpcReason(StrEnum):
    """Why a call was not even decided."""

    INVALID_FIELD = "INVALID_FIELD"
    UNDECODABLE_MESSAGE = "UNDECODABLE_MESSAGE"
    QUEUE_FULL = "QUEUE_FULL"
    DEADLINE_PASSED = "DEADLINE_PASSED"
    SERVER_STOPPING = "SERVER_STOPPING"
    CLOCK_WENT_BACK = "CLOCK_WENT_BACK"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    NOT_FOR_THIS_CALLER = "NOT_FOR_THIS_CALLER"
    INTERNAL_FAULT = "INTERNAL_FAULT"


class InvalidFieldsError(Refusal):
    """Fields that are not valid. The message tells of the first, BadRequest of each."""

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        field, description = violations[0]
        super().__init__(RpcReason.INVALID_FIELD, {"field": field, "description": description})
        self.violations = tuple(violations)
