"""Checking the fields of a message at the edge."""

from datetime import date

import pytest
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from server.ledger.values import Refusal
from server.rpc import fields


@given(st.uuids())
def test_uuids_in_lower_case_are_request_ids(value: object) -> None:
    assert fields.request_id(str(value)) == str(value)
    if str(value).upper() != str(value):
        with pytest.raises(Refusal, match="INVALID_FIELD"):
            fields.request_id(str(value).upper())


@given(st.text(max_size=40))
def test_other_texts_are_no_request_ids(value: str) -> None:
    with pytest.raises(Refusal, match="INVALID_FIELD") as caught:
        fields.request_id(value)
    assert caught.value.details == {"fields": "request_id: a UUID in lower case"}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0", "0"),
        ("000000", "0"),
        ("30D45", "30D45"),
        ("030D45", "30D45"),
        ("F" * 40, "F" * 40),
        ("00" + "F" * 40, "F" * 40),
    ],
)
def test_serial_numbers(value: str, number: str) -> None:
    assert fields.serial_number(value) == number


@pytest.mark.parametrize("value", ["", "f", "G", "F" * 41, "0" * 99, "F\n", " F", "Ｆ"])
def test_no_serial_numbers(value: str) -> None:
    with pytest.raises(Refusal, match="INVALID_FIELD"):
        fields.serial_number(value)


@pytest.mark.parametrize(
    "value", ["", "AAAA111", "AAAA11111", "aaaa1111", "AAAA111１", "AAAA1111\n"]
)
def test_no_mykey_ids(value: str) -> None:
    with pytest.raises(Refusal, match="INVALID_FIELD"):
        fields.mykey_id(value)
    assert fields.mykey_id("AAAA1111") == "AAAA1111"


@pytest.mark.parametrize("value", ["1234567", "123456789", "１２３４５６７８", "12345678\n"])
def test_digits_are_ascii_and_counted(value: str) -> None:
    with pytest.raises(Refusal, match="INVALID_FIELD") as caught:
        fields.digits(value, "program_id", 8)
    assert caught.value.details == {"fields": "program_id: 8 digits"}
    assert fields.digits("00000001", "program_id", 8) == "00000001"


@pytest.mark.parametrize(
    "value", ["a", "打ち間違い", "金額の\u3000打ち間違い", "a b", "𠮷野家", "x" * 10]
)
def test_texts(value: str) -> None:
    assert fields.text(value, "reason", 10) == value


@pytest.mark.parametrize(
    "value", ["", " ", "x" * 11, "a\nb", "a\tb", "\x1b[0m", "a\x00", "\u202eabc", "花🍣"]
)
def test_no_texts(value: str) -> None:
    with pytest.raises(Refusal, match="INVALID_FIELD"):
        fields.text(value, "reason", 10)


@given(st.dates())
def test_days_come_back(value: date) -> None:
    assert fields.day(fields.to_date(value), "shown_on") == value


@pytest.mark.parametrize(
    "parts", [(0, 0, 0), (2026, 0, 1), (2026, 2, 30), (10_000, 1, 1), (2026, 1, 0)]
)
def test_no_days(parts: tuple[int, int, int]) -> None:
    year, month, day = parts
    with pytest.raises(Refusal, match="INVALID_FIELD"):
        fields.day(Date(year=year, month=month, day=day), "shown_on")
