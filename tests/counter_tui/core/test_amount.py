import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counter_tui.core.amount import Amount, AmountFault, parse_amount, parse_digits

FULL_WIDTH = "０１２３４５６７８９"


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("1", 1),
        ("500", 500),
        ("５００", 500),
        ("5０0", 500),
        ("007", 7),
        ("0000000001", 1),
        ("9999999999", 9_999_999_999),
        ("９９９９９９９９９９", 9_999_999_999),
    ],
)
def test_digits_are_read(text: str, points: int) -> None:
    assert parse_amount(text) == parse_digits(text) == Amount(points, None)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("1,100", 1100),
        ("1，100", 1100),
        ("１，１００", 1100),
        ("1,100pt", 1100),
        ("1100pt", 1100),
        ("1630pt", 1630),
        ("１６３０ｐｔ", 1630),
        ("9,999,999,999pt", 9_999_999_999),
    ],
)
def test_points_are_read_as_the_screen_shows_them(text: str, points: int) -> None:
    assert parse_amount(text) == Amount(points, None)
    assert parse_digits(text) == Amount(None, AmountFault.NOT_A_NUMBER), "days have no unit"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", AmountFault.EMPTY),
        ("0", AmountFault.ZERO),
        ("000", AmountFault.ZERO),
        ("０", AmountFault.ZERO),
        ("0000000000", AmountFault.ZERO),
        ("10000000000", AmountFault.TOO_LONG),
        ("00000000001", AmountFault.TOO_LONG),
        ("9" * 5000, AmountFault.TOO_LONG),
        ("10,000,000,000", AmountFault.TOO_LONG),
        ("0pt", AmountFault.ZERO),
        *(
            (text, AmountFault.COMMAS)
            for text in [
                ",", "1,", ",100", "1,10", "1,1000", "11,00", "1100,", "1000,000", "1,,100",
                "0,100", "00,000", "1,10pt", "1，1", "1,000,00",
            ]
        ),
        *(
            (text, AmountFault.NOT_A_NUMBER)
            for text in [
                "-1", "−1", "－１", "+5", "＋５", "1.5", "1．5", "1。5", "1.100", "1．100",
                "1、100", " 5", "5 ", "5　", "5\n", "\n", " ", "٣", "१", "①", "Ⅴ", "五", "½", "²",
                "1e3", "1_000", "0x5", "五百", "５００円",
                "pt", "ｐｔ", "5PT", "5 pt", "5p", "5ptpt", "5.0pt",
                "\u200b5", "5\u0301", "\0", "🄂", "𝟝",
            ]
        ),
    ],
)  # fmt: skip
def test_anything_else_is_a_fault(text: str, fault: AmountFault) -> None:
    assert parse_amount(text) == Amount(None, fault)


@given(st.text() | st.text(alphabet="0123456789" + FULL_WIDTH + ",，.pt", max_size=14))
@example("①")
@example("5\n")
@example("1,100pt")
def test_no_character_is_ever_dropped(text: str) -> None:
    amount = parse_amount(text)
    if amount.points is None:
        assert amount.fault is not None
        return
    assert amount.fault is None
    assert amount.points > 0
    assert all(character in "0123456789,，ptｐｔ" + FULL_WIDTH for character in text)
    plain = unicodedata.normalize("NFKC", text).removesuffix("pt")
    assert plain in (str(amount.points).zfill(len(plain)), f"{amount.points:,}")


@given(st.integers(1, 9_999_999_999), st.booleans())
def test_every_amount_can_be_typed(points: int, full_width: bool) -> None:
    text = str(points)
    if full_width:
        text = "".join(FULL_WIDTH[int(digit)] for digit in text)
    assert parse_amount(text) == Amount(points, None)
