"""Refusals that every method can give."""

from enum import StrEnum


class RpcReason(StrEnum):
    """Why a call was not even decided."""

    INVALID_FIELD = "INVALID_FIELD"
    UNDECODABLE_MESSAGE = "UNDECODABLE_MESSAGE"
    QUEUE_FULL = "QUEUE_FULL"
    DEADLINE_PASSED = "DEADLINE_PASSED"
    SERVER_STOPPING = "SERVER_STOPPING"
    CLOCK_WENT_BACK = "CLOCK_WENT_BACK"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    INTERNAL_FAULT = "INTERNAL_FAULT"
