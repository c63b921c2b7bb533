"""Writing forms I and II as Excel files, laid out as on the manual's pages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from typing import NamedTuple
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from server.callers.values import TerminalClass
from server.terminal_forms.layout import (
    CLASS,
    COUNT,
    COUNTS_HEAD,
    GRAND_TOTAL,
    ISSUER,
    ISSUERS_HEAD,
    LISTING_HEAD,
    LISTING_SHEET,
    MUNICIPALITY_CODE,
    MUNICIPALITY_NAME,
    NAME,
    SECTIONS,
    SUBTOTAL,
    SUMMARY_HEAD,
    SUMMARY_SHEET,
    TOTAL,
    UNIT,
    WITHDRAW,
    WITHDRAWING,
    Section,
)

SPARE_ISSUERS = 5
TEXT_SIZE = 11
_AS_TEXT = "@"
_COUNT_FORMAT = f'0"{UNIT}"'
_LINE = Side(style="thin")
_FRAME = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_FILL = PatternFill("solid", fgColor="E7E6E6")
_TOP = Alignment(vertical="top", wrap_text=True)
_FONT = "游ゴシック"
_WIDTHS_SUMMARY = (76.0, 24.0)
_WIDTHS_LISTING = (6.0, 26.0, 30.0, 30.0, 22.0, 22.0, 10.0)
_LINE_HEIGHT = 18.0


class Count(NamedTuple):
    """A number of terminals; None on a blank form."""

    value: int | None


Value = str | int | Count
_LIKE_AN_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Excel reads _x000D_ as a line end, and _x005F_ as this letter."""


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one issuer in class ア, or all of another class."""

    issuer: str
    """Empty in other classes, and on a blank form."""
    rows: Sequence[Sequence[str]]
    """The cells from 設置場所 on; none of a row on a blank form."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a form says."""

    title: str
    blocks: Mapping[TerminalClass, Sequence[Block]]
    municipality_name: str = ""
    municipality_code: str = ""
    """Empty on a blank form."""
    more_columns: tuple[str, ...] = ()
    hint: str = ""

    @property
    def issuers(self) -> list[str]:
        """The names of the issuers, in their order."""
        of_class = self.blocks[TerminalClass.SERVICE_ID]
        return [block.issuer for block in of_class if block.issuer]

    def count(self, *sections: Section) -> Count:
        """Return how many terminals classes have."""
        if not self.municipality_code:
            return Count(None)
        blocks = (block for one in sections for block in self.blocks[one.terminal_class])
        return Count(sum(len(block.rows) for block in blocks))


def write_form(form: Written) -> bytes:
    """Return a form as an Excel file."""
    book = Workbook()
    for sheet in book.worksheets:
        book.remove(sheet)
    _write_summary(_Pen(book.create_sheet(SUMMARY_SHEET), _WIDTHS_SUMMARY), form)
    widths = _WIDTHS_LISTING[: 4 + len(form.more_columns)]
    listing = _Pen(book.create_sheet(LISTING_SHEET), widths)
    listing.line(form.title, size=14)
    if form.hint:
        listing.line(form.hint)
    listing.skip()
    listing.line(LISTING_HEAD, size=12)
    for section in SECTIONS:
        _write_section(listing, section, form)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _write_summary(pen: "_Pen", form: Written) -> None:
    pen.line(form.title, size=14)
    pen.skip()
    pen.line(SUMMARY_HEAD, size=12)
    pen.cells([MUNICIPALITY_NAME, form.municipality_name])
    pen.cells([MUNICIPALITY_CODE, form.municipality_code])
    pen.skip()
    pen.line(COUNTS_HEAD)
    pen.cells([CLASS, COUNT], stands_out=True)
    for section in SECTIONS:
        pen.cells([section.title, form.count(section)])
    pen.cells([GRAND_TOTAL, form.count(*SECTIONS)], stands_out=True)
    pen.skip()
    pen.line(ISSUERS_HEAD)
    pen.cells([ISSUER], stands_out=True)
    for issuer in form.issuers or [""] * SPARE_ISSUERS:
        pen.cells([issuer])


def _write_section(pen: "_Pen", section: Section, form: Written) -> None:
    columns = (*section.columns, *form.more_columns)
    pen.skip()
    pen.title(section.title, len(columns))
    pen.cells(columns, stands_out=True)
    first = pen.row + 1
    for block in form.blocks[section.terminal_class]:
        for number, row in enumerate(block.rows, 1):
            pen.cells(_row(section, block, number, row), len(columns))
        if ISSUER in section.columns:
            count = Count(len(block.rows) if form.municipality_code else None)
            pen.sums(SUBTOTAL, count, section.column(NAME), len(columns), is_last=False)
    if WITHDRAW in form.more_columns:
        pen.offer(WITHDRAWING, section.column(WITHDRAW), first)
    total = f"{section.mark}端末台数 {TOTAL}"
    pen.sums(total, form.count(section), section.column(NAME), len(columns), is_last=True)
    if section.note:
        pen.line(section.note)


def _row(section: Section, block: Block, number: int, row: Sequence[str]) -> list[Value]:
    if not row:
        return []
    issuer = [block.issuer if number == 1 else ""] if ISSUER in section.columns else []
    return [number, *issuer, *row]


def _width(text: str) -> int:
    """Return how wide a text is, in half-width letters."""
    return sum(2 if east_asian_width(letter) in "WFA" else 1 for letter in text)


class _Pen:
    """Writes a sheet from top to bottom."""

    def __init__(self, sheet: Worksheet, widths: Sequence[float]) -> None:
        self.row = 0
        self._sheet = sheet
        self._widths = widths
        for column, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(column)].width = width
        sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
        sheet.page_setup.orientation = "landscape"
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.fitToHeight = 0

    def skip(self) -> None:
        """Leave a row empty."""
        self.row += 1

    def line(self, text: str, size: int = TEXT_SIZE) -> None:
        """Write a text that stands for itself."""
        self.row += 1
        self._put(1, text, Font(name=_FONT, size=size, bold=size > TEXT_SIZE))

    def title(self, text: str, width: int) -> None:
        """Write a text over all columns of a table."""
        self.line(text)
        self._merge(width)
        self._sheet.cell(self.row, 1).alignment = _TOP
        self._make_high({text: sum(self._widths[:width])})

    def cells(self, values: Sequence[Value], columns: int = 0, *, stands_out: bool = False) -> None:
        """Write a row of a table, framed up to so many columns."""
        self.row += 1
        empty = [""] * (columns - len(values))
        font = Font(name=_FONT, bold=stands_out)
        for column, value in enumerate([*values, *empty], 1):
            cell = self._put(column, value, font)
            cell.border, cell.alignment = _FRAME, _TOP
            if stands_out:
                cell.fill = _FILL
        sized = zip(values, self._widths, strict=False)
        self._make_high({value: width for value, width in sized if isinstance(value, str)})

    def sums(self, label: str, count: Count, column: int, width: int, *, is_last: bool) -> None:
        """Write a row with a number of terminals in a column."""
        self.cells([label, *[""] * (column - 2), count], width, stands_out=is_last)
        self._merge(column - 1)
        self._sheet.row_dimensions[self.row].height = _LINE_HEIGHT

    def offer(self, choices: Sequence[str], column: int, first: int) -> None:
        """Let a column's cells be chosen from a list, from a row down to the last written."""
        if first > self.row:
            return
        listed = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True)
        letter = get_column_letter(column)
        listed.add(f"{letter}{first}:{letter}{self.row}")
        self._sheet.add_data_validation(listed)

    def _merge(self, width: int) -> None:
        row = self.row
        self._sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=width)

    def _make_high(self, texts: Mapping[str, float]) -> None:
        """Make the row as high as its texts need in columns of these widths."""
        lines = max((ceil(_width(text) / width) for text, width in texts.items()), default=1)
        self._sheet.row_dimensions[self.row].height = max(lines, 1) * _LINE_HEIGHT

    def _put(self, column: int, value: Value, font: Font) -> Cell | MergedCell:
        cell = self._sheet.cell(self.row, column)
        cell.font = font
        if isinstance(value, Count):
            cell.value, cell.number_format = value.value, _COUNT_FORMAT
        elif isinstance(value, int):
            cell.value = value
        else:
            cell.number_format = _AS_TEXT
            if value:
                cell.value = _LIKE_AN_ESCAPE.sub("_x005F_", value)
                cell.data_type = "s"  # a name that begins with = is no formula
        return cell
