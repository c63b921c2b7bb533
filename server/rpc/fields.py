"""Checking the fields of a message at the edge."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import ParamSpec, TypeVar, cast

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from server import serial_numbers
from server.rpc.errors import InvalidFieldsError, Violation
from server.serial_numbers import SerialNumber
from server.texts import is_text, tidy, wanted

P = ParamSpec("P")
T = TypeVar("T")

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MYKEY_ID = re.compile(r"[0-9A-Z]{8}")
_SECONDS_END = 253_402_300_800
"""The year 10000, which no calendar day here can name."""


class Checked:
    """Runs the checks of a message's fields, and keeps what they refuse."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def __call__(self, check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a check returns; where it refused, nothing that may be looked at."""
        try:
            return check(*args, **kwargs)
        except InvalidFieldsError as error:
            self.violations += error.violations
            return cast(T, None)


@contextmanager
def checked() -> Iterator[Checked]:
    """Give what runs the checks of a message; at the end all that was refused is raised at once.

    What checks return is used after the block.
    """
    checks = Checked()
    yield checks
    if checks.violations:
        raise InvalidFieldsError(checks.violations)


def invalid(field: str, description: str, japanese: str) -> InvalidFieldsError:
    """Return the refusal of a field; the description, in both languages, says what it must be."""
    return InvalidFieldsError([Violation(field, description, japanese)])


def request_id(value: str, field: str = "request_id") -> str:
    """Return a request ID. Raises Refusal unless it is a UUID in lower case (LED-3)."""
    return _matching(value, field, _UUID, "a UUID in lower case", "小文字のUUID")


def serial_number(value: str, field: str = "certificate_serial_number") -> SerialNumber:
    """Return a certificate's serial number, whatever zeros lead it. Raises Refusal."""
    try:
        return serial_numbers.serial_number(value)
    except ValueError:
        raise invalid(field, serial_numbers.WANTED, serial_numbers.WANTED_JAPANESE) from None


def mykey_id(value: str, field: str = "mykey_id") -> str:
    """Return a MyKey ID. Raises Refusal."""
    return _matching(value, field, _MYKEY_ID, "8 of 0-9 and A-Z", "0～9とA～Zの8文字")


def digits(value: str, field: str, count: int) -> str:
    """Return a number of so many digits. Raises Refusal."""
    pattern = re.compile(f"[0-9]{{{count}}}")
    return _matching(value, field, pattern, f"{count} digits", f"半角の数字{count}桁")


def text(value: str, field: str, longest: int) -> str:
    """Return a text as it is kept. Raises Refusal where people could not read or print it."""
    if not is_text(value, longest):
        raise invalid(field, *wanted(value, longest))
    return tidy(value)


def secret(value: str, field: str, longest: int) -> str:
    """Return a password or the like, as it is. Raises Refusal where it is empty or too long."""
    if not 1 <= len(value) <= longest:
        raise invalid(field, f"1 to {longest} characters", f"1～{longest}文字")
    return value


def whole_number(value: int, field: str, least: int, most: int) -> int:
    """Return a number within bounds. Raises Refusal."""
    if not least <= value <= most:
        raise invalid(field, f"{least} to {most}", f"{least}～{most}")
    return value


def day(value: Date, field: str) -> date:
    """Return a day. Raises Refusal where it is none."""
    try:
        return date(value.year, value.month, value.day)
    except ValueError as error:
        raise invalid(field, "a calendar day", "暦にある日付") from error


def microseconds(value: Timestamp, field: str) -> int:
    """Return a time in microseconds since 1970-01-01T00:00:00Z. Raises Refusal."""
    if not 0 <= value.seconds < _SECONDS_END or not 0 <= value.nanos < 1_000_000_000:
        raise invalid(field, "a time between 1970 and 9999", "1970年から9999年までの日時")
    return value.seconds * 1_000_000 + value.nanos // 1000


def to_date(value: date) -> Date:
    """Return a day as google.type.Date."""
    return Date(year=value.year, month=value.month, day=value.day)


def _matching(
    value: str, field: str, pattern: re.Pattern[str], description: str, japanese: str
) -> str:
    if not pattern.fullmatch(value):
        raise invalid(field, description, japanese)
    return value
