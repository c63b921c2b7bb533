"""What can go wrong in the merge driver: a bad merge file, a bad key file, a driver that stops."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a merge file is refused, in the order in which a reader finds out.

    The values are stable: they stand in the reason files and in the output of `--json`.
    """

    NOT_A_FILE = "NOT_A_FILE"
    NOT_READABLE = "NOT_READABLE"
    NAME = "NAME"
    EMPTY = "EMPTY"
    TOO_SHORT = "TOO_SHORT"
    TOO_LARGE = "TOO_LARGE"
    WRONG_PROFILE = "WRONG_PROFILE"
    WRONG_ISSUER = "WRONG_ISSUER"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    NOT_DECRYPTABLE = "NOT_DECRYPTABLE"
    NOT_UTF8 = "NOT_UTF8"
    BYTE_ORDER_MARK = "BYTE_ORDER_MARK"
    NO_RECORDS = "NO_RECORDS"
    LINE_ENDING = "LINE_ENDING"
    EMPTY_LINE = "EMPTY_LINE"
    TOO_MANY_RECORDS = "TOO_MANY_RECORDS"
    FIELDS = "FIELDS"
    ID = "ID"
    POINTS = "POINTS"
    TRANSACTION_NUMBER = "TRANSACTION_NUMBER"
    HASH = "HASH"
    ID_PATTERN = "ID_PATTERN"
    DUPLICATE_IN_FILE = "DUPLICATE_IN_FILE"
    KEY_NOT_VALID_THEN = "KEY_NOT_VALID_THEN"
    FROM_THE_FUTURE = "FROM_THE_FUTURE"
    NAME_DIFFERS = "NAME_DIFFERS"
    OTHER_CONTENT = "OTHER_CONTENT"


class MergeFileError(Exception):
    """A merge file, or a record for one, that breaks the format; `reason` says which rule."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class KeyFileError(Exception):
    """A key file, or a folder of them, that cannot be used; the text says what to do."""


class DriverError(Exception):
    """The driver stopped. Nothing is lost: the next run goes on where this one ended."""


class SettingsError(DriverError):
    """The configuration cannot be used; the text has a line for each thing that is wrong."""
