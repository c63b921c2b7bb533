"""The plain values of the ledger, without I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

V = TypeVar("V")


class AccountKind(StrEnum):
    """What an account is for. Only held points are in lots."""

    HELD = "HELD"
    """A citizen's points of a program; owner: the citizen."""
    ISSUED = "ISSUED"
    """The other side of all points that came into a program; no owner."""
    SPENT = "SPENT"
    """Points spent at a place; owner: the place."""
    MERGED = "MERGED"
    """Points merged into a street's own; owner: the issuer."""
    LAPSED = "LAPSED"
    """Points that lapsed; no owner."""
    RESERVED = "RESERVED"
    """Points held back for an order until it is captured or released; owner: the citizen."""
    MOVED = "MOVED"
    """Points moved into another program; owner: that program."""
    OUTSTANDING = "OUTSTANDING"
    """Points on vouchers that are not redeemed; no owner."""
    REDEEMED = "REDEEMED"
    """Points of redeemed vouchers; owner: the place that is paid."""


class TransactionKind(StrEnum):
    """What a transaction is."""

    GRANT = "GRANT"
    SPEND = "SPEND"
    CANCEL = "CANCEL"
    MERGE = "MERGE"
    LAPSE = "LAPSE"
    MOVE = "MOVE"
    HOLD = "HOLD"
    CAPTURE = "CAPTURE"
    RELEASE = "RELEASE"
    ISSUE = "ISSUE"
    """Points became a voucher."""
    REDEEM = "REDEEM"
    """A voucher was redeemed."""
    EXPIRE = "EXPIRE"
    """A voucher lapsed."""
    CORRECT = "CORRECT"
    """A redemption was moved to the right place."""
    JOIN = "JOIN"
    """A citizen's points went to another MyKey ID of the same person."""


USES = (TransactionKind.SPEND, TransactionKind.MERGE, TransactionKind.ISSUE)
"""What counts against a day's limits (USE-6)."""


class AccountKey(NamedTuple):
    """What names an account."""

    program_id: str
    kind: AccountKind
    owner: str = ""


class Lot(NamedTuple):
    """Points that arrived together and expire together."""

    lot_id: int
    last_good_day: date
    remaining: int


class NewLot(NamedTuple):
    """A lot that a booking opens."""

    received_on: date
    last_good_day: date


@dataclass(frozen=True, slots=True)
class Entry:
    """Points that an account gains (positive) or gives (negative).

    Entries of held points name the lot they fill or empty.
    """

    account: AccountKey
    points: int
    lot: Lot | NewLot | None = None


class RequestKey(NamedTuple):
    """Who asked, and the request ID (a UUID in lower case) that is unique for that caller."""

    caller: str
    request_id: str


class UsageKey(NamedTuple):
    """Whose use of a program's points on a day is counted: a citizen's or a terminal's."""

    program_id: str
    day: date
    citizen: str = ""
    """Owner of the account of held points; or"""
    caller: str = ""


class Refusal(Exception):  # noqa: N818
    """Why a request is not granted: a stable reason, and what fills in its message.

    Rules raise it; on the booking path it is remembered as the request's answer.
    """

    def __init__(
        self, reason: str, details: Mapping[str, str] | None = None, *, is_decided: bool = False
    ) -> None:
        """`is_decided`: it is such an answer, and no refusal of the call alone."""
        super().__init__(reason)
        self.reason = reason
        self.details = dict(details or {})
        self.is_decided = is_decided


class Record:
    """A row that a booking writes beside the ledger, in a table of its room.

    Subclasses are frozen data classes; the transaction's ID goes in as the first column.
    """

    TABLE: ClassVar[str]
    COLUMNS: ClassVar[Mapping[str, type]]
    """Their names and types."""

    def values(self) -> tuple[str | int | bytes | None, ...]:
        """Return the values of COLUMNS, which do not name the transaction's ID."""
        raise NotImplementedError


class Write(NamedTuple):
    """A statement that a registration carries out, its parameters written as ?."""

    text: str
    values: tuple[str | int | bytes | None, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """What a command registers without moving points: rows of its rooms, all or none."""

    answer: bytes
    writes: tuple[Write, ...]
    changes: "Mapping[Key[Any], Any]"
    """What the next command of the same batch finds; None where there is nothing any more."""


@dataclass(frozen=True, slots=True)
class Booking:
    """What a command books: one transaction, whole or not at all."""

    kind: TransactionKind
    entries: tuple[Entry, ...]
    answer: bytes
    """What the caller is told, now and at every repetition."""
    subject: str = ""
    """Whom it concerns, as shown then: statements keep it."""
    refers_to: int | None = None
    """The transaction ID that this one settles: cancels, captures, redeems, and so on."""
    reason: str = ""
    records: tuple[Record, ...] = ()
    with_it: Registration | None = None
    """What is registered in the same commit; its answer is not used."""


class Abandonment(NamedTuple):
    """The decision that a request ID will never be booked."""


class Outcome(StrEnum):
    """How a request ended."""

    BOOKED = "BOOKED"
    REFUSED = "REFUSED"
    ABANDONED = "ABANDONED"
    REGISTERED = "REGISTERED"
    """Done, and no points were moved."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What was decided on a request ID, kept for as long as the ledger."""

    request: RequestKey
    method: str
    fingerprint: bytes
    outcome: Outcome
    answer: bytes
    """The caller's answer, or the refusal as JSON."""


class BookedEntry(NamedTuple):
    """An entry as it stands in the ledger."""

    account: AccountKey
    points: int
    lot: Lot | None
    """With what remained in it when it was loaded."""


class Referable:
    """A value that stands for a transaction which a later one may settle, once."""

    __slots__ = ()

    transaction_id: int

    def settled_by(self, booking: Booking, booked_at: int) -> Self:
        """Return the value as it is after that booking; the time is in microseconds."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class BookedTransaction(Referable):
    """A transaction as it stands in the ledger."""

    transaction_id: int
    transaction_number: str
    kind: TransactionKind
    booked_on: date
    caller: str
    subject: str
    settled: bool
    """Whether another transaction has cancelled, captured, released or redeemed it."""
    entries: tuple[BookedEntry, ...]

    def settled_by(self, booking: Booking, booked_at: int) -> Self:  # noqa: ARG002
        """Return the transaction as it is once another has settled it."""
        return replace(self, settled=True)


class Key(Generic[V]):
    """Names a value that a command needs to know. Subclasses are frozen data classes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TransactionKey(Key[BookedTransaction]):
    """A transaction by its number."""

    transaction_number: str


Row = tuple[str | int | bytes | None, ...]


@dataclass(frozen=True)
class Loader(Generic[V]):
    """How the values of one type of key are read: with one query, however many keys.

    `select` has `{keys}` where the rows of keys go: `a IN ({keys})` for keys of one column,
    and for more `({keys}) k CROSS JOIN ...`, with columns column1, column2; a list of several
    columns after IN would not make SQLite use an index.
    """

    key_type: type[Key[V]]
    select: str
    parameters: Callable[[Key[V]], tuple[str | int | bytes, ...]]
    build: Callable[[list[Row]], dict[Key[V], V]]
