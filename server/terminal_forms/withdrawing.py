"""Withdrawing the terminals that a returned form II says are not needed (TRM-2)."""

from dataclasses import dataclass
from typing import NamedTuple

from peewee import Database

from server.db.queries import rows
from server.terminal_forms.layout import LISTING_SHEET, NAME, PLACE, SECTION_OF, TERMINAL_ID
from server.terminal_forms.values import (
    Fault,
    FormError,
    ReturnedForm,
    ReturnedTerminal,
    Spot,
)
from server.terminals.keeping import withdraw_terminal
from server.texts import compared


class _Kept(NamedTuple):
    """A terminal of the municipality."""

    terminal_class: str
    place: str | None
    name: str
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a returned form II did."""

    terminal_ids: tuple[str, ...]
    before: int
    """Terminals that it withdraws and that were withdrawn already."""
    stay: int


def withdraw_terminals(
    database: Database, form: ReturnedForm, municipality_code: str, now: int
) -> Withdrawn:
    """Withdraw what the form says, and nothing else.

    Runs in a writing transaction. Raises FormError with everything that is wrong with the form,
    and that does not fit the ledger.
    """
    kept = _kept(database, municipality_code)
    faults = list(form.faults)
    for one in form.terminals:
        faults += _faults(one, kept.get(one.terminal_id))
    if form.municipality_code not in ("", municipality_code):
        says = f"the form is that of {form.municipality_code}, not of {municipality_code}"
        faults.append(Fault(form.code_spot, says))
    if faults:
        raise FormError(faults)
    named = [one.terminal_id for one in form.terminals if one.is_to_be_withdrawn]
    ending = tuple(one for one in named if not kept[one].is_withdrawn)
    for terminal_id in ending:
        withdraw_terminal(database, terminal_id, now)
    return Withdrawn(ending, len(named) - len(ending), len(form.terminals) - len(named))


def _kept(database: Database, municipality_code: str) -> dict[str, _Kept]:
    query = """SELECT t.terminal_id, t.terminal_class, p.name, t.name, t.withdrawn_at IS NOT NULL
        FROM terminal t LEFT JOIN place p USING (place_id) WHERE t.municipality_code = ?"""
    return {
        str(terminal_id): _Kept(of_class, place, name, bool(is_withdrawn))
        for terminal_id, of_class, place, name, is_withdrawn in rows(
            database, query, municipality_code
        )
    }


def _faults(one: ReturnedTerminal, kept: _Kept | None) -> list[Fault]:
    """Return what is wrong with a row; one that withdraws must be about the terminal it names.

    A table whose columns were sorted apart would else withdraw others than those meant.
    """
    if kept is None:
        return [_fault(one, TERMINAL_ID, f"{one.terminal_id} is no terminal of this municipality")]
    if kept.terminal_class != one.terminal_class:
        says = f"the terminal {one.terminal_id} is of class {kept.terminal_class}"
        return [_fault(one, TERMINAL_ID, says)]
    if not one.is_to_be_withdrawn:
        return []
    pairs = ((PLACE, one.place, kept.place), (NAME, one.name, kept.name))
    return [
        _fault(one, column, f"the terminal {one.terminal_id} has another {column}: {is_called}")
        for column, told, is_called in pairs
        if compared(told) != compared(is_called or "")
    ]


def _fault(one: ReturnedTerminal, column: str, says: str) -> Fault:
    return Fault(Spot(LISTING_SHEET, one.row, SECTION_OF[one.terminal_class].column(column)), says)
