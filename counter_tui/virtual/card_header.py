"""What a folder of virtual cards holds, told without the packages that cards need.

Each card is one JSON file, named by its serial number; `card_file.py` has the rest of it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

FORMAT = "jichipoint-virtual-card"
VERSION = 1
_SERIAL_NUMBER = re.compile("[0-9A-F]{6,38}")


class CardFileError(Exception):
    """A virtual card or a test authority cannot be read or written; the message is one line."""


@dataclass(frozen=True, slots=True)
class CardHeader:
    """What is said of a card in a list."""

    label: str
    serial_number: str
    """Of the user-authentication certificate, in upper-case hexadecimal digits."""
    last_good_day: date

    def __post_init__(self) -> None:
        # The space of Japanese names counts as not printable.
        if not self.label or not self.label.replace("\u3000", " ").isprintable():
            raise CardFileError("a card needs a label of one line")
        if not _SERIAL_NUMBER.fullmatch(self.serial_number):
            raise CardFileError(f"not a serial number: {self.serial_number!r}")


def canonical(serial_number: str) -> str:
    """Return a hexadecimal serial number as certificates show it. Raises CardFileError."""
    digits = serial_number.upper().lstrip("0").zfill(6)
    if not _SERIAL_NUMBER.fullmatch(digits) or not int(digits, 16):
        raise CardFileError(f"not a serial number: {serial_number!r}")
    return digits


def card_path(folder: Path, serial_number: str) -> Path:
    """Return where a card's file lies."""
    return folder / f"{serial_number}.json"


def listed(folder: Path) -> list[CardHeader]:
    """Return the cards of a folder, sorted by file name. Raises CardFileError."""
    try:
        names = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError as error:
        raise CardFileError(f"{folder} cannot be read: {error.strerror or error}") from error
    return [_of_its_name(path) for path in names]


def read_document(path: Path) -> dict[str, object]:
    """Read a card's file as JSON, and see that it is one. Raises CardFileError."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise CardFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise no_card(path, "it is damaged or cut off") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise no_card(path, f"its format is not {FORMAT}")
    if document.get("version") != VERSION or document["version"] is True:
        raise no_card(path, f"its version is not {VERSION}")
    return document


def header_of(path: Path, document: Mapping[str, object]) -> CardHeader:
    """Return the header in a card's file. Raises CardFileError."""
    values = (document.get(key) for key in ("label", "serial_number", "last_good_day"))
    label, serial_number, day = (value if isinstance(value, str) else "" for value in values)
    try:
        return CardHeader(label, serial_number, date.fromisoformat(day))
    except ValueError as error:
        raise no_card(path, f"not a day: {day!r}") from error
    except CardFileError as error:
        raise no_card(path, str(error)) from error


def no_card(path: Path, why: str) -> CardFileError:
    """Return the error that says why a file holds no virtual card."""
    return CardFileError(f"{path} holds no virtual card: {why}")


def _of_its_name(path: Path) -> CardHeader:
    header = header_of(path, read_document(path))
    if path.stem != header.serial_number:
        raise CardFileError(f"{path} should be named {header.serial_number}.json")
    return header
