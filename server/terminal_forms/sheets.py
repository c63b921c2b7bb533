"""An Excel file that others made, as plain cells: bounded before it is parsed (TRM-1)."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from pyexpat import ExpatError, ParserCreate
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from merge_driver.files import open_regular
from server.terminal_forms.layout import plain
from server.terminal_forms.values import SheetsError

FILE_BYTES_MAX = 10_000_000
UNPACKED_BYTES_MAX = 20_000_000
PARTS_MAX = 1000
ROWS_MAX = 30_000
"""The last row with something in it; rows below may have a format."""
ROWS_LOOKED_AT_MAX = 1_048_576
"""As many as Excel has."""
COLUMNS_MAX = 16
_OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")
"""How .xls files begin, and .xlsx files with a password."""
_ENCRYPTED_FLAG = 1
_RELATIONS, _STRICT = "_rels/.rels", b"http://purl.oclc.org/ooxml/"
"""Where the strict form of Excel's files, which openpyxl does not read, names itself."""
_PLAIN_FORMATS = ("General", "0", "@")


class Cell(NamedTuple):
    """A cell with something in it."""

    value: str | int
    problem: str = ""
    """Why its value cannot be taken; then the value is empty."""
    is_formatted: bool = False
    """Whether Excel shows its number in another way than by its digits."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's cells by row and column, both from 1 on; none that is empty."""

    name: str
    rows: Mapping[int, Mapping[int, Cell]]


def read_sheets(path: Path, names: Iterable[str]) -> dict[str, Sheet]:
    """Return those sheets of an .xlsx or .xlsm file that are there, by these names.

    Macros and links to elsewhere do nothing. Raises SheetsError.
    """
    content = _content(path)
    _check_package(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what openpyxl leaves out, nothing is needed here
        try:
            return _sheets(content, names)
        except SheetsError:
            raise
        except Exception as error:
            # Of a broken file openpyxl raises whatever comes up: KeyError, TypeError, ParseError.
            raise SheetsError("cannot be read as Excel: open it there and save it anew") from error


def _content(path: Path) -> bytes:
    try:
        file = open_regular(path)
        if file is None:
            raise SheetsError("is not a file")
        with file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SheetsError(f"cannot be read: {error.strerror}") from None
    if len(content) > FILE_BYTES_MAX:
        raise SheetsError(f"is larger than {FILE_BYTES_MAX // 1_000_000} MB")
    return content


def _check_package(content: bytes) -> None:
    """Refuse what would be large once it is unpacked, and what is no .xlsx."""
    if content.startswith(_OLD_EXCEL):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise SheetsError("has a password: save it without one")
        raise SheetsError("is an .xls file, or another of old: save it as .xlsx")
    try:
        with ZipFile(BytesIO(content)) as package:
            parts = package.infolist()
            _check_parts(parts)
            for part in parts:
                content_of_part = package.read(part)
                _refuse_definitions(content_of_part)
                if part.filename == _RELATIONS and _STRICT in content_of_part:
                    raise SheetsError(
                        "is saved as Strict Open XML: save it as Excel Workbook (.xlsx)"
                    )
    except (BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise SheetsError("is no .xlsx file, or is damaged") from error


def _check_parts(parts: list[ZipInfo]) -> None:
    """Check the sizes that the package names; more than these is never unpacked."""
    if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
        raise SheetsError(f"is larger than {UNPACKED_BYTES_MAX // 1_000_000} MB when unpacked")
    if any(part.flag_bits & _ENCRYPTED_FLAG for part in parts):
        raise SheetsError("has a password: save it without one")
    if any(part.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for part in parts):
        raise SheetsError("is packed in a way that Excel does not")


def _refuse_definitions(part: bytes) -> None:
    """Refuse XML with a document type: entities in it can grow without bound.

    A part that is not XML, such as a picture, passes.
    """

    def refuse(*_: object) -> None:
        raise SheetsError("has a document type in its XML, which Excel never writes")

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(part, True)
    except (ExpatError, ValueError, LookupError):
        return


def _sheets(content: bytes, names: Iterable[str]) -> dict[str, Sheet]:
    book = load_workbook(BytesIO(content), read_only=True, keep_links=False)
    try:
        there = {plain(one.title): one for one in reversed(book.worksheets)}
        return {
            name: Sheet(name, _rows(name, there[plain(name)]))
            for name in names
            if plain(name) in there
        }
    finally:
        book.close()


def _rows(name: str, sheet: Worksheet) -> dict[int, dict[int, Cell]]:
    # With bounds of ours, what the file says of its own size does not matter.
    rows = sheet.iter_rows(max_row=ROWS_LOOKED_AT_MAX, max_col=COLUMNS_MAX)
    found: dict[int, dict[int, Cell]] = {}
    padding: object = None  # what openpyxl gives for each row that is not in the file
    for number, row in enumerate(rows, 1):
        if row is padding:
            continue
        cells = {
            column: cell
            for column, one in enumerate(row, 1)
            if one.value is not None
            and (cell := _cell(one.value, one.data_type, one.number_format))
        }
        if not cells:
            padding = row
            continue
        if number > ROWS_MAX:
            raise SheetsError(f"has more than {ROWS_MAX} rows on the sheet {name}")
        found[number] = cells
    return found


def _cell(value: object, data_type: str, number_format: str) -> Cell | None:
    problem = _problem(value, data_type)
    if problem:
        return Cell("", problem)
    if isinstance(value, int | float):
        return Cell(int(value), is_formatted=number_format not in _PLAIN_FORMATS)
    text = unescape(str(value)).strip()
    return Cell(text) if text else None


def _problem(value: object, data_type: str) -> str:
    """Return why a cell's value cannot be taken, or nothing."""
    if data_type == "f":
        return "a formula: paste its value instead"
    if data_type == "e":
        return "an error of Excel's"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, float) and not value.is_integer():
        return "a number with decimals"
    if isinstance(value, str | int | float):
        return ""
    return "a date or time: format the cell as text, and type it anew"
