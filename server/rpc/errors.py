"""Refusals that every method can give."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from server.ledger.values import Refusal
from server.rpc.field_names import japanese_name

VIOLATIONS_MAX = 10
"""More would not fit into what gRPC sends with a status."""


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


class Violation(NamedTuple):
    """A field that is not valid, and what it must be, in both languages."""

    field: str
    description: str
    japanese: str


class InvalidFieldsError(Refusal):
    """Fields that are not valid. Message and BadRequest tell of each, up to VIOLATIONS_MAX."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)[:VIOLATIONS_MAX]
        told = "; ".join(f"{one.field}: {one.description}" for one in self.violations)
        super().__init__(RpcReason.INVALID_FIELD, {"fields": told})
        self.japanese_details = {
            "fields": "、".join(
                f"{japanese_name(one.field)}: {one.japanese}" for one in self.violations
            )
        }
