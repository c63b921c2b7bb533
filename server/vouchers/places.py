"""Where vouchers are redeemed, and what the municipality lets a shop take without network."""

from typing import NamedTuple

from peewee import Database

from server.callers.rules import active_terminal
from server.callers.values import TerminalKey
from server.db.queries import rows
from server.ledger.store import Reader
from server.ledger.values import Refusal
from server.municipalities.rules import place_takes
from server.municipalities.values import PlaceKey, Program, UsableProgramsKey
from server.vouchers.errors import VoucherReason


class NamedPlace(NamedTuple):
    """A place in the list."""

    place_id: int
    name: str


class OfflineLimits(NamedTuple):
    """How much a shop may take without network (VCH-8)."""

    vouchers: int
    points: int


_OWN = """SELECT p.place_id, p.name FROM terminal t JOIN place p USING (place_id)
    WHERE t.terminal_id = ?"""
_TIED = """SELECT p.place_id, p.name
    FROM terminal t JOIN place p ON p.collecting_place_id = t.place_id
    WHERE t.terminal_id = ? AND p.place_id <> t.place_id AND p.place_id > ?
    ORDER BY p.place_id LIMIT ?"""
_LIMITS = """SELECT m.offline_vouchers_max, m.offline_points_max
    FROM terminal t JOIN municipality m USING (municipality_code) WHERE t.terminal_id = ?"""


def own_place(database: Database, terminal_id: str) -> list[NamedPlace]:
    """Return the place that a terminal stands in, if there is one."""
    return [NamedPlace(*row) for row in rows(database, _OWN, terminal_id)]


def tied_places(database: Database, terminal_id: str, after: int, most: int) -> list[NamedPlace]:
    """Return the places that are tied to a terminal's, those with IDs above `after`."""
    return [NamedPlace(*row) for row in rows(database, _TIED, terminal_id, after, most)]


def offline_limits(database: Database, terminal_id: str) -> OfflineLimits:
    """Return what a terminal may take without network; nothing where it has no municipality."""
    found = rows(database, _LIMITS, terminal_id)
    return OfflineLimits(*found[0]) if found else OfflineLimits(0, 0)


def own_place_id(reader: Reader, terminal_id: str) -> int:
    """Return the place that a terminal stands in, or raise Refusal."""
    key = TerminalKey(terminal_id)
    place_id = active_terminal(reader.look_up([key]).get(key)).place_id
    if place_id is None:
        raise Refusal(VoucherReason.PLACE_NOT_TIED)
    return place_id


def taken_programs(reader: Reader, terminal_id: str) -> list[Program]:
    """Return the programs whose vouchers are redeemed for a terminal's own place."""
    place_key = PlaceKey(own_place_id(reader, terminal_id))
    place = reader.look_up([place_key])[place_key]
    programs_key = UsableProgramsKey(place.municipality_code)
    programs = reader.look_up([programs_key]).get(programs_key, ())
    return [one for one in programs if place_takes(one, place)]
