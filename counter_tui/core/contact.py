"""連絡先: what is typed on S10 becomes a contact, or what is wrong with it (TRM-4)."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

CONTACT_NAME_LENGTH_MAX = 50
ADDRESS_LENGTH_MAX = 200
MAIL_LENGTH_MAX = 254
PREFECTURES = (
    *("北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県"),
    *("茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県"),
    *("新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県"),
    *("三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県"),
    *("鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県"),
    *("福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県"),
)

_POSTAL_CODE = re.compile("[0-9]{7}")
_TELEPHONE = re.compile(r"0[0-9]{9,10}|(?=[0-9-]{12,13}$)0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}")
_MAIL_PART = r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_MAIL = re.compile(rf"[0-9A-Za-z!#$%&'*+/=?^_`{{|}}~.-]{{1,64}}@{_MAIL_PART}(?:\.{_MAIL_PART})+")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_HYPHENS = dict.fromkeys(map(ord, "‐‒–—―−⁃ー─━"), "-")
"""What an IME gives for the hyphen key, as NFKC leaves it."""
_BRACKETS = dict.fromkeys(map(ord, "()"), "-")
_LINE_BREAK = "↵"
"""How a field shows a line break that was pasted."""


class ContactFault(StrEnum):
    """Why a text is no part of a contact."""

    EMPTY = auto()
    UNSEEN = auto()
    LINE_BREAK = auto()
    TOO_LONG = auto()
    POSTAL_CODE = auto()
    PREFECTURE = auto()
    TELEPHONE = auto()
    MAIL = auto()


@dataclass(frozen=True, slots=True)
class ParsedPart:
    """A part of a contact as the server takes it, or what is wrong."""

    value: str = ""
    fault: ContactFault | None = None


Parse = Callable[[str], ParsedPart]


def _seen(parse: Parse) -> Parse:
    """Find first what every part may not be, and leave out the spaces around it."""

    def parse_seen(text: str) -> ParsedPart:
        if _LINE_BREAK in text:
            return ParsedPart(fault=ContactFault.LINE_BREAK)
        if any(unicodedata.category(character) in _UNSEEN for character in text):
            return ParsedPart(fault=ContactFault.UNSEEN)
        stripped = text.strip()
        return parse(stripped) if stripped else ParsedPart(fault=ContactFault.EMPTY)

    return parse_seen


def _text(longest: int) -> Parse:
    def parse(text: str) -> ParsedPart:
        is_long = len(text) > longest
        return ParsedPart(fault=ContactFault.TOO_LONG) if is_long else ParsedPart(text)

    return _seen(parse)


def _plain(text: str) -> str:
    """Return a text of digits and letters as it is typed without an IME."""
    return unicodedata.normalize("NFKC", text).translate(_HYPHENS)


def _postal_code(text: str) -> ParsedPart:
    digits = _plain(text).removeprefix("〒").replace("-", "").replace(" ", "")
    if not _POSTAL_CODE.fullmatch(digits):
        return ParsedPart(fault=ContactFault.POSTAL_CODE)
    return ParsedPart(digits)


def _prefecture(text: str) -> ParsedPart:
    """東京 is 東京都 too."""
    for name in PREFECTURES:
        if text in (name, name[:-1]):
            return ParsedPart(name)
    return ParsedPart(fault=ContactFault.PREFECTURE)


def _telephone(text: str) -> ParsedPart:
    """(03)0000-0000 is 03-0000-0000 too."""
    number = _plain(text).translate(_BRACKETS).strip("-")
    if not _TELEPHONE.fullmatch(number):
        return ParsedPart(fault=ContactFault.TELEPHONE)
    return ParsedPart(number)


def _mail(text: str) -> ParsedPart:
    mail = _plain(text)
    if len(mail) > MAIL_LENGTH_MAX or not _MAIL.fullmatch(mail):
        return ParsedPart(fault=ContactFault.MAIL)
    return ParsedPart(mail)


PARTS: Mapping[str, Parse] = {
    "contact_name": _text(CONTACT_NAME_LENGTH_MAX),
    "postal_code": _seen(_postal_code),
    "prefecture": _seen(_prefecture),
    "address": _text(ADDRESS_LENGTH_MAX),
    "telephone": _seen(_telephone),
    "mail": _seen(_mail),
}
"""How each part of a contact is read, by the name of its field."""


def shown_postal_code(postal_code: str) -> str:
    """Return seven digits as people write them."""
    return f"{postal_code[:3]}-{postal_code[3:]}" if postal_code else ""
