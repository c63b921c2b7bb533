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


class Standing(StrEnum):
    """What a refusal says of the request that it answers."""

    DECIDED = "DECIDED"
    """It is refused for good: its request ID is taken by this answer."""
    TURNED_AWAY = "TURNED_AWAY"
    """The call is refused; an earlier sending of the same request may have been booked."""
    UNDECIDED = "UNDECIDED"
    """Nothing follows: the same request may be sent again."""
    SIGN_IN = "SIGN_IN"
    """Nothing follows: after signing in the same request may be sent again."""


class Reason(StrEnum):
    """A stable reason for a refusal, and how it is told.

    Texts may name the refusal's details in braces.
    """

    code: Code
    japanese: str
    english: str
    standing: Standing
    """Where it was not decided on the booking path."""

    def __new__(
        cls,
        name: str,
        code: Code,
        japanese: str,
        english: str,
        standing: Standing = Standing.TURNED_AWAY,
    ) -> Self:
        """Make a member: its name, its status, what people are told, and what follows."""
        one = str.__new__(cls, name)
        one._value_ = name
        one.code, one.japanese, one.english, one.standing = code, japanese, english, standing
        return one
