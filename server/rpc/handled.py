"""A call as it went: for those who watch calls, and change nothing of them."""

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import Message

from server.streets.sessions import StreetSession
from server.terminals.sessions import Session

OK, CANCELLED = "OK", "CANCELLED"


@dataclass(slots=True)
class Handled:
    """A call, as far as it has come."""

    method: str
    """The full name of the definition."""
    address: str
    """The caller's, without the port."""
    session: Session | StreetSession | None = None
    in_practice: bool = False
    """Whether it was for the training ledger (USE-7)."""
    request: Message | None = None
    """None where it could not be decoded, or nobody looked at it."""
    reply: Message | None = None
    """None for a refusal, and for an answer that was stored before."""
    result: str = OK
    """OK, the reason of a refusal, or CANCELLED."""
    seconds: float = 0.0


Watch = Callable[[Handled], None]
