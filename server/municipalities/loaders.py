"""How programs are read for decisions."""

from datetime import date
from itertools import groupby
from typing import Any, NamedTuple, cast

from server.ledger.values import Key, Loader, Row
from server.municipalities.values import (
    Coverage,
    Place,
    PlaceKey,
    Program,
    ProgramKey,
    ProgramKind,
    Standing,
    UsableProgramsKey,
)


class ProgramRow(NamedTuple):
    """A row with PROGRAM_COLUMNS: a program and one of its coverage rules, which may be none."""

    program_id: str
    municipality_code: str | None
    kind: str
    name: str
    days_valid: int
    service_from: str | None
    service_until: str | None
    points_per_use_max: int | None
    points_per_citizen_day_max: int | None
    points_per_terminal_day_max: int | None
    pin_above_points: int | None
    covered_municipality: str | None
    covered_class: str | None
    covered_issuer: str | None
    covered_terminal: str | None

    @property
    def coverage(self) -> Coverage | None:
        """Return the rule; one with nothing in it is none."""
        rule = (
            self.covered_municipality,
            self.covered_class,
            self.covered_issuer,
            self.covered_terminal,
        )
        return Coverage(*rule) if any(rule) else None


PROGRAM_COLUMNS = """p.program_id, p.municipality_code, p.kind, p.name, p.days_valid,
    p.service_from, p.service_until, p.points_per_use_max, p.points_per_citizen_day_max,
    p.points_per_terminal_day_max, p.pin_above_points,
    c.municipality_code, c.terminal_class, c.issuer_id, c.terminal_id"""
_WIDTH = len(ProgramRow._fields)
PROGRAMS_SQL = f"""SELECT {PROGRAM_COLUMNS} FROM program p LEFT JOIN program_terminals c
    ON c.program_id = p.program_id WHERE (p.program_id) IN ({{keys}}) ORDER BY p.program_id"""  # noqa: S608


def build_programs(rows: list[Row]) -> dict[Key[Program], Program]:
    """Return the programs that rows of PROGRAMS_SQL describe, one row a coverage rule."""
    by_id = groupby(rows, key=lambda row: row[0])
    programs = (build_program(list(of_one)) for _, of_one in by_id)
    return {ProgramKey(program.program_id): program for program in programs}


def build_program(rows: list[Row]) -> Program:
    """Return the one program that rows which begin with PROGRAM_COLUMNS describe."""
    found = [ProgramRow._make(cast(tuple[Any, ...], row[:_WIDTH])) for row in rows]
    program = found[0]
    return Program(
        program.program_id,
        program.municipality_code,
        ProgramKind(program.kind),
        program.name,
        program.days_valid,
        date.fromisoformat(program.service_from) if program.service_from else None,
        date.fromisoformat(program.service_until) if program.service_until else None,
        program.points_per_use_max,
        program.points_per_citizen_day_max,
        program.points_per_terminal_day_max,
        program.pin_above_points,
        tuple(one.coverage for one in found if one.coverage),
    )


_USABLE_SQL = f"""SELECT {PROGRAM_COLUMNS}, k.column1
    FROM ({{keys}}) k JOIN program p
    ON p.kind = 'EVENT' OR p.municipality_code = k.column1
    LEFT JOIN program_terminals c ON c.program_id = p.program_id
    ORDER BY k.column1, p.program_id"""  # noqa: S608


def _usable_programs(rows: list[Row]) -> dict[Key[tuple[Program, ...]], tuple[Program, ...]]:
    return {
        UsableProgramsKey(str(code)): tuple(build_programs(list(of_one)).values())
        for code, of_one in groupby(rows, key=lambda row: row[_WIDTH])
    }


USABLE_PROGRAMS = Loader(
    UsableProgramsKey,
    _USABLE_SQL,
    lambda key: (cast(UsableProgramsKey, key).municipality_code,),
    _usable_programs,
)

PROGRAMS = Loader(
    ProgramKey,
    PROGRAMS_SQL,
    lambda key: (cast(ProgramKey, key).program_id,),
    build_programs,
)


class _PlaceRow(NamedTuple):
    """A place, and one of the terminals that stand there, which may be none."""

    place_id: int
    municipality_code: str
    name: str
    collecting_place_id: int | None
    terminal_id: str | None
    terminal_class: str | None
    issuer_id: str | None

    @property
    def standing(self) -> Standing:
        return Standing(self.terminal_id or "", self.terminal_class or "", self.issuer_id)


_PLACES = """SELECT p.place_id, p.municipality_code, p.name, p.collecting_place_id,
    t.terminal_id, t.terminal_class, t.issuer_id
    FROM place p LEFT JOIN terminal t ON t.place_id = p.place_id AND t.withdrawn_at IS NULL
    WHERE (p.place_id) IN ({keys}) ORDER BY p.place_id, t.terminal_id"""


def _places(rows: list[Row]) -> dict[Key[Place], Place]:
    found: dict[Key[Place], Place] = {}
    named = (_PlaceRow._make(cast(tuple[Any, ...], row)) for row in rows)
    for place_id, of_one in groupby(named, key=lambda row: row.place_id):
        whole = list(of_one)
        found[PlaceKey(place_id)] = Place(
            place_id,
            whole[0].municipality_code,
            whole[0].name,
            whole[0].collecting_place_id,
            tuple(one.standing for one in whole if one.terminal_id is not None),
        )
    return found


PLACES = Loader(PlaceKey, _PLACES, lambda key: (cast(PlaceKey, key).place_id,), _places)
