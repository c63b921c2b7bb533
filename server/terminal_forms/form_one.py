"""Form I (様式Ⅰ): read, and written out blank (TRM-1)."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from server.callers.values import TerminalClass
from server.terminal_forms.cells import FormSheet, shown
from server.terminal_forms.layout import (
    FORM_ONE_TITLE,
    GRAND_TOTAL,
    ISSUER,
    MUNICIPALITY_NAME,
    NAME,
    NOTE,
    NUMBER,
    PLACE,
    SECTION_OF,
    SECTIONS,
    SUBTOTAL,
    TOTAL,
    UNIT,
    Section,
)
from server.terminal_forms.reading import (
    Table,
    find_row,
    find_tables,
    is_subtotal,
    open_form,
    read_municipality_code,
    terminal_rows,
)
from server.terminal_forms.values import Fault, FormOne, ListedTerminal
from server.terminal_forms.writing import Block, Written, write_form
from server.texts import compared

SPARE_ROWS = {
    TerminalClass.SERVICE_ID: (20, 20),
    TerminalClass.POINT_USE: (40,),
    TerminalClass.VOUCHER: (5,),
    TerminalClass.GRANT: (10,),
}
"""The empty rows of a blank form; class ア has two issuers' blocks."""
_HINT = (
    "※行が足りないときは、途中に行を挿入してください。項番は1から始め、(ア)ではID付与事業者ごとに"
    "1から付けます。使わない行は空のままにしてください。"
)


def blank_form_one() -> bytes:
    """Return a blank form I as an Excel file."""
    blocks = {
        of_class: [Block("", ((),) * count) for count in counts]
        for of_class, counts in SPARE_ROWS.items()
    }
    return write_form(Written(FORM_ONE_TITLE, blocks, hint=_HINT))


def write_form_one(form: FormOne) -> bytes:
    """Return a form I as an Excel file."""
    blocks = {section.terminal_class: _blocks(form, section) for section in SECTIONS}
    name, code = form.municipality_name, form.municipality_code
    return write_form(Written(FORM_ONE_TITLE, blocks, name, code))


def _blocks(form: FormOne, section: Section) -> list[Block]:
    of_class = [one for one in form.terminals if one.terminal_class == section.terminal_class]
    by_issuer = groupby(of_class, key=lambda one: one.issuer)
    return [
        Block(issuer, tuple((one.place, one.name) for one in terminals))
        for issuer, terminals in by_issuer
    ]


def read_form_one(path: Path) -> FormOne:
    """Return a form I, with everything that is wrong with it by itself.

    Raises SheetsError where it cannot be read, and FormError where a sheet is missing.
    """
    faults: list[Fault] = []
    summary, listing = open_form(path, faults)
    tables = find_tables(listing)
    terminals = [one for table in tables for one in _terminals(listing, table)]
    _check_names(listing, terminals)
    _check_counts(summary, {table.section: _row_count(listing, table) for table in tables})
    _check_issuers(summary, listing, terminals)
    name_row = find_row(summary, MUNICIPALITY_NAME)
    name = summary.name(name_row, 2, MUNICIPALITY_NAME) if name_row else None
    code, code_spot = read_municipality_code(summary)
    if not any(True for table in tables for _ in terminal_rows(listing, table)):
        listing.note(0, 0, "no terminal is listed")
    name_spot = summary.spot(name_row or 0, 2)
    return FormOne(name or "", code or "", tuple(terminals), tuple(faults), name_spot, code_spot)


def _terminals(sheet: FormSheet, table: Table) -> list[ListedTerminal]:
    """Return a table's terminals, and check its numbers, issuers and sums."""
    found: list[ListedTerminal] = []
    seen: set[str] = set()
    for block in _issuers_blocks(sheet, table):
        found += _terminals_of_block(sheet, table.section, block, seen)
    if table.total_row:
        _check_sum(sheet, table.section, table.total_row, _row_count(sheet, table))
    elif table.head_row:
        sheet.note(table.head_row, 1, f"the row {TOTAL} of {table.section.mark} is missing below")
    return found


def _row_count(sheet: FormSheet, table: Table) -> int:
    return sum(1 for _ in terminal_rows(sheet, table))


def _issuers_blocks(sheet: FormSheet, table: Table) -> Iterator[list[int]]:
    """Return the rows of each issuer, or of the whole class where it has none; check 小計."""
    block: list[int] = []
    for row in table.rows:
        if not is_subtotal(sheet.label(row)):
            block.append(row)
            continue
        _check_sum(sheet, table.section, row, len(block))
        if table.section.terminal_class != TerminalClass.SERVICE_ID:
            sheet.note(row, 1, f"{table.section.mark} has no {SUBTOTAL}")
            continue
        if block:
            yield block
        block = []
    if block and table.section.terminal_class == TerminalClass.SERVICE_ID:
        sheet.note(block[-1], 1, f"the row {SUBTOTAL} is missing below")
    if block:
        yield block


def _terminals_of_block(
    sheet: FormSheet, section: Section, rows: list[int], seen: set[str]
) -> Iterator[ListedTerminal]:
    """Return the terminals of one issuer; `seen` has the issuers above."""
    issuer: str | None = ""
    if ISSUER in section.columns:
        issuer = _issuer(sheet, section.column(ISSUER), rows, seen)
    expected = 1
    for row in rows:
        expected = _check_number(sheet, row, expected) + 1
        place = sheet.name(row, section.column(PLACE), PLACE)
        name = sheet.name(row, section.column(NAME), NAME)
        sheet.refuse_beyond(row, len(section.columns))
        if issuer is not None and place is not None and name is not None:
            yield ListedTerminal(section.terminal_class, issuer, place, name, row)


def _issuer(sheet: FormSheet, column: int, rows: list[int], seen: set[str]) -> str | None:
    """Return a block's issuer: in its first row, and below it or not."""
    issuer = sheet.name(rows[0], column, ISSUER)
    if issuer is not None and compared(issuer) in seen:
        sheet.note(rows[0], column, f"{shown(issuer)} has rows above: list them together")
    for row in rows[1:]:
        if sheet.is_empty(row, column):
            continue
        repeated = sheet.name(row, column, ISSUER)
        if repeated is not None and compared(repeated) != compared(issuer or ""):
            sheet.note(row, column, f"{SUBTOTAL} is missing above this issuer's first row")
    if issuer is not None:
        seen.add(compared(issuer))
    return issuer


def _check_number(sheet: FormSheet, row: int, expected: int) -> int:
    """Note a 項番 that does not follow, and return the one to go on from."""
    if sheet.is_empty(row, 1):
        sheet.note(row, 1, f"{NUMBER} is empty: {expected} belongs here")
        return expected
    number = sheet.count(row, 1, NUMBER)
    if number is None:
        return expected
    if number != expected:
        sheet.note(row, 1, f"{NUMBER} is {number}: {expected} belongs here")
    return number


def _check_sum(sheet: FormSheet, section: Section, row: int, listed: int) -> None:
    column = section.column(NAME)
    what = SUBTOTAL if is_subtotal(sheet.label(row)) else TOTAL
    _compare(sheet, row, column, what, listed)


def _compare(sheet: FormSheet, row: int, column: int, what: str, listed: int) -> None:
    told = sheet.count(row, column, what)
    if told is not None and told != listed:
        sheet.note(row, column, f"{what} is {told}{UNIT}, but {listed} are listed")


def _check_counts(sheet: FormSheet, listed: dict[Section, int]) -> None:
    """Check the numbers of terminals in the summary against the list's."""
    for section in SECTIONS:
        row = _count_row(sheet, section)
        if row is None:
            sheet.note(0, 0, f"the row {section.mark} is missing in column A")
            continue
        _compare(sheet, row, 2, section.mark, listed.get(section, 0))
    row = find_row(sheet, GRAND_TOTAL)
    if row is not None:
        _compare(sheet, row, 2, GRAND_TOTAL, sum(listed.values()))


def _count_row(sheet: FormSheet, section: Section) -> int | None:
    """Return the summary's row of a class; that of all classes begins alike."""
    return sheet.find(lambda text: text.startswith(section.mark) and TOTAL not in text)


def _check_issuers(summary: FormSheet, listing: FormSheet, terminals: list[ListedTerminal]) -> None:
    """Check that the summary names the issuers of class ア, each once, and no other."""
    head = find_row(summary, ISSUER)
    if head is None:
        return
    named: dict[str, tuple[str, int]] = {}
    for row in summary.rows:
        if row <= head or summary.is_empty(row, 1) or summary.label(row).startswith(NOTE):
            continue
        name = summary.name(row, 1, ISSUER)
        if name is not None and compared(name) in named:
            summary.note(row, 1, f"{shown(name)} is named above already")
        elif name is not None:
            named[compared(name)] = name, row
    issuers = ((one.issuer, one.row) for one in reversed(terminals) if one.issuer)
    listed = {compared(name): (name, row) for name, row in issuers}
    column = SECTIONS[0].column(ISSUER)
    for key, (name, row) in named.items():
        if key not in listed:
            summary.note(row, 1, f"{shown(name)} has no terminal in {SECTIONS[0].mark}")
    for key, (name, row) in listed.items():
        if key not in named:
            listing.note(row, column, f"{shown(name)} is not among the issuers on the first sheet")


def _check_names(sheet: FormSheet, terminals: list[ListedTerminal]) -> None:
    """Check that no terminal's name repeats, whatever its class."""
    first: dict[str, ListedTerminal] = {}
    for one in terminals:
        other = first.setdefault(compared(one.name), one)
        if other is one:
            continue
        classes = {other.terminal_class, one.terminal_class}
        says = f"{NAME} {shown(one.name)} is in row {other.row} already"
        if classes == {TerminalClass.SERVICE_ID, TerminalClass.POINT_USE}:
            says += ": a terminal for (ア) and (イ) is listed under (ア) only"
        sheet.note(one.row, SECTION_OF[one.terminal_class].column(NAME), says)
