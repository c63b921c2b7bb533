"""What scanners and input methods add to a code, and how it is taken off.

Sources: ISO/IEC 15424 for the AIM identifiers (`]`, a letter, a modifier); scanners' manuals for
framing by STX and ETX and the separators of GS1 and ISO/IEC 15434.
"""

import re
import unicodedata

_BY_INPUT_METHOD = str.maketrans("。、・ー「」￥¥", ".,/-[]\\\\")
"""What a Japanese input method makes of keys, beside full-width characters."""
_AIM_IDENTIFIER = re.compile(r"[]\[\\][A-Za-z][0-9A-Za-z]")
"""A keyboard of another layout than the scanner's makes `[` or a backslash of its `]`."""
_ECI = re.compile(r"\\[0-9]{6}")
"""The character set that some scanners name behind the identifier (AIM ECI)."""
_CODE_39 = re.compile(r"\*([0-9A-Za-z. $/+%-]+)\*")
"""With its start and stop characters, which no number in Code 39 can hold."""
_AROUND = frozenset({"Cc", "Cf", "Zs"})
"""Unicode's categories of what nobody sees: controls, formats such as U+200B, and spaces."""


def folded(text: str) -> str:
    """Return the characters of the keys that were meant, whatever an input method made of them."""
    return unicodedata.normalize("NFKC", text.translate(_BY_INPUT_METHOD))


def without_additions(text: str) -> str:
    """Return the code that was scanned: folded, without framing and without AIM identifier.

    Only what stands around the code is taken off; nothing in its middle is dropped or changed.
    """
    code = _without_frame(folded(text))
    for pattern in (_AIM_IDENTIFIER, _ECI):
        added = pattern.match(code)
        if added is None:
            break
        code = _without_frame(code[added.end() :])
    of_code_39 = _CODE_39.fullmatch(code)
    return of_code_39[1] if of_code_39 else code


def _without_frame(text: str) -> str:
    first, last = 0, len(text)
    while first < last and _is_frame(text[first]):
        first += 1
    while last > first and _is_frame(text[last - 1]):
        last -= 1
    return text[first:last]


def _is_frame(character: str) -> bool:
    return unicodedata.category(character) in _AROUND
