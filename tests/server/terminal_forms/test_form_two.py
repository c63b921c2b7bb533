"""Form II as it is written, and as it comes back (TRM-2)."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from server.terminal_forms.form_one import write_form_one
from server.terminal_forms.form_two import UNCHANGED, read_form_two, write_form_two
from server.terminal_forms.layout import SECTIONS
from server.terminal_forms.values import (
    FormError,
    FormOne,
    FormTwo,
    IssuedTerminal,
    ReturnedForm,
    ReturnedTerminal,
)
from tests.server.support import HOME
from tests.server.terminal_forms.strategies import FORMS, forms
from tests.server.terminal_forms.support import FORM, TERMINALS, edited, sheets, told, written

ISSUED = FormTwo(
    "さくら野区",
    HOME,
    tuple(
        IssuedTerminal(one, f"{number:08d}", None if number == 2 else f"pass-{number}")
        for number, one in enumerate(TERMINALS, 1)
    ),
)


def returned(form: FormTwo, *withdrawn: str) -> ReturnedForm:
    """What is read of a form II in which these are withdrawn."""
    return ReturnedForm(
        form.municipality_code,
        tuple(
            ReturnedTerminal(
                one.terminal_id,
                one.listed.terminal_class,
                one.listed.place,
                one.listed.name,
                one.terminal_id in withdrawn,
            )
            for one in form.terminals
        ),
    )


def changed(folder: Path, **values: str | float | None) -> Path:
    """Form II with other values in its list."""

    def change(_: Worksheet, listing: Worksheet) -> None:
        for cell, value in values.items():
            listing[cell] = value

    return written(folder, edited(write_form_two(ISSUED), change))


def test_the_cells_are_those_of_the_manual(tmp_path: Path) -> None:
    book = load_workbook(written(tmp_path, write_form_two(ISSUED)))
    summary, listing = sheets(book)
    cells = [[cell.value for cell in row] for row in summary.iter_rows()]
    titles = [section.title for section in SECTIONS]
    assert cells == [
        ["マイキープラットフォーム等活用端末別端末ID・端末パスワード一覧（様式Ⅱ）", None],
        [None, None],
        ["1. 端末台数とID付与事業者名", None],
        ["自治体名", "さくら野区"],
        ["全国地方公共団体コード", HOME],
        [None, None],
        ["1. 端末台数", None],
        ["区分", "端末台数"],
        [titles[0], 4],
        [titles[1], 2],
        [titles[2], 1],
        [titles[3], 1],
        ["(ア)(イ)(ウ)(エ)端末台数 総合計", 8],
        [None, None],
        ["2. 事業者名", None],
        ["ID付与事業者名", None],
        ["さくら野図書館", None],
        ["一番街", None],
    ]
    empty = (None,) * 7
    rows = list(listing.iter_rows(min_row=5, max_row=20, values_only=True))
    assert rows == [
        (titles[0], *empty[1:]),
        ("項番", "ID付与事業者名", "設置場所", "端末名", "端末ID", "端末パスワード", "削除要否"),
        (1, "さくら野図書館", "中央図書館", "中央図書館1台目", "00000001", "pass-1", None),
        (2, None, "中央図書館", "中央図書館2台目", "00000002", UNCHANGED, None),
        (3, None, "北図書館", "北図書館", "00000003", "pass-3", None),
        ("小計", None, None, 3, *empty[4:]),
        (1, "一番街", "花田酒店", "花田酒店", "00000004", "pass-4", None),
        ("小計", None, None, 1, *empty[4:]),
        ("(ア)端末台数 合計", None, None, 4, *empty[4:]),
        empty,
        (titles[1], *empty[1:]),
        ("項番", "設置場所", "端末名", "端末ID", "端末パスワード", "削除要否", None),
        (1, "美術館", "美術館", "00000005", "pass-5", None, None),
        (2, "日本民家園", "日本民家園", "00000006", "pass-6", None, None),
        ("(イ)端末台数 合計", None, 2, *empty[3:]),
        ("※(ア)と(イ)の用途で使用する端末は、(ア)のみに記載", *empty[1:]),
    ]
    assert summary["B9"].number_format == '0"台"'
    assert listing["E7"].number_format == "@"
    assert [str(one.sqref) for one in listing.data_validations.dataValidation] == [
        "G7:G12",
        "F17:F18",
        "F24",
        "F29",
    ]


def test_what_begins_with_an_equals_sign_is_no_formula(tmp_path: Path) -> None:
    (one,) = ISSUED.terminals[:1]
    listed = type(one.listed)(one.listed.terminal_class, "=1+1", "=A1", "=HYPERLINK(1)")
    form = FormTwo("=B1", HOME, (IssuedTerminal(listed, "00000001", "=p"),))
    _, listing = sheets(load_workbook(written(tmp_path, write_form_two(form))))
    assert [cell.data_type for cell in listing[7][:6]] == ["n", *"sssss"]
    assert [cell.value for cell in listing[7][1:4]] == ["=1+1", "=A1", "=HYPERLINK(1)"]


def test_a_form_that_comes_back_untouched_withdraws_nothing(tmp_path: Path) -> None:
    read = read_form_two(written(tmp_path, write_form_two(ISSUED)))
    assert read == returned(ISSUED)
    assert [one.row for one in read.terminals] == [7, 8, 9, 11, 17, 18, 24, 29]


@settings(max_examples=FORMS)
@given(forms(), st.data())
def test_any_form_comes_back_with_what_it_withdraws(
    tmp_path_factory: pytest.TempPathFactory, form: FormOne, data: st.DataObject
) -> None:
    issued = FormTwo(
        form.municipality_name,
        HOME,
        tuple(
            IssuedTerminal(one, f"{number:08d}", "p")
            for number, one in enumerate(form.terminals, 1)
        ),
    )
    ids = [one.terminal_id for one in issued.terminals]
    ending = data.draw(st.sets(st.sampled_from(ids)))

    def mark(_: Worksheet, listing: Worksheet) -> None:
        for row in listing.iter_rows():
            for cell, answer in zip(row, row[2:], strict=False):
                if cell.value in ending:
                    answer.value = "要"

    path = tmp_path_factory.mktemp("form") / "form.xlsx"
    path.write_bytes(edited(write_form_two(issued), mark))
    assert read_form_two(path) == returned(issued, *ending)


def test_ways_to_fill_in_the_last_column(tmp_path: Path) -> None:
    path = changed(
        tmp_path, G7="要", G8="否", G9=" 要　", G11=None, E7=1, E8="０００００００２", F17=" "
    )
    assert read_form_two(path) == returned(ISSUED, "00000001", "00000003")


def test_passwords_numbers_and_sums_are_not_looked_at(tmp_path: Path) -> None:
    path = changed(
        tmp_path, F7=None, F8="=A1", F9=1.5, A7="x", A8=9, D10=77, A11=None, A30=None, C30=None
    )
    assert read_form_two(path) == returned(ISSUED)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"G7": "はい"}, "2:G7 削除要否 is 「はい」: 要, 否 or nothing belongs here"),
        ({"G7": "不要"}, "2:G7 削除要否 is 「不要」: 要, 否 or nothing belongs here"),
        ({"G7": 1}, "2:G7 削除要否 is 「1」: 要, 否 or nothing belongs here"),
        ({"G7": '="要"'}, "2:G7 削除要否 is a formula: paste its value instead"),
        (
            {"F17": "要 " * 30},
            f"2:F17 削除要否 is 「{'要' * 20}…」: 要, 否 or nothing belongs here",
        ),
        ({"E7": None}, "2:E7 端末ID is empty"),
        ({"E7": "1"}, "2:E7 端末ID is 「1」, not 8 digits"),
        ({"E7": "abcdefgh"}, "2:E7 端末ID is 「abcdefgh」, not 8 digits"),
        ({"E7": 123456789}, "2:E7 端末ID is 「123456789」, not 8 digits"),
        ({"E8": 1}, "2:E8 端末ID 00000001 is in row 7 already"),
        ({"D17": "00000001"}, "2:D17 端末ID 00000001 is in row 7 already"),
        ({"D7": None}, "2:D7 端末名 is empty"),
        ({"H7": "memo"}, "2:H7 nothing belongs here: the table has no such column"),
        ({"G6": "削除"}, "2:G6 the column 削除要否 belongs here, not 「削除」"),
    ],
)
def test_what_is_wrong_is_told_with_its_cell(
    tmp_path: Path, values: dict[str, str | float | None], says: str
) -> None:
    read = read_form_two(changed(tmp_path, **values))
    assert told(FormError(read.faults)) == [says]


def test_form_one_is_no_form_two(tmp_path: Path) -> None:
    read = read_form_two(written(tmp_path, write_form_one(FORM)))
    assert "2:E6 the column 端末ID belongs here" in told(FormError(read.faults))


def test_a_form_without_terminals(tmp_path: Path) -> None:
    read = read_form_two(written(tmp_path, write_form_two(FormTwo("", "", ()))))
    assert told(FormError(read.faults)) == [
        "1:B5 全国地方公共団体コード is empty",
        "2: no terminal is listed",
    ]
