"""Checking the fields of a message at the edge."""

import re
from datetime import date

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from server.rpc.errors import InvalidFieldsError

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SERIAL_NUMBER = re.compile(r"[0-9A-F]{1,40}")
_MYKEY_ID = re.compile(r"[0-9A-Z]{8}")
_SECONDS_END = 253_402_300_800
"""The year 10000, which no calendar day here can name."""
_WIDE_SPACE = "\u3000"
"""Japanese text has it between words; Python does not count it as printable."""


def invalid(field: str, description: str) -> InvalidFieldsError:
    """Return the refusal of a field; the description says what the field must be."""
    return InvalidFieldsError([(field, description)])


def request_id(value: str, field: str = "request_id") -> str:
    """Return a request ID. Raises Refusal unless it is a UUID in lower case (LED-3)."""
    return _matching(value, field, _UUID, "a UUID in lower case")


def serial_number(value: str, field: str = "certificate_serial_number") -> str:
    """Return a certificate's serial number. Raises Refusal."""
    return _matching(value, field, _SERIAL_NUMBER, "1 to 40 upper-case hexadecimal digits")


def mykey_id(value: str) -> str:
    """Return a MyKey ID. Raises Refusal."""
    return _matching(value, "mykey_id", _MYKEY_ID, "8 of 0-9 and A-Z")


def digits(value: str, field: str, count: int) -> str:
    """Return a number of so many digits. Raises Refusal."""
    return _matching(value, field, re.compile(f"[0-9]{{{count}}}"), f"{count} digits")


def text(value: str, field: str, longest: int) -> str:
    """Return a text. Raises Refusal where it is empty, too long or has control characters."""
    if not 1 <= len(value) <= longest or not value.replace(_WIDE_SPACE, " ").isprintable():
        raise invalid(field, f"1 to {longest} printable characters")
    return value


def day(value: Date, field: str) -> date:
    """Return a day. Raises Refusal where it is none."""
    try:
        return date(value.year, value.month, value.day)
    except ValueError as error:
        raise invalid(field, "a calendar day") from error


def microseconds(value: Timestamp, field: str) -> int:
    """Return a time in microseconds since 1970-01-01T00:00:00Z. Raises Refusal."""
    if not 0 <= value.seconds < _SECONDS_END or not 0 <= value.nanos < 1_000_000_000:
        raise invalid(field, "a time between 1970 and 9999")
    return value.seconds * 1_000_000 + value.nanos // 1000


def to_date(value: date) -> Date:
    """Return a day as google.type.Date."""
    return Date(year=value.year, month=value.month, day=value.day)


def _matching(value: str, field: str, pattern: re.Pattern[str], description: str) -> str:
    if not pattern.fullmatch(value):
        raise invalid(field, description)
    return value
