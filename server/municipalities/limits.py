"""What a municipality limits: uses of points (USE-6), PINs (CRD-2), vouchers offline (VCH-8)."""

from dataclasses import dataclass

from peewee import Database

from server.municipalities.tables import MunicipalityRow, ProgramRow


class UnknownLimitHolderError(Exception):
    """There is no such municipality or program; the message names it."""


@dataclass(frozen=True, slots=True)
class ProgramLimits:
    """Points; None: no limit, or never a PIN."""

    program_id: str
    name: str
    points_per_use_max: int | None
    points_per_citizen_day_max: int | None
    points_per_terminal_day_max: int | None
    pin_above_points: int | None


@dataclass(frozen=True, slots=True)
class OfflineLimits:
    """What a shop may take without network; 0: nothing."""

    municipality_code: str
    name: str
    offline_vouchers_max: int
    offline_points_max: int


def program_limits(database: Database) -> list[ProgramLimits]:
    """Return every program's limits, by its ID."""
    rows = ProgramRow.select().order_by(ProgramRow.program_id).execute(database)
    return [
        ProgramLimits(
            row.program_id,
            row.name,
            row.points_per_use_max,
            row.points_per_citizen_day_max,
            row.points_per_terminal_day_max,
            row.pin_above_points,
        )
        for row in rows
    ]


def offline_limits(database: Database) -> list[OfflineLimits]:
    """Return every municipality's limits, by its code."""
    rows = MunicipalityRow.select().order_by(MunicipalityRow.municipality_code).execute(database)
    return [
        OfflineLimits(
            row.municipality_code, row.name, row.offline_vouchers_max, row.offline_points_max
        )
        for row in rows
    ]


def set_program_limits(database: Database, program_id: str, changes: dict[str, int | None]) -> None:
    """Change some of a program's limits. Raises UnknownLimitHolderError."""
    rows = ProgramRow.update(changes).where(ProgramRow.program_id == program_id)
    if rows.execute(database) == 0:
        raise UnknownLimitHolderError(f"there is no program {program_id}")


def set_offline_limits(database: Database, municipality_code: str, changes: dict[str, int]) -> None:
    """Change some of a municipality's limits. Raises UnknownLimitHolderError."""
    rows = MunicipalityRow.update(changes).where(
        MunicipalityRow.municipality_code == municipality_code
    )
    if rows.execute(database) == 0:
        raise UnknownLimitHolderError(f"there is no municipality {municipality_code}")
