"""QR codes and linear barcodes as rows of a terminal's cells, dark on light.

A cell is about twice as high as wide: a module of a QR code is half a cell's height (▀▄), one of
a linear code half a cell's width (▌▐). Every row of a code has the same number of characters, each
one cell wide, so `len(rows[0])` columns and `len(rows)` lines are what a code takes, quiet zones
included. Whether that fits is for the caller to see: a screen has 80 columns.
"""

import re
from enum import StrEnum, auto

QR_QUIET = 4
"""Light modules around a QR code (ISO/IEC 18004)."""

QR_LENGTH_MAX = 5596
"""Digits in the largest QR code at error level M; of other characters it holds fewer."""

LINEAR_QUIET = 10
"""Light modules before and after a linear code (ISO/IEC 15417 and 16388, EN 798)."""

LINEAR_LENGTH_MAX = 48
"""Characters of a linear code. No symbology sets a limit; this many suits no screen anyway."""

LINEAR_LINES = 6
"""A code that is held out to a scanner by hand has to be some 15 % as high as it is wide."""

_HALF_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
"""By the upper module and the lower one."""

_BARS = {"00": " ", "10": "▌", "01": "▐", "11": "█"}

_SWITCH_TO_C, _SWITCH_TO_B, _START_B, _START_C = 99, 100, 104, 105
"""Values of CODE128 (ISO/IEC 15417, table 1)."""


class Symbology(StrEnum):
    """The linear codes."""

    NW7 = "NW-7"
    CODE39 = "CODE39"
    CODE128 = "CODE128"


class CodeFault(StrEnum):
    """Why a code cannot carry a text."""

    EMPTY = auto()
    NO_START_OR_STOP = auto()
    CHARACTER = auto()
    TOO_LONG = auto()


class UncarriableError(ValueError):
    """A text that a code cannot carry; nothing may be changed or left out to make it fit.

    The character is the first that the code does not have, None for the other faults.
    """

    def __init__(self, code: str, fault: CodeFault, character: str | None = None) -> None:
        self.code = code
        self.fault = fault
        self.character = character
        super().__init__(f"{code} {_why(fault, character)}")


def qr_rows(text: str) -> list[str]:
    """Return the smallest QR code of error level M that carries printable ASCII.

    Scanners that act as keyboards garble anything else. Raises UncarriableError.
    """
    modules = qr_modules(text)
    if len(modules) % 2:
        modules.append([False] * len(modules[0]))
    return [
        "".join(_HALF_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(modules[::2], modules[1::2], strict=True)
    ]


def qr_modules(text: str) -> list[list[bool]]:
    """Return the modules of that code, dark ones true, with its quiet zone. UncarriableError."""
    from qrcode.constants import ERROR_CORRECT_M  # noqa: PLC0415
    from qrcode.exceptions import DataOverflowError  # noqa: PLC0415
    from qrcode.main import QRCode  # noqa: PLC0415

    _check("QR", text, "[ -~]", QR_LENGTH_MAX)
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QR_QUIET)
    code.add_data(text)
    try:
        code.best_fit()
    except (DataOverflowError, ValueError):  # 8.2 means the first and raises the second.
        raise UncarriableError("QR", CodeFault.TOO_LONG) from None
    return [[module is True for module in row] for row in code.get_matrix()]


def linear_rows(text: str, symbology: Symbology, lines: int = LINEAR_LINES) -> list[str]:
    """Return that many lines of bars; wide bars and spaces are twice as wide as narrow ones.

    NW-7 wants its start and stop letters, A to D, in the text. No code is given a check digit
    but the one that CODE128 always has. Raises UncarriableError.
    """
    if lines < 1:
        raise ValueError(f"a code of {lines} lines cannot be seen")
    modules = linear_modules(text, symbology)
    modules += "0" * (len(modules) % 2)
    row = "".join(_BARS[modules[start : start + 2]] for start in range(0, len(modules), 2))
    return [row] * lines


def linear_modules(text: str, symbology: Symbology) -> str:
    """Return the modules of a linear code, 1 for dark ones, with its quiet zones.

    Raises UncarriableError.
    """
    quiet = "0" * LINEAR_QUIET
    return quiet + _PATTERNS[symbology](text) + quiet


def _nw7(text: str) -> str:
    from barcode.codabar import CODABAR  # noqa: PLC0415

    _check(Symbology.NW7, text, "[0-9A-D$:/.+-]", LINEAR_LENGTH_MAX)
    if not re.fullmatch("[A-D].+[A-D]", text):
        raise UncarriableError(Symbology.NW7, CodeFault.NO_START_OR_STOP)
    _check(Symbology.NW7, text[1:-1], "[0-9$:/.+-]", LINEAR_LENGTH_MAX)
    return _joined(CODABAR(text, narrow=1, wide=2).build())


def _code39(text: str) -> str:
    from barcode.codex import Code39  # noqa: PLC0415

    _check(Symbology.CODE39, text, "[0-9A-Z .$/+%-]", LINEAR_LENGTH_MAX)
    pattern = _joined(Code39(text, add_checksum=False).build())
    return pattern.replace("111", "11").replace("000", "00")


def _code128(text: str) -> str:
    """Pairs of digits are code set C where four digits or more stand together, the rest is B.

    python-barcode 0.16.1 has the patterns, but its own choice of code sets loses a leading 99.
    """
    from barcode.charsets.code128 import CODES, STOP  # noqa: PLC0415

    _check(Symbology.CODE128, text, "[ -~]", LINEAR_LENGTH_MAX)
    values: list[int] = []
    for index, part in enumerate(re.split("((?:[0-9]{2}){2,})", text)):
        if not part:
            continue
        if index % 2:
            values.append(_SWITCH_TO_C if values else _START_C)
            values += [int(part[start : start + 2]) for start in range(0, len(part), 2)]
        else:
            values.append(_SWITCH_TO_B if values else _START_B)
            values += [ord(character) - ord(" ") for character in part]
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    return _joined([*(CODES[value] for value in [*values, check]), STOP, "11"])


_PATTERNS = {Symbology.NW7: _nw7, Symbology.CODE39: _code39, Symbology.CODE128: _code128}


def _joined(patterns: list[str]) -> str:
    return "".join(patterns)


def _check(code: str, text: str, character: str, length_max: int) -> None:
    if not text:
        raise UncarriableError(code, CodeFault.EMPTY)
    for each in text[: length_max + 1]:
        if not re.fullmatch(character, each):
            raise UncarriableError(code, CodeFault.CHARACTER, each)
    if len(text) > length_max:
        raise UncarriableError(code, CodeFault.TOO_LONG)


def _why(fault: CodeFault, character: str | None) -> str:
    if fault is CodeFault.CHARACTER and character is not None:
        shown = f"{character} " if character.isprintable() else ""
        return f"cannot carry the character {shown}(U+{ord(character):04X}) there"
    reasons = {
        CodeFault.EMPTY: "needs a text",
        CodeFault.NO_START_OR_STOP: "needs A, B, C or D before and after the text",
        CodeFault.TOO_LONG: "cannot carry as many characters",
    }
    return reasons[fault]
