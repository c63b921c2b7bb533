"""How programs are read for decisions."""

from datetime import date
from itertools import groupby
from typing import cast

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

PROGRAM_COLUMNS = """p.program_id, p.municipality_code, p.kind, p.name, p.days_valid,
    p.service_from, p.service_until, p.points_per_use_max, p.points_per_citizen_day_max,
    p.points_per_terminal_day_max, p.pin_above_points,
    c.municipality_code, c.terminal_class, c.issuer_id, c.terminal_id"""
PROGRAMS_SQL = f"""SELECT {PROGRAM_COLUMNS} FROM program p LEFT JOIN program_terminals c
    ON c.program_id = p.program_id WHERE (p.program_id) IN ({{keys}}) ORDER BY p.program_id"""  # noqa: S608


def build_programs(rows: list[Row]) -> dict[Key[Program], Program]:
    """Return the programs that rows of PROGRAMS_SQL describe, one row a coverage rule."""
    by_id = groupby(rows, key=lambda row: row[0])
    programs = (build_program(list(of_one)) for _, of_one in by_id)
    return {ProgramKey(program.program_id): program for program in programs}


def build_program(rows: list[Row]) -> Program:
    """Return the one program that rows with PROGRAM_COLUMNS describe."""
    program_id, municipality_code, kind, name, days_valid, since, until = rows[0][:7]
    limits = cast(tuple[int | None, int | None, int | None, int | None], rows[0][7:11])
    rules = [cast(tuple[str | None, ...], row[11:15]) for row in rows]
    return Program(
        str(program_id),
        cast(str | None, municipality_code),
        ProgramKind(cast(str, kind)),
        str(name),
        cast(int, days_valid),
        date.fromisoformat(cast(str, since)) if since else None,
        date.fromisoformat(cast(str, until)) if until else None,
        *limits,
        tuple(Coverage(*rule) for rule in rules if any(rule)),
    )


_USABLE_SQL = f"""SELECT {PROGRAM_COLUMNS}, k.column1
    FROM ({{keys}}) k JOIN program p
    ON p.kind = 'EVENT' OR p.municipality_code = k.column1
    LEFT JOIN program_terminals c ON c.program_id = p.program_id
    ORDER BY k.column1, p.program_id"""  # noqa: S608


def _usable_programs(rows: list[Row]) -> dict[Key[tuple[Program, ...]], tuple[Program, ...]]:
    return {
        UsableProgramsKey(str(code)): tuple(build_programs(list(of_one)).values())
        for code, of_one in groupby(rows, key=lambda row: row[15])
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

_PLACES = """SELECT p.place_id, p.municipality_code, p.name, p.collecting_place_id,
    t.terminal_id, t.terminal_class, t.issuer_id
    FROM place p LEFT JOIN terminal t ON t.place_id = p.place_id AND t.withdrawn_at IS NULL
    WHERE (p.place_id) IN ({keys}) ORDER BY p.place_id, t.terminal_id"""


def _places(rows: list[Row]) -> dict[Key[Place], Place]:
    found: dict[Key[Place], Place] = {}
    for place_id, of_one in groupby(rows, key=lambda row: row[0]):
        whole = list(of_one)
        _, code, name, collecting_place_id = whole[0][:4]
        found[PlaceKey(cast(int, place_id))] = Place(
            cast(int, place_id),
            str(code),
            str(name),
            cast(int | None, collecting_place_id),
            tuple(_standing(row[4:]) for row in whole if row[4] is not None),
        )
    return found


def _standing(row: Row) -> Standing:
    terminal_id, terminal_class, issuer_id = row
    return Standing(str(terminal_id), str(terminal_class), cast(str | None, issuer_id))


PLACES = Loader(PlaceKey, _PLACES, lambda key: (cast(PlaceKey, key).place_id,), _places)
