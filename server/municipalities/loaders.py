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
    UsableProgramsKey,
)

_COLUMNS = """p.program_id, p.municipality_code, p.kind, p.name, p.days_valid, p.service_from,
    p.service_until, p.points_per_use_max, p.points_per_citizen_day_max,
    p.points_per_terminal_day_max, p.pin_above_points,
    c.municipality_code, c.terminal_class, c.issuer_id, c.terminal_id"""
PROGRAMS_SQL = f"""SELECT {_COLUMNS} FROM program p LEFT JOIN program_terminals c
    ON c.program_id = p.program_id WHERE (p.program_id) IN ({{keys}}) ORDER BY p.program_id"""  # noqa: S608


def build_programs(rows: list[Row]) -> dict[Key[Program], Program]:
    """Return the programs that rows of PROGRAMS_SQL describe, one row a coverage rule."""
    found: dict[Key[Program], Program] = {}
    for _, of_one in groupby(rows, key=lambda row: row[0]):
        whole = list(of_one)
        program_id, municipality_code, kind, name, days_valid, since, until = whole[0][:7]
        limits = cast(tuple[int | None, int | None, int | None, int | None], whole[0][7:11])
        rules = [cast(tuple[str | None, ...], row[11:15]) for row in whole]
        found[ProgramKey(str(program_id))] = Program(
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
    return found


_USABLE_SQL = f"""SELECT {_COLUMNS}, k.column1
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

_PLACES = "SELECT place_id, municipality_code, name FROM place WHERE (place_id) IN ({keys})"


def _places(rows: list[Row]) -> dict[Key[Place], Place]:
    return {
        PlaceKey(cast(int, place_id)): Place(cast(int, place_id), str(code), str(name))
        for place_id, code, name in rows
    }


PLACES = Loader(PlaceKey, _PLACES, lambda key: (cast(PlaceKey, key).place_id,), _places)
