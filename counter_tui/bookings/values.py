"""What goes from screen to screen while points are used or merged."""

from copy import deepcopy
from dataclasses import dataclass

from google.type.date_pb2 import Date
from jichipoint.v1 import cards_pb2, merging_pb2, points_pb2, programs_pb2, vouchers_pb2

from counter_tui.bookings.bookings import Finished, NotBooked


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
    pin_above_points: int | None = None
    """The municipality asks for the PIN where more points are used (CRD-3)."""
    by_card_in_reader: bool = True
    """Whether the holder's My Number card has to stay in the reader until it is booked."""

    @property
    def needs_pin(self) -> bool:
        """Whether the holder has to type the card's PIN."""
        return self.pin_above_points is not None and self.points > self.pin_above_points


@dataclass(frozen=True, slots=True)
class Request:
    """A request that has all but its request ID."""

    message: points_pb2.SpendRequest | merging_pb2.MergeRequest | vouchers_pb2.IssueVoucherRequest

    def with_id(self, request_id: str, proof: cards_pb2.CardProof | None) -> bytes:
        """Return the serialized request."""
        message = deepcopy(self.message)
        message.request_id = request_id
        if proof is not None:
            message.card_proof.CopyFrom(proof)
        return message.SerializeToString()


@dataclass(frozen=True, slots=True)
class Back:
    """The operator went back; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The confirm screen did not hold any more; why."""

    message: str


ConfirmResult = Back | Stale | NotBooked | Finished


def pin_above(points: programs_pb2.UsablePoints) -> int | None:
    """Return from which amount the PIN is asked for; None where it is not."""
    return points.pin_above_points if points.HasField("pin_above_points") else None


def points_text(points: int) -> str:
    """Return points as the screens show them."""
    return f"{points:,}pt"


def day_text(day: Date) -> str:
    """Return a day as the screens show it."""
    return f"{day.year}-{day.month:02}-{day.day:02}"
