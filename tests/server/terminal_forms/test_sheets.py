"""Excel files from elsewhere: what is read of them, and what is refused before (TRM-1)."""

import os
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from server.terminal_forms.sheets import (
    FILE_BYTES_MAX,
    PARTS_MAX,
    ROWS_MAX,
    UNPACKED_BYTES_MAX,
    Cell,
    read_sheets,
)
from server.terminal_forms.values import SheetsError
from tests.server.terminal_forms.support import saved, written

NAME = "内訳"


def book(*rows: tuple[str | float | None, ...]) -> bytes:
    made = Workbook()
    sheet = made.worksheets[0]
    sheet.title = NAME
    for row in rows:
        sheet.append(row)
    return saved(made)


SHEET = "xl/worksheets/sheet1.xml"
SHARED_STRINGS_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
    b'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)


def replaced(content: bytes, part: str, put: bytes, *, compression: int = 8) -> bytes:
    """Return a package with another part in place of one, or in addition."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(file, "w", compression) as new:
        for info in old.infolist():
            if info.filename != part:
                new.writestr(info.filename, old.read(info))
        new.writestr(part, put)
    return file.getvalue()


def part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(BytesIO(content)) as package:
        return package.read(name)


def strict(content: bytes) -> bytes:
    """Return a package as Excel saves it under the name Strict Open XML."""
    opened = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    for name in ("_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/workbook.xml", SHEET):
        changed = part(content, name).replace(
            opened, b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        )
        changed = changed.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        )
        content = replaced(content, name, changed)
    return content


def rows_of(path: Path) -> dict[int, dict[int, Cell]]:
    return {row: dict(cells) for row, cells in read_sheets(path, [NAME])[NAME].rows.items()}


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(SheetsError) as caught:
        read_sheets(written(folder, content), [NAME])
    return str(caught.value)


def test_cells_are_read_by_row_and_column(tmp_path: Path) -> None:
    path = written(tmp_path, book((" あ ", None, 12), (), (None, 2.0, " ")))
    assert rows_of(path) == {1: {1: Cell("あ"), 3: Cell(12)}, 3: {2: Cell(2)}}


def test_a_line_end_as_some_programs_write_it_is_none_of_a_name(tmp_path: Path) -> None:
    path = written(tmp_path, book(("花田_x000D_", "花_x000d_田", "_x005F_x000D_", "_x1", "x_")))
    cells = {1: "花田", 2: "花\r田", 3: "_x000D_", 4: "_x1", 5: "x_"}
    assert rows_of(path) == {1: {column: Cell(text) for column, text in cells.items()}}


def test_a_sheet_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    assert list(read_sheets(written(tmp_path, book()), ["要約", NAME])) == [NAME]


@pytest.mark.parametrize("is_shared", [True, False])
def test_phonetic_readings_are_no_part_of_a_name(tmp_path: Path, is_shared: bool) -> None:
    """Excel keeps beside Japanese words how they were typed."""
    content = book(("x",))
    spoken = '<t>高津</t><rPh sb="0" eb="2"><t>タカツ</t></rPh>'.encode()
    cell = part(content, SHEET)
    inline, shared = b't="inlineStr"><is><t>x</t></is>', b't="s"><v>0</v>'
    assert inline in cell
    if is_shared:
        cell = cell.replace(inline, shared)
        namespace = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        strings = b"<sst %s><si>%s</si></sst>" % (namespace, spoken)
        content = replaced(content, "xl/sharedStrings.xml", strings)
        types = part(content, "[Content_Types].xml").replace(b"</Types>", SHARED_STRINGS_TYPE)
        content = replaced(content, "[Content_Types].xml", types)
    else:
        cell = cell.replace(b"<t>x</t>", spoken)
    path = written(tmp_path, replaced(content, SHEET, cell))
    assert rows_of(path) == {1: {1: Cell("高津")}}


def test_the_size_that_a_sheet_tells_of_itself_does_not_matter(tmp_path: Path) -> None:
    content = book(("あ", "い"), ("う",))
    sheet = part(content, SHEET).replace(b'ref="A1:B2"', b'ref="A1"')
    assert b'ref="A1"' in sheet
    assert rows_of(written(tmp_path, replaced(content, SHEET, sheet)))[2] == {1: Cell("う")}


def test_macros_are_left_alone(tmp_path: Path) -> None:
    content = book(("あ",))
    types = part(content, "[Content_Types].xml").replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    content = replaced(content, "[Content_Types].xml", types)
    content = replaced(content, "xl/vbaProject.bin", b"macro")
    assert rows_of(written(tmp_path, content)) == {1: {1: Cell("あ")}}


def test_rows_that_only_have_a_format_do_not_count(tmp_path: Path) -> None:
    row = b'<row r="1048576"><c r="A1048576" s="0"/></row></sheetData>'
    sheet = part(book(("あ",)), SHEET).replace(b"</sheetData>", row)
    assert list(rows_of(written(tmp_path, replaced(book(("あ",)), SHEET, sheet)))) == [1]


def test_rows_beyond_those_of_excel_are_not_counted_up_to(tmp_path: Path) -> None:
    row = b'<row r="99999999999"><c r="A1"><v>1</v></c></row></sheetData>'
    sheet = part(book(("あ",)), SHEET).replace(b"</sheetData>", row)
    assert list(rows_of(written(tmp_path, replaced(book(("あ",)), SHEET, sheet)))) == [1]


def test_too_many_rows(tmp_path: Path) -> None:
    row = f'<row r="{ROWS_MAX + 1}"><c><v>1</v></c></row></sheetData>'.encode()
    sheet = part(book(), SHEET).replace(b"<sheetData/>", b"<sheetData></sheetData>")
    says = refusal(tmp_path, replaced(book(), SHEET, sheet.replace(b"</sheetData>", row)))
    assert says == f"has more than {ROWS_MAX} rows on the sheet {NAME}"


def test_what_would_be_large_is_not_unpacked(tmp_path: Path) -> None:
    bomb = replaced(book(), "xl/media/image1.png", bytes(UNPACKED_BYTES_MAX))
    assert len(bomb) < 50_000
    assert "larger than 20 MB when unpacked" in refusal(tmp_path, bomb)


def test_a_size_that_the_package_denies_is_not_unpacked_either(tmp_path: Path) -> None:
    bomb = bytearray(replaced(book(), "xl/media/image1.png", bytes(UNPACKED_BYTES_MAX)))
    told = UNPACKED_BYTES_MAX.to_bytes(4, "little")
    assert bomb.count(told) == 2
    assert "damaged" in refusal(tmp_path, bytes(bomb.replace(told, (10).to_bytes(4, "little"))))


def test_many_parts(tmp_path: Path) -> None:
    file = BytesIO(book())
    with zipfile.ZipFile(file, "a") as package:
        for number in range(PARTS_MAX):
            package.writestr(f"x{number}", b"")
    assert "larger" in refusal(tmp_path, file.getvalue())


def test_entities_are_refused(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-16"):
        text = (
            f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
        )
        content = replaced(book(), "xl/sharedStrings.xml", text.encode(encoding))
        assert "document type" in refusal(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no .xlsx file"),
        (b"a,b\n1,2\n", "no .xlsx file"),
        (b"PK\x03\x04" + bytes(100), "no .xlsx file"),
        (book(("あ",))[:-30], "no .xlsx file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "save it as .xlsx"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "has a password",
        ),
        (strict(book(("あ",))), "is saved as Strict Open XML: save it as Excel Workbook (.xlsx)"),
        (replaced(book(), SHEET, b"<broken"), "cannot be read as Excel"),
        (replaced(book(), "xl/workbook.xml", b"<a>"), "cannot be read as Excel"),
        (replaced(book(), "[Content_Types].xml", b"<a/>"), "cannot be read as Excel"),
        (replaced(book(), "x", b"x", compression=zipfile.ZIP_LZMA), "packed in a way"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_excel_file(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refusal(tmp_path, content)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    assert "larger than 10 MB" in refusal(tmp_path, bytes(FILE_BYTES_MAX + 1))


def test_a_package_with_a_password(tmp_path: Path) -> None:
    content = bytearray(book())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    assert "has a password" in refusal(tmp_path, bytes(content))


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "none", "No such file"),
        (tmp_path, "is not a file"),
        (tmp_path / "pipe", "is not a file"),
    ):
        with pytest.raises(SheetsError, match=says):
            read_sheets(path, [NAME])
