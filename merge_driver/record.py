"""One record of a merge file: its fields and the forms they may take."""

import re
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from merge_driver.errors import MergeFileError, Reason

POINTS_MAX: Final = 9_999_999_999

POINTS_FORM: Final = r"[1-9][0-9]{0,9}"
TRANSACTION_NUMBER_FORM: Final = r"[0-9]{8}(?:[0-9]{5}|[1-9][0-9]{5,11})"

_POINTS: Final = re.compile(POINTS_FORM)
_TRANSACTION_NUMBER: Final = re.compile(TRANSACTION_NUMBER_FORM)


class IdKind(StrEnum):
    """Whose ID a street's records carry: the street's own customer ID or the MyKey ID."""

    STREET = "STREET"
    MYKEY = "MYKEY"


ID_FORMS: Final = {IdKind.STREET: r"[0-9A-Za-z-]{1,32}", IdKind.MYKEY: r"[0-9A-Z]{8}"}

_ID: Final = {id_kind: re.compile(form) for id_kind, form in ID_FORMS.items()}


class Record(NamedTuple):
    """Points that a customer of the street receives, under the transaction number of the merge."""

    id: str
    points: int
    transaction_number: str


class TakenRecord(NamedTuple):
    """A record as it is handed on: with the issuer it is of and the merge file it came in."""

    issuer_id: str
    id: str
    points: int
    transaction_number: str
    file: str


def check_record(record: Record, id_kind: IdKind) -> None:
    """Return nothing for a record of the right form, or raise MergeFileError."""
    if not _ID[id_kind].fullmatch(record.id):
        raise MergeFileError(Reason.ID, f"{record.id!a} is no ID of the kind {id_kind}")
    if not 1 <= record.points <= POINTS_MAX:
        raise MergeFileError(Reason.POINTS, f"{record.points} is not from 1 to {POINTS_MAX}")
    transaction_day(record.transaction_number)


def parse_points(text: str) -> int:
    """Return the points, or raise MergeFileError unless they are plain ASCII decimal in range."""
    if not _POINTS.fullmatch(text):
        raise MergeFileError(Reason.POINTS, f"{text[:40]!a} is not a number from 1 to {POINTS_MAX}")
    return int(text)


def transaction_day(transaction_number: str) -> date:
    """Return the Asia/Tokyo day in a transaction number, or raise MergeFileError."""
    day = None
    if _TRANSACTION_NUMBER.fullmatch(transaction_number):
        day = _calendar_day(transaction_number[:8])
    if day is None:
        raise MergeFileError(
            Reason.TRANSACTION_NUMBER,
            f"{transaction_number[:40]!a} is not a day and a sequence number",
        )
    return day


def _calendar_day(digits: str) -> date | None:
    """Return the day YYYYMMDD; None where there is no such day."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
