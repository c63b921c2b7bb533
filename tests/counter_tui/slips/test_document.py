import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui.slips.document import Align, Line, Rule, Slip, cell_width, render_text, wrap
from counter_tui.slips.receipts import Letterhead, spend_receipt
from tests.counter_tui.slips import examples


def test_a_place_without_name_takes_no_line() -> None:
    with_place = render_text(spend_receipt(examples.spend(), examples.HEAD))
    without = render_text(spend_receipt(examples.spend(), Letterhead("")))
    assert [line for line in with_place if line != examples.PLACE] == without


def test_large_numbers_have_separators() -> None:
    spend = examples.spend()
    spend.points = 9_999_999_999
    spend.balance_after = 0
    lines = render_text(spend_receipt(spend, Letterhead("")))
    assert "9,999,999,999ポイント" in lines
    assert "0ポイント" in lines


@pytest.mark.parametrize(
    ("moment", "printed"),
    [
        (datetime(2017, 4, 1, 14, 59, 59, tzinfo=UTC), "2017年4月1日 23:59:59"),
        (datetime(2017, 4, 1, 15, 0, 0, tzinfo=UTC), "2017年4月2日 00:00:00"),
        (datetime(2016, 12, 31, 15, 0, 0, tzinfo=UTC), "2017年1月1日 00:00:00"),
        (datetime(2024, 2, 28, 15, 0, 0, 999_999, tzinfo=UTC), "2024年2月29日 00:00:00"),
    ],
)
def test_times_are_tokyo_times(moment: datetime, printed: str) -> None:
    spend = examples.spend()
    spend.book_time.CopyFrom(examples.book_time(moment))
    assert render_text(spend_receipt(spend, Letterhead("")))[-1] == f"発行日時: {printed}"


def test_a_long_time_is_broken_before_the_clock() -> None:
    spend = examples.spend()
    spend.book_time.CopyFrom(examples.book_time(datetime(2017, 12, 31, 3, 2, 1, tzinfo=UTC)))
    assert render_text(spend_receipt(spend, Letterhead("")))[-2:] == [
        "発行日時: 2017年12月31日",
        "12:02:01",
    ]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("", 0),
        ("abc", 3),
        ("ポイント", 8),
        ("ﾎﾟｲﾝﾄ", 5),
        ("Ａ１", 4),
        ("★", 1),
        ("か\u3099", 2),
        ("葛\U000e0100", 2),
        ("𠮷", 2),
        ("　", 2),
    ],
)
def test_cell_width(text: str, cells: int) -> None:
    assert cell_width(text) == cells


def test_alignment_and_rule() -> None:
    receipt = Slip("", (Line("左"), Line("中", Align.CENTRE), Line("右", Align.RIGHT), Rule()))
    assert render_text(receipt, 10) == ["左", "    中", "        右", "----------"]


def test_what_shows_nothing_is_a_geta_mark_on_the_screen_too() -> None:
    receipt = Slip("", (Line("Cafe\u0301\x1b[2J"), Line("か\u3099\u309a葛\U000e0100飾")))
    assert render_text(receipt) == ["Café〓[2J", "が〓葛飾"]


def test_a_line_that_is_too_long_goes_on() -> None:
    receipt = Slip("", (Line("あいうえおか", Align.CENTRE),))
    assert render_text(receipt, 5) == ["あい", "うえ", "おか"]


def test_a_full_width_character_needs_two_columns() -> None:
    with pytest.raises(ValueError, match="too few"):
        wrap("あ", 1)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(2, 40))
def test_wrapping_keeps_every_character_but_spaces(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert all(cell_width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line and unicodedata.combining(line[0]) for line in lines[1:])
