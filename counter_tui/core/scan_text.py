"""What scanners and input methods add to a code, and how it is taken off.

Sources: ISO/IEC 15424 for the AIM identifiers (`]`, a letter, a modifier); scanners' manuals for
framing by STX and ETX and the separators of GS1 and ISO/IEC 15434.
"""

import re
import unicodedata

_BY_INPUT_METHOD = str.maketrans("。、・ー「」￥", ".,/-[]\\")
"""What a Japanese input method makes of keys, beside full-width characters."""
_AIM_IDENTIFIER = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_AROUND = " \u3000\u00a0\ufeff"


def folded(text: str) -> str:
    """Return the characters of the keys that were meant, whatever an input method made of them."""
    return unicodedata.normalize("NFKC", text.translate(_BY_INPUT_METHOD))


def without_additions(text: str) -> str:
    """Return the code that was scanned: folded, without framing and without AIM identifier.

    Only what stands around the code is taken off; nothing in its middle is dropped or changed.
    """
    code = _without_frame(folded(text))
    identifier = _AIM_IDENTIFIER.match(code)
    return _without_frame(code[identifier.end() :]) if identifier else code


def _without_frame(text: str) -> str:
    first, last = 0, len(text)
    while first < last and _is_frame(text[first]):
        first += 1
    while last > first and _is_frame(text[last - 1]):
        last -= 1
    return text[first:last]


def _is_frame(character: str) -> bool:
    return character in _AROUND or unicodedata.category(character) == "Cc"
