"""What both forms' readers share: the two sheets, and the table of each class in the second."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from server.municipalities.rules import is_municipality_code
from server.terminal_forms.cells import FormSheet, shown
from server.terminal_forms.layout import (
    LISTING_SHEET,
    MUNICIPALITY_CODE,
    NOTE,
    SECTIONS,
    SUBTOTAL,
    SUMMARY_SHEET,
    TOTAL,
    Section,
    plain,
)
from server.terminal_forms.sheets import read_sheets
from server.terminal_forms.values import Fault, FormError, Spot


@dataclass(slots=True)
class Table:
    """The rows of a class: all below the head of its table that are no notes."""

    section: Section
    title_row: int
    head_row: int = 0
    """0 where it has none."""
    rows: list[int] = field(default_factory=list)
    total_row: int = 0
    """0 where it has none."""


def open_form(path: Path, faults: list[Fault]) -> tuple[FormSheet, FormSheet]:
    """Return the sheets with the summary and the list.

    Raises SheetsError, and FormError where one is missing.
    """
    names = (SUMMARY_SHEET, LISTING_SHEET)
    found = read_sheets(path, names)
    missing = [Fault(Spot(name), "is missing") for name in names if name not in found]
    if missing:
        raise FormError(missing)
    return FormSheet(found[SUMMARY_SHEET], faults), FormSheet(found[LISTING_SHEET], faults)


def find_row(sheet: FormSheet, label: str) -> int | None:
    """Return the row that begins with a label, or note that it is missing."""
    row = sheet.find(lambda text: text == plain(label))
    if row is None:
        sheet.note(0, 0, f"the row {label} is missing in column A")
    return row


def read_municipality_code(sheet: FormSheet) -> tuple[str | None, Spot]:
    """Return the municipality's code, with the check digit that it must have, and where it is."""
    row = find_row(sheet, MUNICIPALITY_CODE)
    if row is None:
        return None, sheet.spot()
    code = sheet.digits(row, 2, MUNICIPALITY_CODE, 6)
    if code is not None and not is_municipality_code(code):
        sheet.note(row, 2, f"{MUNICIPALITY_CODE} {code} has a wrong check digit")
        code = None
    return code, sheet.spot(row, 2)


def find_tables(sheet: FormSheet, more_columns: tuple[str, ...] = ()) -> list[Table]:
    """Return the tables of the list, in their order, and note what is none of their rows."""
    found: list[Table] = []
    for row in sheet.rows:
        label = sheet.label(row)
        if label.startswith(NOTE):
            continue
        section = _titled(label)
        if section is not None:
            if any(one.section == section for one in found):
                sheet.note(row, 1, f"there is a table {section.mark} already above")
            found.append(Table(section, row))
        elif found:
            _put_row(sheet, found[-1], row)
    for section in SECTIONS:
        if all(one.section != section for one in found):
            sheet.note(
                0, 0, f"the table {section.mark} is missing: its title begins {section.mark}"
            )
    for table in found:
        _check_head(sheet, table, more_columns)
    return found


def _titled(label: str) -> Section | None:
    """Return the section whose title a label is."""
    if TOTAL in label:
        return None
    return next((one for one in SECTIONS if label.startswith(one.mark)), None)


def _put_row(sheet: FormSheet, table: Table, row: int) -> None:
    if not table.head_row:
        table.head_row = row
    elif table.total_row:
        sheet.note(row, 1, f"this row is in no table: {TOTAL} of {table.section.mark} is above")
    elif is_total(sheet.label(row)):
        table.total_row = row
    else:
        table.rows.append(row)


def is_total(label: str) -> bool:
    """Whether a row has the number of a class's terminals."""
    return label.endswith(TOTAL)


def is_subtotal(label: str) -> bool:
    """Whether a row has the number of an issuer's terminals."""
    return label == SUBTOTAL


def _check_head(sheet: FormSheet, table: Table, more_columns: tuple[str, ...]) -> None:
    columns = (*table.section.columns, *more_columns)
    if not table.head_row:
        sheet.note(table.title_row, 1, f"the row {columns[0]}, {columns[1]}, … is missing below")
        return
    for column, wanted in enumerate(columns, 1):
        label = sheet.label(table.head_row, column)
        if label != plain(wanted):
            says = f"the column {wanted} belongs here" + (f", not {shown(label)}" if label else "")
            sheet.note(table.head_row, column, says)
    sheet.refuse_beyond(table.head_row, len(columns))


def terminal_rows(sheet: FormSheet, table: Table) -> Iterator[int]:
    """Return the rows of a table with a terminal each."""
    return (row for row in table.rows if not is_subtotal(sheet.label(row)))
