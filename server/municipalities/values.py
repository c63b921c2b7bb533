"""Programs as decisions see them."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from server.ledger.values import Key


class ProgramKind(StrEnum):
    """What sort of points a program issues."""

    MUNICIPAL = "MUNICIPAL"
    EVENT = "EVENT"
    RETAINED = "RETAINED"
    """Points from partners before they are moved (留保ポイント); one program for all."""


RETAINED_PROGRAM = "00000000"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One rule of where an event's points can be used (EVT-2); what is None does not narrow."""

    municipality_code: str | None
    terminal_class: str | None
    issuer_id: str | None
    terminal_id: str | None


@dataclass(frozen=True, slots=True)
class Program:
    """A point program."""

    program_id: str
    municipality_code: str | None
    """None for retained points."""
    kind: ProgramKind
    name: str
    days_valid: int
    service_from: date | None
    service_until: date | None
    points_per_use_max: int | None
    points_per_citizen_day_max: int | None
    points_per_terminal_day_max: int | None
    pin_above_points: int | None
    """The PIN is asked for where more points than this are used (CRD-3)."""
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A terminal that stands in a place, as far as coverage rules ask."""

    terminal_id: str
    terminal_class: str
    issuer_id: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """A shop or facility (設置場所)."""

    place_id: int
    municipality_code: str
    name: str
    collecting_place_id: int | None
    """The place that redeems vouchers for it (VCH-5)."""
    standing: tuple[Standing, ...]
    """Its terminals; a shop may have none."""


@dataclass(frozen=True, slots=True)
class PlaceKey(Key[Place]):
    """A place by its ID."""

    place_id: int


@dataclass(frozen=True, slots=True)
class ProgramKey(Key[Program]):
    """A program by its ID."""

    program_id: str


@dataclass(frozen=True, slots=True)
class UsableProgramsKey(Key[tuple[Program, ...]]):
    """The programs that a terminal in a municipality may take: its own, and all events."""

    municipality_code: str
