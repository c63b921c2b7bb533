"""Forms to read: those of ours, and what may become of them at a municipality."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from server.callers.values import TerminalClass
from server.terminal_forms.form_one import write_form_one
from server.terminal_forms.layout import LISTING_SHEET, SUMMARY_SHEET
from server.terminal_forms.values import FormError, FormOne, ListedTerminal
from tests.server.support import HOME

LIBRARY_NAME, STREET_NAME = "さくら野図書館", "一番街"
"""Issuers of the town."""
TERMINALS = (
    ListedTerminal(TerminalClass.SERVICE_ID, LIBRARY_NAME, "中央図書館", "中央図書館1台目"),
    ListedTerminal(TerminalClass.SERVICE_ID, LIBRARY_NAME, "中央図書館", "中央図書館2台目"),
    ListedTerminal(TerminalClass.SERVICE_ID, LIBRARY_NAME, "北図書館", "北図書館"),
    ListedTerminal(TerminalClass.SERVICE_ID, STREET_NAME, "花田酒店", "花田酒店"),
    ListedTerminal(TerminalClass.POINT_USE, "", "美術館", "美術館"),
    ListedTerminal(TerminalClass.POINT_USE, "", "日本民家園", "日本民家園"),
    ListedTerminal(TerminalClass.VOUCHER, "", "商工会", "商工会1台目"),
    ListedTerminal(TerminalClass.GRANT, "", "区役所", "区役所1台目"),
)
FORM = FormOne("さくら野区", HOME, TERMINALS)
"""Rows of its list: (ア) 7 to 9 and 11, (イ) 17 and 18, (ウ) 24, (エ) 29; sums in 10, 12, 13, …"""
ROWS = (7, 8, 9, 11, 17, 18, 24, 29)

Change = Callable[[Worksheet, Worksheet], None]
"""What happens to the sheets with the summary and the list."""


def edited(content: bytes, change: Change) -> bytes:
    """Return a form as a municipality would hand it in after a change."""
    book = load_workbook(BytesIO(content))
    change(*sheets(book))
    return saved(book)


def sheets(book: Workbook) -> tuple[Worksheet, Worksheet]:
    summary, listing = book[SUMMARY_SHEET], book[LISTING_SHEET]
    assert isinstance(summary, Worksheet)
    assert isinstance(listing, Worksheet)
    return summary, listing


def saved(book: Workbook) -> bytes:
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def written(folder: Path, content: bytes, name: str = "form.xlsx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def changed_form(folder: Path, change: Change, form: FormOne = FORM) -> Path:
    return written(folder, edited(write_form_one(form), change))


def told(error: FormError) -> list[str]:
    """What is wrong, in a short form: the sheet's first letter, cell, and words."""
    return [
        f"{fault.spot.sheet[0]}:{chr(64 + fault.spot.column) if fault.spot.column else ''}"
        f"{fault.spot.row or ''} {fault.says}"
        for fault in error.faults
    ]
