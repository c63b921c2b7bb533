"""Kinds of bookings: the messages of each, its slip, its words, and what is shown when it is done.

The table itself is counter_tui/kinds.py: only the application knows all tasks.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from google.protobuf.message import DecodeError, Message

from counter_tui.bookings.outbox import Entry
from counter_tui.calls.answers import Booked
from counter_tui.slips.document import Slip
from counter_tui.slips.receipts import Letterhead

if TYPE_CHECKING:
    from textual.screen import Screen

    from counter_tui.bookings.begun import Begun, Resumed, Told
    from counter_tui.bookings.bookings import Finished
    from counter_tui.calls.server import Calls


class UnknownKindError(Exception):
    """A booking that this version knows nothing of. Nothing may be done with it."""


class _HasRequestId(Protocol):
    request_id: str


class _HasTransactionNumber(Protocol):
    transaction_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of bookings."""

    service: str
    """The full name of the service whose method it is."""
    request: type[Message]
    answer: type[Message]
    slip: Callable[[Any, Letterhead, str], Slip] | None
    """Makes a slip of the answer, who prints it and the program's name; None: there is none."""
    what: str
    """What it is called, untranslated."""
    not_done: str
    """What holds where it is not booked, untranslated."""
    tell: Callable[[Any], "Told"]
    """Tells what a request says."""
    ask: "Callable[[Begun, Any, Calls], Awaitable[Begun]]"
    """Asks the server for what the request does not say. Raises TroubleError."""
    done: "Callable[[Finished, Letterhead, Begun, Resumed], Screen[Any]]"
    """Makes the screen of a booking that an earlier run began."""
    needs_printer: bool = False
    """Whether it is worth nothing where it is not printed (RCP-2)."""


class Kinds:
    """All kinds, by the service's method."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds

    @property
    def paths(self) -> dict[str, str]:
        """Return the path of each method, as gRPC writes it."""
        return {method: f"/{kind.service}/{method}" for method, kind in self._kinds.items()}

    def of(self, method: str) -> Kind:
        """Return a method's kind. Raises UnknownKindError."""
        try:
            return self._kinds[method]
        except KeyError:
            raise UnknownKindError(f"this version knows no booking {method!r}") from None

    def request_of(self, entry: Entry) -> Message:
        """Return an entry's request. Raises UnknownKindError where it is none of its kind."""
        kind = self.of(entry.method)
        try:
            request = kind.request.FromString(entry.request)
        except DecodeError as error:
            raise UnknownKindError(f"no request of {entry.method!r}: {error}") from error
        if cast(_HasRequestId, request).request_id != entry.request_id:
            raise UnknownKindError(f"a request of {entry.method!r} with another request ID")
        return request

    def answer_of(self, booked: Booked) -> Message:
        """Return a booking's answer. Raises UnknownKindError."""
        return self.of(booked.method).answer.FromString(booked.answer)

    def transaction_number_of(self, booked: Booked) -> str:
        """Return the number of a booking that moved points. Raises UnknownKindError."""
        return cast(_HasTransactionNumber, self.answer_of(booked)).transaction_number

    def slip_of(self, booked: Booked, head: Letterhead, program_name: str = "") -> Slip:
        """Return the slip of a booking as it was answered. Raises UnknownKindError.

        The answer of a cancellation does not name its program: `program_name` does.
        """
        make = self.of(booked.method).slip
        if make is None:
            raise UnknownKindError(f"{booked.method!r} has no slip")
        return make(self.answer_of(booked), head, program_name)
