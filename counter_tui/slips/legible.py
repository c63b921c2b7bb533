"""Texts of slips as they can be read: composed, and with 〓 for what nobody can print (RCP-2)."""

import re
import unicodedata

GETA = "〓"
"""What Japanese printers put in the place of a character that they do not have."""

_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_WITH_MARKS = re.compile("[^\u0300-\u036f\u3099\u309a][\u0300-\u036f\u3099\u309a]+")
"""Not the whole text: composing would change 神 (U+FA19) and other ideographs of names."""
_NOT_SHOWN = frozenset({"Cc", "Cf", "Co", "Cs", "Me", "Mn", "Zl", "Zp"})
"""Private characters would print whatever somebody has loaded into the printer, control
characters would be commands, and marks without a letter stand nowhere."""


def legible(text: str) -> str:
    """Return a text with letters and their marks in one, and 〓 for what shows nothing."""
    without_variants = _VARIATION_SELECTORS.sub("", text)
    composed = _WITH_MARKS.sub(
        lambda match: unicodedata.normalize("NFC", match.group()), without_variants
    )
    return "".join(_shown(character) for character in composed)


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _NOT_SHOWN:
        return GETA
    return " " if category == "Zs" and character != "\u3000" else character
