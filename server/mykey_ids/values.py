"""Attempts and what hangs on a MyKey ID, as decisions see them."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from server.ledger.values import Key, RequestKey


class Purpose(StrEnum):
    """What a holder wants."""

    CREATE = "CREATE"
    CHANGE = "CHANGE"
    REVOKE = "REVOKE"
    TIE = "TIE"
    SERVICE_IDS = "SERVICE_IDS"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A holder at a terminal who has shown card and PIN; times in microseconds since 1970."""

    request: RequestKey
    """It began with it, and is named by it."""
    purpose: Purpose
    serial_number: str
    last_good_day: date
    citizen_id: int | None
    """The holder; with CREATE who they will be, with TIE None."""
    expires_at: int
    ended: bool
    proposals: int
    refusals: int
    candidate: str | None
    """The MyKey ID that is reserved for it."""
    reserved_until: int


@dataclass(frozen=True, slots=True)
class AttemptKey(Key[Attempt]):
    """An attempt by its terminal and the request ID it began with."""

    caller: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Base:
    """A municipality that has a program of its own."""

    municipality_code: str


@dataclass(frozen=True, slots=True)
class BaseKey(Key[Base]):
    """A base municipality by its code."""

    municipality_code: str


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Points that an order holds back."""

    transaction_number: str
    program_id: str
    points: int


@dataclass(frozen=True, slots=True)
class Belongings:
    """What hangs on a MyKey ID."""

    programs: tuple[tuple[str, str], ...]
    """ID and name of each program that the citizen has an account of."""
    service_ids: int
    open_holds: tuple[OpenHold, ...]
    """Those that are neither captured nor released."""


NOTHING = Belongings((), 0, ())


@dataclass(frozen=True, slots=True)
class BelongingsKey(Key[Belongings]):
    """What hangs on a citizen's MyKey ID."""

    citizen_id: int
