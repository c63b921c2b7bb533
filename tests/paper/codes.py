"""Barcodes and QR codes as bars and modules, from the symbologies' own tables."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

import qrcode
from PIL import Image
from qrcode.exceptions import DataOverflowError

from tests.paper.drawing import INK, PAPER, blank
from tests.paper.errors import CommandError

WIDE = {2: 5, 3: 8, 4: 10, 5: 13, 6: 16}
"""GS w: the narrow bar's dots, and the wide one's where there are only two widths."""


def _patterns(text: str) -> list[str]:
    return text.split()


CODE39 = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. *$/+%",
        _patterns(
            "nnnwwnwnn wnnwnnnnw nnwwnnnnw wnwwnnnnn nnnwwnnnw wnnwwnnnn nnwwwnnnn nnnwnnwnw "
            "wnnwnnwnn nnwwnnwnn wnnnnwnnw nnwnnwnnw wnwnnwnnn nnnnwwnnw wnnnwwnnn nnwnwwnnn "
            "nnnnnwwnw wnnnnwwnn nnwnnwwnn nnnnwwwnn wnnnnnnww nnwnnnnww wnwnnnnwn nnnnwnnww "
            "wnnnwnnwn nnwnwnnwn nnnnnnwww wnnnnnwwn nnwnnnwwn nnnnwnwwn wwnnnnnnw nwwnnnnnw "
            "wwwnnnnnn nwnnwnnnw wwnnwnnnn nwwnwnnnn nwnnnnwnw wwnnnnwnn nwwnnnwnn nwnnwnwnn "
            "nwnwnwnnn nwnwnnnwn nwnnnwnwn nnnwnwnwn"
        ),
        strict=True,
    )
)
CODABAR = dict(
    zip(
        "0123456789-$:/.+ABCD",
        _patterns(
            "nnnnnww nnnnwwn nnnwnnw wwnnnnn nnwnnwn wnnnnwn nwnnnnw nwnnwnn nwwnnnn wnnwnnn "
            "nnnwwnn nnwwnnn wnnnwnw wnwnnnw wnwnwnn nnwnwnw nnwwnwn nwnwnnw nnnwnww nnnwwwn"
        ),
        strict=True,
    )
)
ITF = _patterns("nnwwn wnnnw nwnnw wwnnn nnwnw wnwnn nwwnn nnnww wnnwn nwnwn")
CODE128 = _patterns(
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232 2331112"
)
CODE128_STOP = 106
EAN = _patterns("3211 2221 2122 1411 1132 1231 1114 1312 1213 3112")
EAN13_PARITY = _patterns("LLLLLL LLGLGG LLGGLG LLGGGL LGLLGG LGGLLG LGGGLL LGLGLG LGLGGL LGGLGL")


@dataclass(frozen=True)
class Bars:
    """A barcode: the widths of its bars and spaces in turn (n, w or modules), and its text."""

    kind: str
    widths: str
    text: str


def _ascii(data: bytes, allowed: str, kind: str) -> str:
    text = data.decode("latin-1")
    if not text or any(char not in allowed for char in text):
        raise CommandError(f"{kind} has no code for {text!r}")
    return text


def code39(data: bytes) -> Bars:
    """CODE39: a printer adds the start and stop signs where they are left out."""
    text = _ascii(data, "".join(CODE39), "CODE39")
    inner = text[1:-1] if len(text) > 1 and text[0] == text[-1] == "*" else text
    if "*" in inner or not inner:
        raise CommandError(f"CODE39 has * at its ends only: {text!r}")
    return Bars("CODE39", "n".join(CODE39[char] for char in f"*{inner}*"), f"*{inner}*")


def codabar(data: bytes) -> Bars:
    """NW-7: the start and stop letters are part of the data."""
    text = _ascii(data.upper(), "".join(CODABAR), "CODABAR")
    ends, inner = text[:1] + text[-1:], text[1:-1]
    if len(text) < 3 or not set(ends) <= set("ABCD") or set(inner) & set("ABCD"):
        raise CommandError(
            f"CODABAR starts and stops with one of A to D, and has them nowhere else: {text!r}"
        )
    return Bars("CODABAR", "n".join(CODABAR[char] for char in text), text)


def itf(data: bytes) -> Bars:
    """Interleaved 2 of 5: pairs of digits, one in the bars and one in the spaces."""
    text = _ascii(data, "0123456789", "ITF")
    if len(text) % 2:
        raise CommandError(f"ITF has an even number of digits: {text!r}")
    pairs = zip(text[::2], text[1::2], strict=True)
    body = "".join(
        bar + space
        for one, two in pairs
        for bar, space in zip(ITF[int(one)], ITF[int(two)], strict=True)
    )
    return Bars("ITF", "nnnn" + body + "wnn", text)


def _checked(data: bytes, length: int, kind: str) -> str:
    """Return the digits with their check digit, which may be left out."""
    text = _ascii(data, "0123456789", kind)
    if len(text) not in (length - 1, length):
        raise CommandError(f"{kind} has {length - 1} or {length} digits: {text!r}")
    digits = [int(char) for char in text[: length - 1]]
    total = sum(digit * weight for digit, weight in zip(reversed(digits), cycle((3, 1))))
    whole = text[: length - 1] + str(-total % 10)
    if text not in (whole, whole[:-1]):
        raise CommandError(f"{kind}'s check digit is not {text[-1]}: {text!r}")
    return whole


def _ean(left: str, parity: str, right: str) -> str:
    halves = (
        EAN[int(char)] if side == "L" else EAN[int(char)][::-1]
        for char, side in zip(left, parity, strict=True)
    )
    return "111" + "".join(halves) + "11111" + "".join(EAN[int(char)] for char in right) + "111"


def ean13(data: bytes) -> Bars:
    """EAN-13, in Japan JAN-13."""
    text = _checked(data, 13, "EAN13")
    return Bars("EAN13", _ean(text[1:7], EAN13_PARITY[int(text[0])], text[7:]), text)


def ean8(data: bytes) -> Bars:
    """EAN-8, in Japan JAN-8."""
    text = _checked(data, 8, "EAN8")
    return Bars("EAN8", _ean(text[:4], "LLLL", text[4:]), text)


def upc_a(data: bytes) -> Bars:
    """UPC-A."""
    text = _checked(data, 12, "UPC-A")
    return Bars("UPC-A", _ean(text[:6], "LLLLLL", text[6:]), text)


def _code128_value(code: int, code_set: str) -> int:
    if code_set == "A" and code < 0x60:
        return code + 64 if code < 0x20 else code - 32
    if code_set == "B" and 0x20 <= code < 0x80:
        return code - 32
    if code_set == "C" and code < 100:
        return code
    raise CommandError(f"CODE128's code set {code_set} has no {code:02X}")


_CODE128_SELECT = {"A": (103, 101), "B": (104, 100), "C": (105, 99)}
"""The values that start with a code set, and that change to it."""
_CODE128_FUNCTION = {"1": 102, "2": 97, "3": 96}
_CODE128_SHIFT = 98


def _code128_values(data: bytes) -> tuple[list[int], str]:
    """Read Epson's notation: {A {B {C select, {S shifts, {1 to {4 are FNC, {{ is a brace."""
    values: list[int] = []
    text, code_set, shifted = "", "", ""
    codes = iter(data)
    for code in codes:
        mark = ""
        if code == ord("{"):
            mark = chr(next(codes, 0))
        if mark in _CODE128_SELECT:
            values.append(_CODE128_SELECT[mark][1 if code_set else 0])
            code_set = mark
        elif not code_set:
            raise CommandError("CODE128's data starts with {A, {B or {C")
        elif mark == "S" and code_set in "AB":
            values.append(_CODE128_SHIFT)
            shifted = "B" if code_set == "A" else "A"
        elif mark == "1" or (mark in _CODE128_FUNCTION and code_set in "AB"):
            values.append(_CODE128_FUNCTION[mark])
        elif mark == "4" and code_set in "AB":
            values.append(101 if code_set == "A" else 100)
        elif mark in ("", "{"):
            values.append(_code128_value(code, shifted or code_set))
            text += f"{code:02}" if code_set == "C" else chr(code)
            shifted = ""
        else:
            raise CommandError(f"CODE128 has no {{{mark!r} in code set {code_set}")
    return values, text


def code128(data: bytes) -> Bars:
    """CODE128, its check character added."""
    values, text = _code128_values(data)
    if not text:
        raise CommandError("CODE128 has no data")
    check = values[0] + sum(place * value for place, value in enumerate(values))
    widths = "".join(CODE128[value] for value in [*values, check % 103, CODE128_STOP])
    return Bars("CODE128", widths, text)


SYMBOLOGIES: dict[int, Callable[[bytes], Bars]] = {
    0: upc_a, 2: ean13, 3: ean8, 4: code39, 5: itf, 6: codabar,
    65: upc_a, 67: ean13, 68: ean8, 69: code39, 70: itf, 71: codabar, 73: code128,
}  # fmt: skip
"""GS k's m. UPC-E (1, 66) and CODE93 (72) are not drawn here."""


def draw_bars(bars: Bars, module: int, height: int) -> Image.Image:
    """Draw a barcode without its quiet zones, which the paper's margins give."""
    dots = {"n": module, "w": WIDE[module]} | {str(count): count * module for count in range(1, 5)}
    widths = [dots[width] for width in bars.widths]
    image = blank(sum(widths), height)
    x = 0
    for width, colour in zip(widths, cycle((INK, PAPER))):
        image.paste(colour, (x, 0, x + width, height))
        x += width
    return image


QR_LEVELS = {48: 1, 49: 0, 50: 3, 51: 2}
"""GS ( k 69's L, M, Q and H, as the package qrcode numbers them."""


def draw_qr(data: bytes, level: int, module: int) -> Image.Image:
    """Draw a QR code without its quiet zone."""
    code = qrcode.QRCode(error_correction=QR_LEVELS[level], box_size=1, border=0)
    try:
        code.add_data(data)
        code.make(fit=True)
    except (DataOverflowError, ValueError) as error:
        raise CommandError(f"{len(data)} bytes are too many for a QR code") from error
    rows = code.get_matrix()
    image = blank(len(rows), len(rows))
    image.putdata([INK if dark else PAPER for row in rows for dark in row])
    return image.resize((len(rows) * module,) * 2, Image.Resampling.NEAREST)
