"""What is typed or scanned as 利用カード番号 (SID-1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui.core.customer_id import (
    LENGTH_MAX,
    NumberFault,
    parse_number,
    without_nw7_letters,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("180000000011", "180000000011"),
        ("１８００００００００１１", "180000000011"),
        ("ＬＩＢ－00４２", "LIB-0042"),
        (" 1234　", "1234"),
        ("a", "a"),
        ("$:/.+-", "$:/.+-"),
        ("9" * LENGTH_MAX, "9" * LENGTH_MAX),
    ],
)
def test_a_number_as_it_is_meant(text: str, number: str) -> None:
    parsed = parse_number(text)
    assert (parsed.number, parsed.fault) == (number, None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", NumberFault.EMPTY),
        ("　 ", NumberFault.EMPTY),
        ("12 34", NumberFault.SPACE),
        ("12　34", NumberFault.SPACE),
        ("12\t34", NumberFault.SPACE),
        ("12３4あ", NumberFault.CHARACTER),
        ("1234ｱ", NumberFault.CHARACTER),
        ("12\x0034", NumberFault.CHARACTER),
        ("12\N{ZERO WIDTH SPACE}34", NumberFault.CHARACTER),
        ("9" * (LENGTH_MAX + 1), NumberFault.TOO_LONG),
        ("９" * 100_000, NumberFault.TOO_LONG),
    ],
)
def test_what_is_no_number(text: str, fault: NumberFault) -> None:
    parsed = parse_number(text)
    assert (parsed.number, parsed.fault) == ("", fault)


@given(st.text())
def test_every_number_is_short_and_printable_and_stays_itself(text: str) -> None:
    parsed = parse_number(text)
    if parsed.fault is None:
        assert 1 <= len(parsed.number) <= LENGTH_MAX
        assert all("!" <= character <= "~" for character in parsed.number)
        assert parse_number(parsed.number) == parsed


@pytest.mark.parametrize(
    ("scanned", "number"),
    [
        ("A1234B", "1234"),
        ("d12-34c", "12-34"),
        ("1234", "1234"),
        ("A1234", "A1234"),
        ("AB", "AB"),
        ("A12X34B", "A12X34B"),
        ("E1234F", "E1234F"),
    ],
)
def test_start_and_stop_letters_go_and_nothing_else(scanned: str, number: str) -> None:
    assert without_nw7_letters(scanned) == number
