"""What goes from screen to screen while points are used or merged."""

from copy import deepcopy
from dataclasses import dataclass

from google.type.date_pb2 import Date
from jichipoint.v1 import merging_pb2, points_pb2

from counter_tui.core.bookings import Finished, NotBooked


@dataclass(frozen=True, slots=True)
class Use:
    """What the confirm screen shows and books: bound to card, program and day (USE-9)."""

    method: str
    mykey_id: str
    program_name: str
    balance: int
    points: int
    rows: tuple[tuple[str, str], ...]
    """Further lines about the holder."""
    request: "Request"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that has all but its request ID."""

    message: points_pb2.SpendRequest | merging_pb2.MergeRequest

    def with_id(self, request_id: str) -> bytes:
        """Return the serialized request."""
        message = deepcopy(self.message)
        message.request_id = request_id
        return message.SerializeToString()


@dataclass(frozen=True, slots=True)
class Back:
    """The operator went back; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The confirm screen did not hold any more; why."""

    message: str


ConfirmResult = Back | Stale | NotBooked | Finished


def points_text(points: int) -> str:
    """Return points as the screens show them."""
    return f"{points:,}pt"


def day_text(day: Date) -> str:
    """Return a day as the screens show it."""
    return f"{day.year}-{day.month:02}-{day.day:02}"
