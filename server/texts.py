"""Texts that people read, names above all: what one may be, how it is kept, and how compared.

What is typed goes on receipts, vouchers and labels, so it has only characters that printers
print: those of cp932 (Shift_JIS as Windows has it), and ideographs, which the counter draws where
the printer lacks them (RCP-2).
"""

import re
import unicodedata
from typing import NamedTuple

_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode's categories of characters that are not seen, or turn the text around."""
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]")
"""Spaces that no keyboard has, those without a break among them; U+3000 is not one of these."""
_KEPT = re.compile("([\u2126\u212a\u212b\uf900-\ufaff\U0002f800-\U0002fa1f]+)")
"""Characters in whose place NFC puts others, such as 神 for U+FA19, its old form in a name."""
_PRINTED_AS_ANOTHER = frozenset("—–〜‖−¦‾¥")
"""Not in cp932, but what the counter prints in their place looks the same."""
_WRITTEN_AS_ANOTHER = str.maketrans("〜−‖—", "～－∥―")
"""What Macs give for keys that give the others on Windows; NFKC keeps them apart."""
_VARIATION_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""They choose a form of the character before; printers have one form."""


class Wanted(NamedTuple):
    """What a text must be, in both languages."""

    english: str
    japanese: str


def tidy(text: str) -> str:
    """Return a text as it is kept: as it was written, in one of Unicode's spellings of that.

    A kana and its mark are one character (NFC; Macs write two), and special spaces are spaces.
    """
    plain = _SPACES.sub(" ", text)
    return "".join(
        part if _KEPT.fullmatch(part) else unicodedata.normalize("NFC", part)
        for part in _KEPT.split(plain)
    )


def compared(text: str) -> str:
    """Return what is the same for all ways to write a name: by NFKC, and by one space each.

    A form of a character that a variation selector chooses is that character.
    """
    plain = _VARIATION_SELECTOR.sub("", text.translate(_WRITTEN_AS_ANOTHER))
    return " ".join(unicodedata.normalize("NFKC", plain).split())


def is_seen(text: str, longest: int) -> bool:
    """Whether a text has something to be seen, nothing that cannot be, and is not too long."""
    if not text.strip() or len(text) > longest:
        return False
    return all(unicodedata.category(character) not in _UNSEEN for character in text)


def unprinted(text: str) -> str:
    """Return the first character that printers do not print, with its number; '' where none."""
    for character in tidy(text):
        if not _is_printed(character):
            return _told(character)
    return ""


def is_text(text: str, longest: int) -> bool:
    """Whether a text can be kept."""
    kept = tidy(text)
    return is_seen(kept, longest) and not unprinted(kept)


def wanted(text: str, longest: int) -> Wanted:
    """Return what a text that cannot be kept must be."""
    kept = tidy(text)
    if not is_seen(kept, longest):
        return Wanted(f"1 to {longest} visible characters", f"見える文字1～{longest}文字")
    told = unprinted(kept)
    return Wanted(f"without {told}, which printers do not print", f"{told} は印字できません")


def _told(character: str) -> str:
    number = f"U+{ord(character):04X}"
    is_mark = unicodedata.category(character).startswith("M")
    return number if is_mark or not character.isprintable() else f"{character} ({number})"


def _is_printed(character: str) -> bool:
    if character in _PRINTED_AS_ANOTHER or _VARIATION_SELECTOR.match(character):
        return True
    if unicodedata.name(character, "").startswith("CJK "):
        return unicodedata.category(character) == "Lo"
    try:
        character.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True
