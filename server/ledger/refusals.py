"""How refusals are told: each room's reasons, with their status and texts (API-2)."""

from enum import StrEnum
from typing import Self


class Code(StrEnum):
    """The status codes of gRPC that refusals have."""

    ABORTED = "ABORTED"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    INTERNAL = "INTERNAL"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAVAILABLE = "UNAVAILABLE"


class Reason(StrEnum):
    """A stable reason for a refusal, and how it is told.

    Texts may name the refusal's details in braces.
    """

    code: Code
    japanese: str
    english: str

    def __new__(cls, name: str, code: Code, japanese: str, english: str) -> Self:
        """Make a member: its name, its status, and what people are told."""
        one = str.__new__(cls, name)
        one._value_ = name
        one.code, one.japanese, one.english = code, japanese, english
        return one
