"""照合番号B is checked before one of the card's tries is spent (CRD-5)."""

from datetime import date

import pytest

from counter_tui.card.verification_code import CodeFault, verification_code_b

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("55021720352285", "55021720352285"),
        ("12010120301234", "12010120301234"),
        ("１２０１０１ ２０３０ １２３４", "12010120301234"),
        ("120101-2030-1234", "12010120301234"),
        ("99022920360000", "99022920360000"),
        ("00123120260000", "00123120260000"),
        ("85043020360000", "85043020360000"),
    ],
)
def test_what_can_be_a_code(typed: str, expected: str) -> None:
    assert verification_code_b(typed, TODAY) == expected


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("", "LENGTH"),
        ("5502172035228", "LENGTH"),
        ("550217203522855", "LENGTH"),
        ("5502172035228a", "LENGTH"),
        ("一二三四五六七八九〇一二三四", "LENGTH"),
        ("55001720352285", "BIRTHDAY"),
        ("55131720352285", "BIRTHDAY"),
        ("55020020352285", "BIRTHDAY"),
        ("55023020352285", "BIRTHDAY"),
        ("55043120352285", "BIRTHDAY"),
        ("55063120352285", "BIRTHDAY"),
        ("55021720252285", "EXPIRY"),
        ("55021720372285", "EXPIRY"),
        ("55021700002285", "EXPIRY"),
    ],
)
def test_what_cannot_be_one(typed: str, part: str) -> None:
    with pytest.raises(CodeFault) as caught:
        verification_code_b(typed, TODAY)
    assert caught.value.part == part
