"""What may be typed as a MyKey ID, its password and a mail address (MKY-3, MKY-4).

Nothing here knows Textual. Faults are values; mykey_texts.py has their words.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

MYKEY_ID_LENGTH = 8
PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX = 6, 16
MAIL_LENGTH_MAX = 255
LOOKALIKES = "0O1I"

_ID_CHARACTERS = re.compile("[0-9A-Za-z]*")
_PASSWORD_CHARACTERS = re.compile("[0-9A-Za-z]*")


class IdFault(Enum):
    """Why a text is no MyKey ID."""

    EMPTY = auto()
    OTHER_CHARACTERS = auto()
    TOO_SHORT = auto()
    TOO_LONG = auto()


@dataclass(frozen=True, slots=True)
class TypedId:
    """What was typed as a MyKey ID."""

    mykey_id: str
    """Normalised; empty where there is a fault."""
    fault: IdFault | None
    others: str = ""
    """The characters that are none of a MyKey ID, each once."""
    length: int = 0


def parse_mykey_id(text: str) -> TypedId:
    """Return the MyKey ID that was typed; full-width and small letters count (MKY-3)."""
    plain = unicodedata.normalize("NFKC", text)
    if not plain:
        return TypedId("", IdFault.EMPTY)
    if not _ID_CHARACTERS.fullmatch(plain):
        others = dict.fromkeys(one for one in text if not _is_id_character(one))
        return TypedId("", IdFault.OTHER_CHARACTERS, "".join(others), len(plain))
    if len(plain) != MYKEY_ID_LENGTH:
        fault = IdFault.TOO_SHORT if len(plain) < MYKEY_ID_LENGTH else IdFault.TOO_LONG
        return TypedId("", fault, length=len(plain))
    return TypedId(plain.upper(), None, length=len(plain))


def _is_id_character(character: str) -> bool:
    return bool(_ID_CHARACTERS.fullmatch(unicodedata.normalize("NFKC", character)))


def lookalikes(mykey_id: str) -> dict[str, list[int]]:
    """Return where 0, O, 1 and I stand, counted from 1; only those that there are."""
    found = {
        one: [place for place, character in enumerate(mykey_id, 1) if character == one]
        for one in LOOKALIKES
    }
    return {one: places for one, places in found.items() if places}


class PasswordFault(Enum):
    """Why a text is no password."""

    EMPTY = auto()
    FULL_WIDTH = auto()
    OTHER_CHARACTERS = auto()
    TOO_SHORT = auto()
    TOO_LONG = auto()


def password_fault(text: str) -> PasswordFault | None:
    """Return what is wrong with a password: 6 to 16 half-width letters and digits (MKY-4)."""
    if not text:
        return PasswordFault.EMPTY
    if not _PASSWORD_CHARACTERS.fullmatch(text):
        is_wide = any(not character.isascii() for character in text)
        return PasswordFault.FULL_WIDTH if is_wide else PasswordFault.OTHER_CHARACTERS
    if len(text) < PASSWORD_LENGTH_MIN:
        return PasswordFault.TOO_SHORT
    return PasswordFault.TOO_LONG if len(text) > PASSWORD_LENGTH_MAX else None


class MailFault(Enum):
    """Why a text is no mail address."""

    OTHER_CHARACTERS = auto()
    NO_ADDRESS = auto()
    TOO_LONG = auto()


def mail_fault(text: str) -> MailFault | None:
    """Return what is wrong with a mail address; an empty one is good: mail is optional."""
    if not text:
        return None
    if not text.isascii() or not text.isprintable() or " " in text:
        return MailFault.OTHER_CHARACTERS
    name, _at, host = text.partition("@")
    if not name or not host or "@" in host:
        return MailFault.NO_ADDRESS
    return MailFault.TOO_LONG if len(text) > MAIL_LENGTH_MAX else None
