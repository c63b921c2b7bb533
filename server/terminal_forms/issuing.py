"""Issuing the terminals of a form I, and making their places (TRM-2, TRM-8)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from peewee import Database, chunked

from server.callers.tables import TerminalRow
from server.db.queries import Row, rows
from server.municipalities.tables import PlaceRow
from server.terminal_forms.layout import ISSUER, LISTING_SHEET, NAME, SECTION_OF, plain
from server.terminal_forms.values import (
    Fault,
    FormError,
    FormOne,
    FormTwo,
    IssuedTerminal,
    ListedTerminal,
    Spot,
)
from server.terminals.keeping import TerminalError, new_terminal_ids
from server.texts import compared

_ROWS_AT_ONCE = 500


class Password(NamedTuple):
    """A new terminal's password, and what is kept of it."""

    text: str
    hashed: str


class Planned(NamedTuple):
    """What becomes of a terminal of a form I."""

    listed: ListedTerminal
    issuer_id: str | None
    terminal_id: str | None
    """None where it is new."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a form I does to the terminals of its municipality."""

    municipality_name: str
    terminals: tuple[Planned, ...]
    not_listed: int
    """Terminals in a place of the municipality that the form does not list; they stay."""

    @property
    def new_count(self) -> int:
        """How many terminals are new."""
        return sum(one.terminal_id is None for one in self.terminals)


class _Kept(NamedTuple):
    """A terminal of the municipality that was not withdrawn."""

    terminal_id: str
    terminal_class: str
    issuer_id: str | None
    place: str | None
    name: str


def plan(database: Database, form: FormOne, municipality_code: str) -> Plan:
    """Return what a form I would do, and change nothing.

    Raises FormError with everything that is wrong with it, and that does not fit the ledger.
    """
    found = _municipality(database, municipality_code)
    faults = list(_municipality_faults(form, municipality_code, found))
    planned, more = _plan_terminals(database, form, municipality_code)
    if form.faults or faults or more:
        raise FormError([*form.faults, *faults, *more])
    kept_ids = {one.terminal_id for one in planned}
    standing = [one for one in _kept(database, municipality_code) if one.place is not None]
    not_listed = sum(one.terminal_id not in kept_ids for one in standing)
    return Plan(found[0] if found else "", tuple(planned), not_listed)


def _municipality(database: Database, code: str) -> Row | None:
    query = "SELECT name, prefecture FROM municipality WHERE municipality_code = ?"
    found = rows(database, query, code)
    return found[0] if found else None


def _municipality_faults(form: FormOne, code: str, found: Row | None) -> Iterator[Fault]:
    if not form.municipality_code:
        return  # the form's own faults say why
    if form.municipality_code != code:
        says = f"the form is that of {form.municipality_code}, not of {code}"
        yield Fault(form.code_spot, says)
    elif found is None:
        yield Fault(form.code_spot, f"there is no municipality {code}")
    elif form.municipality_name:
        name, prefecture = found
        if plain(form.municipality_name) not in (plain(name), plain(prefecture + name)):
            yield Fault(form.name_spot, f"the municipality {code} is called {name}")


def _plan_terminals(
    database: Database, form: FormOne, municipality_code: str
) -> tuple[list[Planned], list[Fault]]:
    issuer_ids = _issuer_ids(database)
    by_name: dict[str, list[_Kept]] = defaultdict(list)
    for kept in _kept(database, municipality_code):
        by_name[compared(kept.name)].append(kept)
    planned: list[Planned] = []
    faults: list[Fault] = []
    for listed in form.terminals:
        ids = _ids_of(listed.issuer, issuer_ids) if listed.issuer else [None]
        if len(ids) != 1:
            faults.append(_issuer_fault(listed, ids))
            continue
        terminal_id, other = _match(listed, ids[0], by_name.get(compared(listed.name), []))
        if other is not None:
            faults.append(_name_fault(listed, other))
        planned.append(Planned(listed, ids[0], terminal_id))
    return planned, faults


def _issuer_ids(database: Database) -> dict[str, dict[str, str]]:
    """Return the names of issuers by their IDs, for each name as it is compared."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for issuer_id, name in rows(database, "SELECT issuer_id, name FROM issuer ORDER BY issuer_id"):
        found[compared(str(name))][str(issuer_id)] = str(name)
    return found


def _ids_of(issuer: str, issuer_ids: Mapping[str, Mapping[str, str]]) -> list[str | None]:
    """Return the IDs of the issuers of a name: of those written the same, where there are any."""
    alike = issuer_ids.get(compared(issuer), {})
    same = [issuer_id for issuer_id, name in alike.items() if name == issuer]
    return [*(same or alike)]


def _kept(database: Database, municipality_code: str) -> list[_Kept]:
    query = """SELECT t.terminal_id, t.terminal_class, t.issuer_id, p.name, t.name
        FROM terminal t LEFT JOIN place p USING (place_id)
        WHERE t.municipality_code = ? AND t.withdrawn_at IS NULL ORDER BY t.terminal_id"""
    return [_Kept(*row) for row in rows(database, query, municipality_code)]


def _match(
    listed: ListedTerminal, issuer_id: str | None, named_alike: list[_Kept]
) -> tuple[str | None, _Kept | None]:
    """Return the ID of the terminal that a row is, or another that has its name.

    One whose names are written the same comes before others.
    """
    wanted = (listed.terminal_class, issuer_id, compared(listed.place))
    found = [
        kept
        for kept in named_alike
        if (kept.terminal_class, kept.issuer_id, compared(kept.place or "")) == wanted
    ]
    if found:
        same = (listed.name, listed.place)
        return min(found, key=lambda kept: (kept.name, kept.place) != same).terminal_id, None
    return None, named_alike[0] if named_alike else None


def _issuer_fault(listed: ListedTerminal, ids: Sequence[str | None]) -> Fault:
    spot = _spot(listed, ISSUER)
    if not ids:
        return Fault(spot, f"there is no issuer {listed.issuer}: add it with issuers add")
    told = ", ".join(map(str, ids))
    return Fault(spot, f"issuers {told} are all called {listed.issuer}: rename them first")


def _name_fault(listed: ListedTerminal, other: _Kept) -> Fault:
    where = f"place {other.place}, " if other.place else ""
    of_issuer = f"issuer {other.issuer_id}, " if other.issuer_id else ""
    says = (
        f"the terminal {other.terminal_id} ({other.terminal_class}, {of_issuer}{where}"
        f"not withdrawn) is called {listed.name} already"
    )
    return Fault(_spot(listed, NAME), says)


def _spot(listed: ListedTerminal, column: str) -> Spot:
    return Spot(LISTING_SHEET, listed.row, SECTION_OF[listed.terminal_class].column(column))


def issue_terminals(
    database: Database,
    form: FormOne,
    municipality_code: str,
    planned: Plan,
    passwords: Sequence[Password],
) -> FormTwo:
    """Issue what is new, with a password for each, and return form II (TRM-2).

    Runs in a writing transaction. Raises TerminalError where the plan is no longer good.
    """
    if plan(database, form, municipality_code) != planned:
        raise TerminalError("terminals were changed in the meantime: issue them again")
    place_ids = _make_places(database, municipality_code, form)
    new = [one for one in planned.terminals if one.terminal_id is None]
    given = dict(zip(new_terminal_ids(database, len(new)), passwords, strict=True))
    new_rows = [
        {
            "terminal_id": terminal_id,
            "terminal_class": one.listed.terminal_class,
            "municipality_code": municipality_code,
            "place_id": place_ids[compared(one.listed.place)],
            "issuer_id": one.issuer_id,
            "name": one.listed.name,
            "password_hash": password.hashed,
        }
        for one, (terminal_id, password) in zip(new, given.items(), strict=True)
    ]
    for some in chunked(new_rows, _ROWS_AT_ONCE):
        TerminalRow.insert_many(some).execute(database)
    return FormTwo(planned.municipality_name, municipality_code, _issued(planned, given))


def _issued(planned: Plan, given: Mapping[str, Password]) -> tuple[IssuedTerminal, ...]:
    """Return the terminals in the form's order, each with its ID and what is told of it."""
    unused = iter(given.items())
    issued: list[IssuedTerminal] = []
    for one in planned.terminals:
        if one.terminal_id is not None:
            issued.append(IssuedTerminal(one.listed, one.terminal_id, None))
        else:
            terminal_id, password = next(unused)
            issued.append(IssuedTerminal(one.listed, terminal_id, password.text))
    return tuple(issued)


def _make_places(database: Database, municipality_code: str, form: FormOne) -> dict[str, int]:
    """Make the places that are not there yet (TRM-8).

    Returns the IDs of all by their names as they are compared; where two are alike, that of the
    place whose name is written as on the form, else of the older one.
    """
    query = "SELECT name, place_id FROM place WHERE municipality_code = ? ORDER BY place_id DESC"
    there = {
        str(name): int(place_id) for name, place_id in rows(database, query, municipality_code)
    }
    found = {compared(name): place_id for name, place_id in there.items()}
    found |= {compared(one.place): there[one.place] for one in form.terminals if one.place in there}
    ((newest,),) = rows(database, "SELECT coalesce(max(place_id), 0) FROM place")
    missing: dict[str, str] = {}
    for one in form.terminals:
        if compared(one.place) not in found:
            missing.setdefault(compared(one.place), one.place)
    made = {name: int(newest) + number for number, name in enumerate(missing, 1)}
    new_rows = [
        {"place_id": made[key], "municipality_code": municipality_code, "name": name}
        for key, name in missing.items()
    ]
    for some in chunked(new_rows, _ROWS_AT_ONCE):
        PlaceRow.insert_many(some).execute(database)
    return found | made
