"""What comes of a call: decisions on a request, and what went wrong."""

from dataclasses import dataclass

ABANDONED = "OPERATION_ABANDONED"
"""The reason of a request that was given up."""


_SILENCE = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})
"""The reasons that gRPC gives by itself where no server answers."""


class TroubleError(Exception):
    """The server said no, or said nothing; with a reason code and the staff's words."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class RefusedError(TroubleError):
    """The server said no.

    `decided`: it decided on the request, for good. Else it turned the call away before that:
    an earlier sending of the same request may have been booked.
    """

    def __init__(self, reason: str, message: str, *, decided: bool = True) -> None:
        super().__init__(reason, message)
        self.decided = decided


class SessionEndedError(TroubleError):
    """The session is over; after signing in the same request may be sent again."""


class UnreachableError(TroubleError):
    """There is no decision: nothing may be concluded from that."""

    @property
    def is_silence(self) -> bool:
        """Whether no server said a word, which is how a network that is gone looks."""
        return self.reason in _SILENCE


@dataclass(frozen=True, slots=True)
class Booked:
    """It is booked; the answer is the response's bytes."""

    method: str
    answer: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """It is not booked and never will be; why."""

    reason: str = ABANDONED
    message: str = ""


Decision = Booked | Settled
