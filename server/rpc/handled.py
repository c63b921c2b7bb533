"""A call as it went: for those who watch calls, and change nothing of them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from server.callers.sessions import Session
from server.callers.street_sessions import StreetSession

log = logging.getLogger(__name__)

OK, CANCELLED = "OK", "CANCELLED"


@dataclass(slots=True)
class Handled:
    """A call, as far as it has come."""

    method: str
    """The full name of the definition."""
    address: str
    """The caller's, without the port."""
    traceparent: str = ""
    """Which trace the caller says that it belongs to (W3C Trace Context)."""
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


def all_of(watches: Sequence[Watch]) -> Watch:
    """Return what tells all of them; a fault in one keeps nothing from the others."""

    def tell(handled: Handled) -> None:
        for watch in watches:
            try:
                watch(handled)
            except Exception:
                log.exception("a call of %s cannot be told of", handled.method)

    return tell
