"""Form II (様式Ⅱ): IDs and passwords for a municipality, and what it sends back (TRM-2)."""

from itertools import groupby
from pathlib import Path

from server.terminal_forms.cells import FormSheet, shown
from server.terminal_forms.layout import (
    FORM_TWO_TITLE,
    ISSUED_COLUMNS,
    NAME,
    PLACE,
    SECTION_OF,
    SECTIONS,
    TERMINAL_ID,
    TO_KEEP,
    TO_WITHDRAW,
    WITHDRAW,
    WITHDRAWING,
    Section,
)
from server.terminal_forms.reading import (
    find_tables,
    open_form,
    read_municipality_code,
    terminal_rows,
)
from server.terminal_forms.values import Fault, FormTwo, ReturnedForm, ReturnedTerminal
from server.terminal_forms.writing import Block, Written, write_form

UNCHANGED = "(変更なし)"
"""What stands for the password of a terminal that keeps it: nobody knows it but its holder."""
TERMINAL_ID_DIGITS = 8


def write_form_two(form: FormTwo) -> bytes:
    """Return a form II as an Excel file."""
    blocks = {section.terminal_class: _blocks(form, section) for section in SECTIONS}
    name, code = form.municipality_name, form.municipality_code
    return write_form(Written(FORM_TWO_TITLE, blocks, name, code, more_columns=ISSUED_COLUMNS))


def _blocks(form: FormTwo, section: Section) -> list[Block]:
    of_class = [
        one for one in form.terminals if one.listed.terminal_class == section.terminal_class
    ]
    return [
        Block(
            issuer,
            tuple(
                (one.listed.place, one.listed.name, one.terminal_id, one.password or UNCHANGED)
                for one in terminals
            ),
        )
        for issuer, terminals in groupby(of_class, key=lambda one: one.listed.issuer)
    ]


def read_form_two(path: Path) -> ReturnedForm:
    """Return a form II that came back, with everything that is wrong with it by itself.

    Passwords, numbers and sums are not looked at. Raises SheetsError where it cannot be read,
    and FormError where a sheet is missing.
    """
    faults: list[Fault] = []
    summary, listing = open_form(path, faults)
    code, code_spot = read_municipality_code(summary)
    found: list[ReturnedTerminal] = []
    rows = [
        (table.section, row)
        for table in find_tables(listing, ISSUED_COLUMNS)
        for row in terminal_rows(listing, table)
    ]
    for section, row in rows:
        terminal = _terminal(listing, section, row)
        if terminal is not None:
            found.append(terminal)
    _check_ids(listing, found)
    if not rows:
        listing.note(0, 0, "no terminal is listed")
    return ReturnedForm(code or "", tuple(found), tuple(faults), code_spot)


def _terminal(sheet: FormSheet, section: Section, row: int) -> ReturnedTerminal | None:
    id_column = section.column(TERMINAL_ID)
    terminal_id = sheet.digits(row, id_column, TERMINAL_ID, TERMINAL_ID_DIGITS)
    place = sheet.name(row, section.column(PLACE), PLACE)
    name = sheet.name(row, section.column(NAME), NAME)
    is_to_be_withdrawn = _is_to_be_withdrawn(sheet, row, section.column(WITHDRAW))
    sheet.refuse_beyond(row, section.column(WITHDRAW))
    if terminal_id is None or place is None or name is None:
        return None
    of_class = section.terminal_class
    return ReturnedTerminal(terminal_id, of_class, place, name, is_to_be_withdrawn, row)


def _is_to_be_withdrawn(sheet: FormSheet, row: int, column: int) -> bool:
    """Whether a row says 要; note what is neither that, nor 否, nor nothing."""
    if sheet.is_empty(row, column):
        return False
    answer = sheet.text(row, column, WITHDRAW)
    if answer is not None and answer not in WITHDRAWING:
        says = f"{WITHDRAW} is {shown(answer)}: {TO_WITHDRAW}, {TO_KEEP} or nothing belongs here"
        sheet.note(row, column, says)
    return answer == TO_WITHDRAW


def _check_ids(sheet: FormSheet, terminals: list[ReturnedTerminal]) -> None:
    """Check that no terminal has two rows, which could say different things."""
    first: dict[str, ReturnedTerminal] = {}
    for one in terminals:
        other = first.setdefault(one.terminal_id, one)
        if other is not one:
            says = f"{TERMINAL_ID} {one.terminal_id} is in row {other.row} already"
            sheet.note(one.row, SECTION_OF[one.terminal_class].column(TERMINAL_ID), says)
