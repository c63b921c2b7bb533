"""What is read of a voucher, against the vector that formats.md gives (VCH-8)."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui.core.voucher_code import CodeFault, VoucherKey, read_code
from tests.counter_tui.canned import NUMBER, PUBLIC_KEY
from tests.counter_tui.canned import QR_TEXT as VECTOR

KEY = VoucherKey(1, PUBLIC_KEY, withdrawn=False)
KEYS = {1: KEY}


def test_the_vector() -> None:
    read = read_code(VECTOR, KEYS)
    assert read.fault is None
    assert read.signed is not None
    assert (read.voucher_number, read.signed.points) == (NUMBER, 500)
    assert read.signed.until.isoformat() == "2017-05-01"


@given(st.integers(0, len(VECTOR) - 1), st.sampled_from(string.ascii_uppercase + string.digits))
def test_a_changed_character_is_never_another_voucher(place: int, character: str) -> None:
    changed = VECTOR[:place] + character + VECTOR[place + 1 :]
    read = read_code(changed, KEYS)
    assert changed == VECTOR or (read.signed is None and read.fault is not None)


@pytest.mark.parametrize(
    "text",
    [
        VECTOR.lower(),
        VECTOR.translate({ord(c): ord(c) + 0xFEE0 for c in string.digits + "JPV."}),
        VECTOR + "\r\nhttps://example.jp",
        f" {VECTOR} ",
    ],
)
def test_what_keyboards_do_to_a_code(text: str) -> None:
    assert read_code(text, KEYS) == read_code(VECTOR, KEYS)


def test_a_second_spelling_of_the_signature_is_refused() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    last = alphabet.index(VECTOR[-1])
    others = [alphabet[last ^ spare] for spare in range(1, 8)]
    assert [read_code(VECTOR[:-1] + one, KEYS).fault for one in others] == [
        CodeFault.NOT_SIGNED
    ] * 7


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", CodeFault.EMPTY),
        ("\r\n", CodeFault.EMPTY),
        ("98765432101", CodeFault.NUMBER_LENGTH),
        ("9876543210123", CodeFault.NUMBER_LENGTH),
        ("https://example.jp/r/1", CodeFault.OTHER),
        ("JPV2" + VECTOR[4:], CodeFault.OTHER),
        (VECTOR[:60], CodeFault.DAMAGED),
        (VECTOR.replace("20170401", "20170431"), CodeFault.DAMAGED),
        (VECTOR.replace(".0001.", ".0002."), CodeFault.KEY_UNKNOWN),
        (VECTOR.replace(".500.", ".900."), CodeFault.NOT_SIGNED),
        ("x" * 100_000, CodeFault.OTHER),
    ],
)
def test_what_is_no_voucher(text: str, fault: CodeFault) -> None:
    read = read_code(text, KEYS)
    assert (read.fault, read.signed) == (fault, None)


def test_a_withdrawn_key_is_told_with_what_the_code_says() -> None:
    read = read_code(VECTOR, {1: replace(KEY, withdrawn=True)})
    assert read.fault is CodeFault.KEY_WITHDRAWN
    assert read.signed is not None


@pytest.mark.parametrize(
    "text", [NUMBER, "9876 5432 1012", "9876-5432-1012", "９８７６５４３２１０１２"]
)
def test_a_typed_number(text: str) -> None:
    assert read_code(text, KEYS).voucher_number == NUMBER
