"""Codes in terminal cells, read by zxing-cpp, which shares nothing with what makes them."""

import string
import subprocess
import sys
from typing import NamedTuple

import pytest
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from counter_tui.slips.cell_codes import (
    LINEAR_LENGTH_MAX,
    LINEAR_QUIET,
    QR_QUIET,
    CodeFault,
    Symbology,
    UncarriableError,
    linear_rows,
    qr_rows,
)

CELL_SIZES = [(8, 16), (10, 20)]
"""Pixels across and down: of Textual's own pictures, and of a usual terminal."""

FORMATS = {
    Symbology.NW7: zxingcpp.BarcodeFormat.Codabar,
    Symbology.CODE39: zxingcpp.BarcodeFormat.Code39Std,
    Symbology.CODE128: zxingcpp.BarcodeFormat.Code128,
}
CODE39_CHARACTERS = string.digits + string.ascii_uppercase + "-. $/+%"
VOUCHER = (
    "JPV1.987654321012.00000001.500.20170401.20170501.0001."
    "4KRRAC7S75EQRXGEZ6BD7GBVHB6SE24CJSGP7ZBQ3PUVHYKAXPHXW4NX5BNIQJANVGJGQHARGEXRLLERJVTTRFIZ6PD7VKY"
    "FWMDC6BY"
)

Colour = tuple[int, int, int]
DARK: Colour = (0, 0, 0)
LIGHT: Colour = (255, 255, 255)
DARK_THEME: Colour = (18, 18, 18)


class Cell(NamedTuple):
    character: str
    ink: Colour = DARK
    paper: Colour = LIGHT


AROUND = Cell(" ", LIGHT, DARK_THEME)


def draw(screen: list[list[Cell]], cell_size: tuple[int, int]) -> Image.Image:
    """Draw the half blocks exactly and other characters not at all: no font takes part."""
    width, height = cell_size
    blocks = {
        "█": (0, 0, width, height),
        "▀": (0, 0, width, height // 2),
        "▄": (0, height // 2, width, height),
        "▌": (0, 0, width // 2, height),
        "▐": (width // 2, 0, width, height),
    }
    image = Image.new("RGB", (len(screen[0]) * width, len(screen) * height))
    pen = ImageDraw.Draw(image)
    for line, row in enumerate(screen):
        for column, cell in enumerate(row):
            x, y = column * width, line * height
            pen.rectangle((x, y, x + width - 1, y + height - 1), fill=cell.paper)
            if cell.character in blocks:
                left, top, right, bottom = blocks[cell.character]
                pen.rectangle((x + left, y + top, x + right - 1, y + bottom - 1), fill=cell.ink)
    return image


def scan(
    image: Image.Image, code: zxingcpp.BarcodeFormat = zxingcpp.BarcodeFormat.AllReadable
) -> list[str]:
    """Return what a scanner reads that takes no code light on dark.

    Nor a picture made smaller: one in some thousands of CODE128 reads as another number besides.
    """
    found = zxingcpp.read_barcodes(
        image,
        formats=zxingcpp.BarcodeFormats([code]),
        try_invert=False,
        try_downscale=False,
        text_mode=zxingcpp.TextMode.Plain,
    )
    return [barcode.text for barcode in found]


def on_dark_screen(rows: list[str]) -> list[list[Cell]]:
    """Return a screen that is dark around the code."""
    edge = [AROUND] * (len(rows[0]) + 4)
    code = [[AROUND, AROUND, *map(Cell, row), AROUND, AROUND] for row in rows]
    return [edge, *code, edge]


def short(value: object) -> str:
    """Name a test's case."""
    return ascii(value)[:24]


def qr_modules(text: str) -> list[str]:
    """Return a module a character, 1 for dark."""
    rows = qr_rows(text)
    return [
        "".join(str(int(character in dark)) for character in row)
        for row in rows
        for dark in ("▀█", "▄█")
    ]


def linear_modules(text: str, symbology: Symbology) -> str:
    modules = {" ": "00", "▌": "10", "▐": "01", "█": "11"}
    return "".join(modules[character] for character in linear_rows(text, symbology)[0])


@pytest.mark.parametrize("cell_size", CELL_SIZES)
@pytest.mark.parametrize(
    "text",
    [
        "987654321012",
        "000000000000",
        "1",
        " ",
        VOUCHER,
        "https://example.jp/r/2026-000123",
        string.printable[:95],
        "7" * 1000,
    ],
    ids=short,
)
def test_qr_codes_are_read(text: str, cell_size: tuple[int, int]) -> None:
    assert scan(draw(on_dark_screen(qr_rows(text)), cell_size)) == [text]


@settings(max_examples=15)
@given(st.from_regex("[0-9]{12}", fullmatch=True))
def test_every_voucher_number_is_read(number: str) -> None:
    assert scan(draw(on_dark_screen(qr_rows(number)), (8, 16))) == [number]


@settings(max_examples=15)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=60))
def test_qr_codes_carry_printable_ascii(text: str) -> None:
    assert scan(draw(on_dark_screen(qr_rows(text)), (8, 16))) == [text]


@pytest.mark.parametrize(
    ("text", "modules"),
    # ISO/IEC 18004, table 7: what versions 1, 2 and 40 hold at error level M, and one more.
    [
        ("1", 21),
        ("1" * 34, 21),
        ("1" * 35, 25),
        ("A" * 20, 21),
        ("A" * 21, 25),
        ("a" * 14, 21),
        ("a" * 15, 25),
        (VOUCHER, 45),
        ("1" * 5596, 177),
    ],
    ids=short,
)
def test_qr_codes_are_as_small_as_can_be(text: str, modules: int) -> None:
    rows = qr_rows(text)
    side = modules + 2 * 4
    assert {len(row) for row in rows} == {side}
    assert len(rows) == (side + 1) // 2


def test_error_level_is_m() -> None:
    [barcode] = zxingcpp.read_barcodes(draw(on_dark_screen(qr_rows("987654321012")), (8, 16)))
    assert barcode.ec_level == "M"


def test_a_voucher_number_takes_29_columns_and_15_lines() -> None:
    rows = qr_rows("987654321012")
    assert (len(rows[0]), len(rows)) == (29, 15)


def test_nothing_dark_is_in_a_qr_codes_quiet_zone() -> None:
    assert QR_QUIET == 4
    modules = qr_modules("987654321012")
    dark = [(x, y) for y, row in enumerate(modules) for x, each in enumerate(row) if each == "1"]
    assert (min(x for x, _ in dark), min(y for _, y in dark)) == (4, 4)
    assert (max(x for x, _ in dark), max(y for _, y in dark)) == (24, 24)


@pytest.mark.parametrize("cell_size", CELL_SIZES)
@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("A123456789B", Symbology.NW7),
        ("A00A", Symbology.NW7),
        ("C0123456789-$:/.+D", Symbology.NW7),
        ("D98765432101C", Symbology.NW7),
        ("12345678", Symbology.CODE39),
        ("0", Symbology.CODE39),
        ("LIB-0042", Symbology.CODE39),
        ("A B", Symbology.CODE39),
        ("0123456789ABCDEFGHIJ", Symbology.CODE39),
        ("KLMNOPQRSTUVWXYZ", Symbology.CODE39),
        (CODE39_CHARACTERS[-9:], Symbology.CODE39),
        ("987654321012", Symbology.CODE128),
        ("12345", Symbology.CODE128),
        ("991234567890", Symbology.CODE128),
        ("1", Symbology.CODE128),
        ("a1234567b", Symbology.CODE128),
        ("Lib-0042~", Symbology.CODE128),
        (string.ascii_letters[:LINEAR_LENGTH_MAX], Symbology.CODE128),
    ],
    ids=short,
)
def test_linear_codes_are_read(text: str, symbology: Symbology, cell_size: tuple[int, int]) -> None:
    picture = draw(on_dark_screen(linear_rows(text, symbology)), cell_size)
    assert scan(picture, FORMATS[symbology]) == [text]


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("A123456789B", Symbology.NW7),
        ("12345678", Symbology.CODE39),
        ("987654321012", Symbology.CODE128),
    ],
    ids=short,
)
def test_a_code_is_taken_for_no_other(text: str, symbology: Symbology) -> None:
    assert scan(draw(on_dark_screen(linear_rows(text, symbology)), (8, 16))) == [text]


@settings(max_examples=25)
@given(st.from_regex(r"[A-D][0-9$:/.+-]{2,20}[A-D]", fullmatch=True))
@example("A00A")
def test_every_nw7_text_is_read(text: str) -> None:
    picture = draw(on_dark_screen(linear_rows(text, Symbology.NW7)), (8, 16))
    assert scan(picture, FORMATS[Symbology.NW7]) == [text]


@settings(max_examples=25)
@given(st.text(CODE39_CHARACTERS, min_size=1, max_size=20))
def test_every_code39_text_is_read(text: str) -> None:
    picture = draw(on_dark_screen(linear_rows(text, Symbology.CODE39)), (8, 16))
    assert scan(picture, FORMATS[Symbology.CODE39]) == [text]


@settings(max_examples=40)
@given(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)
    | st.from_regex("[0-9]{1,20}|[a-z]{1,3}[0-9]{1,9}[a-z]{0,3}[0-9]{0,5}", fullmatch=True)
)
@example("99")
@example("990853109")
@example("00")
@example("a99b9999c")
def test_every_code128_text_is_read(text: str) -> None:
    picture = draw(on_dark_screen(linear_rows(text, Symbology.CODE128)), (8, 16))
    assert scan(picture, FORMATS[Symbology.CODE128]) == [text]


@pytest.mark.parametrize(
    ("text", "symbology", "bars"),
    [
        # EN 798 and ISO/IEC 16388 by hand: narrow 1, wide 2, a narrow gap between characters.
        ("A0B", Symbology.NW7, "1011001001" + "0" + "101010011" + "0" + "1001001011"),
        (
            "1",
            Symbology.CODE39,
            "100101101101" + "0" + "110100101011" + "0" + "100101101101",
        ),
    ],
    ids=short,
)
def test_linear_codes_have_the_standards_bars(text: str, symbology: Symbology, bars: str) -> None:
    assert linear_modules(text, symbology).strip("0") == bars.strip("0")


@pytest.mark.parametrize(
    ("text", "symbology", "columns"),
    [
        ("A123456789B", Symbology.NW7, 66),
        ("A12345678901B", Symbology.NW7, 76),
        ("A123456789012B", Symbology.NW7, 81),
        ("12345678", Symbology.CODE39, 75),
        ("123456789", Symbology.CODE39, 81),
        ("987654321012", Symbology.CODE128, 61),
    ],
    ids=short,
)
def test_the_rows_tell_the_columns(text: str, symbology: Symbology, columns: int) -> None:
    assert {len(row) for row in linear_rows(text, symbology)} == {columns}


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("A123456789B", Symbology.NW7),
        ("A$$:B", Symbology.NW7),
        ("12345678", Symbology.CODE39),
        ("987654321012", Symbology.CODE128),
    ],
    ids=short,
)
def test_nothing_dark_is_in_a_linear_codes_quiet_zones(text: str, symbology: Symbology) -> None:
    assert LINEAR_QUIET == 10
    modules = linear_modules(text, symbology)
    assert modules.index("1") == 10
    assert modules[::-1].index("1") in {10, 11}


@pytest.mark.parametrize("lines", [1, 3, 12])
def test_linear_codes_are_as_high_as_asked(lines: int) -> None:
    rows = linear_rows("A123B", Symbology.NW7, lines)
    assert len(rows) == lines
    assert len(set(rows)) == 1


@pytest.mark.parametrize("lines", [0, -1])
def test_a_code_without_lines_is_refused(lines: int) -> None:
    with pytest.raises(ValueError, match="lines cannot be seen"):
        linear_rows("A123B", Symbology.NW7, lines)


@pytest.mark.parametrize(
    ("text", "fault", "character"),
    [
        ("", CodeFault.EMPTY, None),
        ("９８７", CodeFault.CHARACTER, "９"),
        ("図書館", CodeFault.CHARACTER, "図"),
        ("987\n", CodeFault.CHARACTER, "\n"),
        ("987\x7f", CodeFault.CHARACTER, "\x7f"),
        ("é", CodeFault.CHARACTER, "é"),
        ("\ud800", CodeFault.CHARACTER, "\ud800"),
        ("1" * 5597, CodeFault.TOO_LONG, None),
        ("a" * 2332, CodeFault.TOO_LONG, None),
        ("1" * 1_000_000, CodeFault.TOO_LONG, None),
    ],
    ids=short,
)
def test_qr_codes_refuse_what_they_cannot_carry(
    text: str, fault: CodeFault, character: str | None
) -> None:
    with pytest.raises(UncarriableError) as caught:
        qr_rows(text)
    error = caught.value
    assert (error.code, error.fault, error.character) == ("QR", fault, character)


@pytest.mark.parametrize(
    ("text", "symbology", "fault", "character"),
    [
        ("", Symbology.NW7, CodeFault.EMPTY, None),
        ("123456789", Symbology.NW7, CodeFault.NO_START_OR_STOP, None),
        ("A123456789", Symbology.NW7, CodeFault.NO_START_OR_STOP, None),
        ("123456789B", Symbology.NW7, CodeFault.NO_START_OR_STOP, None),
        ("A", Symbology.NW7, CodeFault.NO_START_OR_STOP, None),
        ("AB", Symbology.NW7, CodeFault.NO_START_OR_STOP, None),
        ("a123b", Symbology.NW7, CodeFault.CHARACTER, "a"),
        ("E123E", Symbology.NW7, CodeFault.CHARACTER, "E"),
        ("A12X34B", Symbology.NW7, CodeFault.CHARACTER, "X"),
        ("A12C34B", Symbology.NW7, CodeFault.CHARACTER, "C"),
        ("A12 34B", Symbology.NW7, CodeFault.CHARACTER, " "),
        ("A１２３B", Symbology.NW7, CodeFault.CHARACTER, "１"),
        ("A123B\n", Symbology.NW7, CodeFault.CHARACTER, "\n"),
        ("A" + "1" * 47 + "B", Symbology.NW7, CodeFault.TOO_LONG, None),
        ("", Symbology.CODE39, CodeFault.EMPTY, None),
        ("lib42", Symbology.CODE39, CodeFault.CHARACTER, "l"),
        ("LIb42", Symbology.CODE39, CodeFault.CHARACTER, "b"),
        ("*42*", Symbology.CODE39, CodeFault.CHARACTER, "*"),
        ("４２", Symbology.CODE39, CodeFault.CHARACTER, "４"),
        ("ß", Symbology.CODE39, CodeFault.CHARACTER, "ß"),
        ("42\n", Symbology.CODE39, CodeFault.CHARACTER, "\n"),
        ("1" * 49, Symbology.CODE39, CodeFault.TOO_LONG, None),
        ("", Symbology.CODE128, CodeFault.EMPTY, None),
        ("４２", Symbology.CODE128, CodeFault.CHARACTER, "４"),
        ("42٣", Symbology.CODE128, CodeFault.CHARACTER, "٣"),
        ("42\t", Symbology.CODE128, CodeFault.CHARACTER, "\t"),
        ("\xf1", Symbology.CODE128, CodeFault.CHARACTER, "\xf1"),
        ("1" * 49, Symbology.CODE128, CodeFault.TOO_LONG, None),
        ("1" * 1_000_000, Symbology.CODE128, CodeFault.TOO_LONG, None),
    ],
    ids=short,
)
def test_linear_codes_refuse_what_they_cannot_carry(
    text: str, symbology: Symbology, fault: CodeFault, character: str | None
) -> None:
    with pytest.raises(UncarriableError) as caught:
        linear_rows(text, symbology)
    error = caught.value
    assert (error.code, error.fault, error.character) == (symbology, fault, character)


@given(st.text(), st.sampled_from(Symbology))
def test_any_text_is_carried_or_refused(text: str, symbology: Symbology) -> None:
    try:
        rows = linear_rows(text, symbology)
    except UncarriableError:
        return
    assert set("".join(rows)) <= set(" ▌▐█")


def test_refusals_say_why() -> None:
    def said(text: str, symbology: Symbology) -> str:
        with pytest.raises(UncarriableError) as caught:
            linear_rows(text, symbology)
        return str(caught.value)

    assert said("", Symbology.CODE39) == "CODE39 needs a text"
    assert said("a", Symbology.CODE39) == "CODE39 cannot carry the character a (U+0061) there"
    assert said("1\n", Symbology.CODE39) == "CODE39 cannot carry the character (U+000A) there"
    assert said("1" * 49, Symbology.CODE128) == "CODE128 cannot carry as many characters"
    assert said("123", Symbology.NW7) == "NW-7 needs A, B, C or D before and after the text"


def test_starting_the_application_loads_no_library_for_codes() -> None:
    libraries = {"qrcode", "barcode", "PIL"}
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, counter_tui.shell.code_view, counter_tui.slips.cell_codes\n"
            f"assert not {libraries!r} & set(sys.modules)",
        ],
        check=True,
    )
