import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counter_tui.core.amount import Amount, AmountFault, parse_amount

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
    assert parse_amount(text) == Amount(points, None)


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
        *(
            (text, AmountFault.NOT_A_NUMBER)
            for text in [
                "-1", "−1", "－１", "+5", "＋５", "1.5", "1．5", "1。5", "1,000", "１，０００",
                " 5", "5 ", "5　", "5\n", "\n", " ", "٣", "१", "①", "Ⅴ", "五", "½", "²", "1e3",
                "1_000", "0x5", "五百", "500pt", "５００円", "\u200b5", "5\u0301", "\0", "🄂", "𝟝",
            ]
        ),
    ],
)  # fmt: skip
def test_anything_else_is_a_fault(text: str, fault: AmountFault) -> None:
    assert parse_amount(text) == Amount(None, fault)


@given(st.text() | st.text(alphabet="0123456789" + FULL_WIDTH, max_size=12))
@example("①")
@example("5\n")
def test_no_character_is_ever_dropped(text: str) -> None:
    amount = parse_amount(text)
    if amount.points is None:
        assert amount.fault is not None
        return
    assert amount.fault is None
    assert amount.points > 0
    assert all(character in "0123456789" + FULL_WIDTH for character in text)
    assert str(amount.points).zfill(len(text)) == unicodedata.normalize("NFKC", text)


@given(st.integers(1, 9_999_999_999), st.booleans())
def test_every_amount_can_be_typed(points: int, full_width: bool) -> None:
    text = str(points)
    if full_width:
        text = "".join(FULL_WIDTH[int(digit)] for digit in text)
    assert parse_amount(text) == Amount(points, None)
