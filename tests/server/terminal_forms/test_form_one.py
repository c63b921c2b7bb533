"""Form I as municipalities hand it in: everything wrong is told, each with its cell (TRM-1)."""

import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from openpyxl.worksheet.worksheet import Worksheet

from server.callers.values import TerminalClass
from server.terminal_forms.form_one import blank_form_one, read_form_one, write_form_one
from server.terminal_forms.values import FormError, FormOne, ListedTerminal
from tests.server.support import HOME
from tests.server.terminal_forms.strategies import FORMS, forms
from tests.server.terminal_forms.support import (
    FORM,
    LIBRARY_NAME,
    ROWS,
    STREET_NAME,
    TERMINALS,
    Change,
    changed_form,
    edited,
    told,
    written,
)

Value = str | float | date | None


def faults(path: Path) -> list[str]:
    try:
        return told(FormError(read_form_one(path).faults))
    except FormError as error:
        return told(error)


def put(sheet: str, **values: Value) -> Change:
    """Put values into cells of the summary or the list."""

    def change(summary: Worksheet, listing: Worksheet) -> None:
        for cell, value in values.items():
            {"1": summary, "2": listing}[sheet][cell] = value

    return change


def test_a_written_form_is_read_as_it_was(tmp_path: Path) -> None:
    read = read_form_one(written(tmp_path, write_form_one(FORM)))
    assert read == FORM
    assert tuple(one.row for one in read.terminals) == ROWS
    assert str(read.code_spot) == "sheet 1.端末台数とID付与事業者名, row 5, column B"


@settings(max_examples=FORMS)
@given(forms())
def test_any_form_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, form: FormOne
) -> None:
    path = tmp_path_factory.mktemp("form") / "form.xlsx"
    path.write_bytes(write_form_one(form))
    assert read_form_one(path) == form


def test_a_blank_form_says_what_is_missing(tmp_path: Path) -> None:
    assert faults(written(tmp_path, blank_form_one())) == [
        "1:B4 自治体名 is empty",
        "1:B5 全国地方公共団体コード is empty",
        "2: no terminal is listed",
    ]


def test_a_blank_form_that_is_filled_in_is_read(tmp_path: Path) -> None:
    def fill(summary: Worksheet, listing: Worksheet) -> None:
        cells: dict[str, Value] = {
            "B4": "さくら野区",
            "B5": HOME,
            "B9": "2台",
            "B10": 1,
            "B13": "３台",
            "A17": LIBRARY_NAME,
        }
        put("1", **cells)(summary, listing)
        rows: dict[int, tuple[Value, ...]] = {
            8: (1, LIBRARY_NAME, "中央図書館", "中央図書館1台目"),
            9: ("２", None, "中央図書館", "中央図書館2台目"),
            28: ("小計", None, None, 2),
            50: ("(ア)端末台数 合計", None, None, 2),
            54: (1, "美術館", "美術館"),
            94: ("(イ)端末台数 合計", None, "1"),
        }
        for row, values in rows.items():
            for column, value in enumerate(values, 1):
                if value is not None:
                    listing.cell(row, column).value = value

    path = written(tmp_path, edited(blank_form_one(), fill))
    assert read_form_one(path) == FormOne("さくら野区", HOME, (*TERMINALS[:2], TERMINALS[4]))


@pytest.mark.parametrize(
    "change",
    [
        put("1", B9="4台", B13="８ 台", B5="１３１１６４"),
        put("1", B9="４", B5=int(HOME)),
        put("2", D10=3.0, D13="4台", A8="２", C19="2"),
        put("2", B8=LIBRARY_NAME),
        put("2", A5="（ア） サービスＩＤの確認を行う端末", A13="（ア）端末台数　合計"),
        put("2", B6="ＩＤ付与事業者名", D6="端 末 名", A31="※ これは注記です", A2="※ 注記"),
        put("2", C7="  中央図書館　", B7=f"\n{LIBRARY_NAME} "),
        put("1", A21="※ 2件です", C30="欄外"),
    ],
)
def test_ways_to_write_the_same(tmp_path: Path, change: Change) -> None:
    assert read_form_one(changed_form(tmp_path, change)) == FORM


def test_an_issuer_cell_may_be_merged(tmp_path: Path) -> None:
    path = changed_form(tmp_path, lambda _, listing: listing.merge_cells("B7:B9"))
    assert read_form_one(path) == FORM


def test_other_sheets_and_moved_rows_do_no_harm(tmp_path: Path) -> None:
    def change(summary: Worksheet, listing: Worksheet) -> None:
        book = summary.parent
        assert book is not None
        book.create_sheet("メモ", 0)["A1"] = "=1+1"
        summary.title, listing.title = "１．端末台数とＩＤ付与事業者名 ", "2. 内訳"
        summary.insert_rows(1, 3)
        listing["A60000"].number_format = "0"

    assert read_form_one(changed_form(tmp_path, change)) == FORM


TOTAL_COLUMNS = "(ア)(イ)(ウ)(エ)端末台数 総合計"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put("1", B9=5), ["1:B9 (ア) is 5台, but 4 are listed"]),
        (put("1", B10="二"), ["1:B10 (イ) is 「二」, which is no number such as 100台"]),
        (put("1", B11=None), ["1:B11 (ウ) is 0台, but 1 are listed"]),
        (put("1", B12=-1), ["1:B12 (エ) is 「-1」, which is no number such as 100台"]),
        (put("1", B12="1人"), ["1:B12 (エ) is 「1人」, which is no number such as 100台"]),
        (put("1", B12=1.5), ["1:B12 (エ) is a number with decimals"]),
        (put("1", B13="9台"), [f"1:B13 {TOTAL_COLUMNS} is 9台, but 8 are listed"]),
        (
            put("1", B13="=SUM(B9:B12)"),
            [f"1:B13 {TOTAL_COLUMNS} is a formula: paste its value instead"],
        ),
        (put("2", D10="2台"), ["2:D10 小計 is 2台, but 3 are listed"]),
        (put("2", D12=None), ["2:D12 小計 is 0台, but 1 are listed"]),
        (put("2", D13="=D10+D12"), ["2:D13 合計 is a formula: paste its value instead"]),
        (put("2", C19=3), ["2:C19 合計 is 3台, but 2 are listed"]),
        (put("2", A8=3), ["2:A8 項番 is 3: 2 belongs here", "2:A9 項番 is 3: 4 belongs here"]),
        (put("2", A11=4), ["2:A11 項番 is 4: 1 belongs here"]),
        (put("2", A17=None), ["2:A17 項番 is empty: 1 belongs here"]),
        (put("2", A17="..."), ["2:A17 項番 is 「...」, which is no number such as 100台"]),
        (
            put("2", B7=None),
            ["1:A17 「さくら野図書館」 has no terminal in (ア)", "2:B7 ID付与事業者名 is empty"],
        ),
        (
            put("2", B9=STREET_NAME),
            ["2:B9 小計 is missing above this issuer's first row"],
        ),
        (
            put("2", B11=LIBRARY_NAME),
            [
                "1:A18 「一番街」 has no terminal in (ア)",
                "2:B11 「さくら野図書館」 has rows above: list them together",
            ],
        ),
        (put("1", A18=None), ["2:B11 「一番街」 is not among the issuers on the first sheet"]),
        (put("1", A19="三番街"), ["1:A19 「三番街」 has no terminal in (ア)"]),
        (put("1", A19="一番街"), ["1:A19 「一番街」 is named above already"]),
        (put("1", B5="131165"), ["1:B5 全国地方公共団体コード 131165 has a wrong check digit"]),
        (put("1", B5="13116"), ["1:B5 全国地方公共団体コード is 「13116」, not 6 digits"]),
        (put("1", B4=None), ["1:B4 自治体名 is empty"]),
        (put("1", A4="自治体"), ["1: the row 自治体名 is missing in column A"]),
        (put("1", A9="ア"), ["1: the row (ア) is missing in column A"]),
        (put("1", A13="計"), [f"1: the row {TOTAL_COLUMNS} is missing in column A"]),
        (put("1", A16="事業者"), ["1: the row ID付与事業者名 is missing in column A"]),
        (put("2", D8="中央図書館1台目"), ["2:D8 端末名 「中央図書館1台目」 is in row 7 already"]),
        (put("2", C24="美術館"), ["2:C24 端末名 「美術館」 is in row 17 already"]),
        (
            put("2", C17="花田酒店"),
            [
                "2:C17 端末名 「花田酒店」 is in row 11 already: "
                "a terminal for (ア) and (イ) is listed under (ア) only"
            ],
        ),
        (put("2", D7=None), ["2:D7 端末名 is empty"]),
        (put("2", B17=None), ["2:B17 設置場所 is empty"]),
        (put("2", B17="=1+1"), ["2:B17 設置場所 is a formula: paste its value instead"]),
        (
            put("2", B17=date(2026, 7, 1)),
            ["2:B17 設置場所 is a date or time: format the cell as text, and type it anew"],
        ),
        (put("2", B17=True), ["2:B17 設置場所 is true or false"]),
        (put("2", B17="#N/A"), ["2:B17 設置場所 is an error of Excel's"]),
        (
            put("2", B17="美術館\n別館"),
            ["2:B17 設置場所 has a line break, or a letter that is not seen"],
        ),
        (
            put("2", B17="美術\u202e館"),
            ["2:B17 設置場所 has a line break, or a letter that is not seen"],
        ),
        (
            put("2", B17="館" * 10_000),
            [f"2:B17 設置場所 「{'館' * 20}…」 is longer than 50 letters"],
        ),
        (
            put("2", B17="美術館🍣", C17="Cafe\u0301"),
            [
                "2:B17 設置場所 has 🍣 (U+1F363), which printers do not print: write it without",
                "2:C17 端末名 has é (U+00E9), which printers do not print: write it without",
            ],
        ),
        (
            put("2", B17="美術館_x000D_別館"),
            ["2:B17 設置場所 has a line break, or a letter that is not seen"],
        ),
        (
            put("2", D8="中央図書館１台目"),
            ["2:D8 端末名 「中央図書館１台目」 is in row 7 already"],
        ),
        (put("2", E7="要確認"), ["2:E7 nothing belongs here: the table has no such column"]),
        (put("2", D18="要確認"), ["2:D18 nothing belongs here: the table has no such column"]),
        (
            put("2", B6="設置場所", C6="ID付与事業者名"),
            [
                "2:B6 the column ID付与事業者名 belongs here, not 「設置場所」",
                "2:C6 the column 設置場所 belongs here, not 「ID付与事業者名」",
            ],
        ),
        (
            put("2", A10=None, D10=None),
            [
                "1:A18 「一番街」 has no terminal in (ア)",
                "2:A11 項番 is 1: 4 belongs here",
                "2:B11 小計 is missing above this issuer's first row",
                "2:D12 小計 is 1台, but 4 are listed",
            ],
        ),
        (put("2", A12=None, D12=None), ["2:A11 the row 小計 is missing below"]),
        (put("2", A31="端末"), ["2:A31 this row is in no table: 合計 of (エ) is above"]),
        (put("2", A13=None, D13=None), ["2:A6 the row 合計 of (ア) is missing below"]),
        (
            put("2", A18="小計", B18=None, C18=1),
            [
                "1:B10 (イ) is 2台, but 1 are listed",
                f"1:B13 {TOTAL_COLUMNS} is 8台, but 7 are listed",
                "2:A18 (イ) has no 小計",
                "2:C19 合計 is 2台, but 1 are listed",
            ],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_cell(
    tmp_path: Path, change: Change, says: list[str]
) -> None:
    assert faults(changed_form(tmp_path, change)) == says


@pytest.mark.parametrize(
    ("title", "says"),
    [
        (None, "2: the table (イ) is missing: its title begins (イ)"),
        ("(ア) もう一つ", "2:A15 there is a table (ア) already above"),
    ],
)
def test_a_table_that_is_missing_or_there_twice(
    tmp_path: Path, title: str | None, says: str
) -> None:
    assert says in faults(changed_form(tmp_path, put("2", A15=title)))


def test_a_table_without_its_head(tmp_path: Path) -> None:
    def cut(_: Worksheet, listing: Worksheet) -> None:
        listing.delete_rows(28, 5)

    says = "2:A27 the row 項番, 設置場所, … is missing below"
    assert says in faults(changed_form(tmp_path, cut))


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    def change(summary: Worksheet, listing: Worksheet) -> None:
        put("1", B5="x", B9=9)(summary, listing)
        put("2", A7=2, D8="x" * 51, C29=None)(summary, listing)

    assert [one.split()[0] for one in faults(changed_form(tmp_path, change))] == [
        "1:B5",
        "1:B9",
        "2:A7",
        "2:A8",
        "2:D8",
        "2:C29",
    ]


def test_a_number_may_be_a_name(tmp_path: Path) -> None:
    read = read_form_one(changed_form(tmp_path, put("2", B17=109, C17="0109")))
    assert read.terminals[4] == ListedTerminal(TerminalClass.POINT_USE, "", "109", "0109")


@pytest.mark.parametrize(
    ("number_format", "name"),
    [("General", "1"), ("0", "1"), ("@", "1"), ("000", None), ('0"号"', None), ("#,##0", None)],
)
def test_a_number_that_excel_shows_otherwise_is_no_name(
    tmp_path: Path, number_format: str, name: str | None
) -> None:
    def change(_: Worksheet, listing: Worksheet) -> None:
        listing["C17"] = 1
        listing["C17"].number_format = number_format

    path = changed_form(tmp_path, change)
    says = "format the cell as text, and type it as it is shown"
    assert faults(path) == ([] if name else [f"2:C17 端末名 is 1 in a format: {says}"])
    assert [one.name for one in read_form_one(path).terminals if one.name == "1"] == (
        [name] if name else []
    )


def test_names_are_one_however_they_are_written(tmp_path: Path) -> None:
    """The issuer on the first sheet and in (ア): from a Mac, in half-width kana, with a space."""
    form = replace(
        FORM, terminals=(replace(TERMINALS[0], issuer="ブックカフェ 花"), *TERMINALS[4:])
    )
    for written_so in (
        unicodedata.normalize("NFD", "ブックカフェ 花"),
        "ﾌﾞｯｸｶﾌｪ 花",
        "ブックカフェ\u3000花",
        "ブックカフェ\u00a0花_x000D_",
    ):
        path = changed_form(tmp_path, put("1", A17=written_so), form)
        assert faults(path) == []
        assert read_form_one(path).terminals[0].issuer == "ブックカフェ 花"


def test_zeros_that_excel_took_from_a_code_come_back(tmp_path: Path) -> None:
    assert read_form_one(changed_form(tmp_path, put("1", B5=11002))).municipality_code == "011002"
    assert "not 6 digits" in faults(changed_form(tmp_path, put("1", B5="11002")))[0]


@pytest.mark.parametrize("sheet", ["1", "2"])
def test_a_missing_sheet(tmp_path: Path, sheet: str) -> None:
    def rename(summary: Worksheet, listing: Worksheet) -> None:
        {"1": summary, "2": listing}[sheet].title = "Sheet1"

    assert faults(changed_form(tmp_path, rename)) == [f"{sheet}: is missing"]
