"""What scanners and input methods add to a code is known and taken off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui.core.scan_text import folded, without_additions

CODE = "JPV1.9876-A"


@pytest.mark.parametrize(
    "scanned",
    [
        CODE,
        f"]Q1{CODE}",
        f"]C0{CODE}",
        f"\x02{CODE}\x03",
        f"\x02]E0{CODE}\x03\r",
        f"\x1d{CODE}\x1d",
        f" {CODE}\u3000",
        "ＪＰＶ１。９８７６ーＡ",
        "」Ｑ１ＪＰＶ１．９８７６－Ａ",
        f"\ufeff{CODE}",
        f"\u200b{CODE}\u200e\u2009",
        f"]d2{CODE}",
        f"]Q2\\000026{CODE}",
        f"]Q4¥000026{CODE}",
        f"[C0{CODE}",
        f"*{CODE}*",
        f"]A0*{CODE}*\r",
        f"\\E0{CODE}",
        f"「Ｃ０{CODE}",
        f"￥Ｅ０{CODE}\r\n",
    ],
)
def test_additions_are_taken_off(scanned: str) -> None:
    assert without_additions(scanned) == CODE


@given(st.text("0123456789ABCabc.-+/$", min_size=1))
def test_nothing_of_a_code_is_changed(code: str) -> None:
    assert without_additions(code) == code
    assert without_additions(f"]C1{code}") == code


@pytest.mark.parametrize(
    "text",
    [
        "A]C0B",
        "]",
        "]C",
        "]é0",
        "12 34",
        "12\x1d34",
        "\\000026A",
        "*12",
        "**",
        "1*2*",
        "12\u200b34",
    ],
)
def test_what_stands_in_the_middle_stays(text: str) -> None:
    assert without_additions(text) == folded(text)


def test_only_additions_leave_nothing() -> None:
    assert without_additions("]E0\r") == without_additions("") == ""
