"""What each command does to the paper."""

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageOps

from tests.paper import charset
from tests.paper.paper import Line, Paper
from tests.paper.renderer import DOTS_80_MM, render
from tests.paper.state import Align, Style

SJIS = b"\x1cC1"


def only(data: bytes) -> Line:
    """Render what makes one line."""
    (line,) = render(data).printed
    return line


def ink(paper: Paper, box: tuple[int, int, int, int] | None = None) -> int:
    """Count the black dots."""
    return (paper.image.crop(box) if box else paper.image).histogram()[0]


def crop(paper: Paper, line: int) -> Image.Image:
    printed = paper.printed[line]
    return paper.image.crop((printed.left, printed.top, printed.right, printed.bottom))


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and ImageChops.difference(one, other).getbbox() is None


# Lines and feeding


def test_lines_are_fed_by_the_spacing() -> None:
    paper = render(b"one\n\ntwo\n")
    assert paper.lines == ["one", "", "two"]
    assert [(line.top, line.bottom) for line in paper.printed] == [(0, 24), (30, 30), (60, 84)]
    assert paper.image.size == (384, 90)


def test_nothing_makes_empty_paper() -> None:
    paper = render(b"")
    assert (paper.lines, paper.image.size, ink(paper), paper.codes()) == ([], (384, 1), 0, [])


def test_carriage_return_is_ignored() -> None:
    assert render(b"one\r\ntwo\r\n").lines == ["one", "two"]


def test_line_spacing_is_set_and_reset_and_never_less_than_the_characters() -> None:
    tops = [line.top for line in render(b"\x1b3\x40a\n\x1b3\x00a\n\x1b2a\na\n").printed]
    assert tops == [0, 64, 88, 118]


def test_the_paper_is_fed_by_lines() -> None:
    paper = render(b"a\x1bd\x03b\n\x1bd\x02")
    assert paper.lines == ["a", "b"]
    assert paper.printed[1].top == 90
    assert paper.image.height == 90 + 30 + 60


def test_the_paper_is_fed_by_dots() -> None:
    paper = render(b"a\x1bJ\x40b\x1bJ\x00")
    assert paper.lines == ["a", "b"]
    assert (paper.printed[1].top, paper.image.height) == (64, 88)


@pytest.mark.parametrize(("dots", "columns"), [(384, 32), (DOTS_80_MM, 48)])
def test_what_does_not_fit_goes_to_the_next_line(dots: int, columns: int) -> None:
    paper = render(b"x" * (columns + 1) + b"\n", dots)
    assert paper.lines == ["x" * columns, "x"]
    assert paper.printed[1].top == 30


def test_kanji_are_not_split_at_the_edge() -> None:
    text = "A" + "漢" * 16
    assert render(SJIS + text.encode("cp932") + b"\n").lines == ["A" + "漢" * 15, "漢"]


def test_a_full_line_and_its_line_feed_are_one_line() -> None:
    assert render(b"x" * 32 + b"\ny\n").lines == ["x" * 32, "y"]


def test_initialising_sets_everything_back() -> None:
    before = b"\x1ba\x01\x1d!\x11\x1bE\x01\x1cC1\x1bR\x08\x1bt\x01\x1b3\x00\x1dL\x10\x00\x1b \x08"
    paper = render(before + b"\x1b@A\\\nB\n")
    assert paper.lines == ["A\\", "B"]
    assert paper.printed[0].styles == {Style()}
    assert (paper.printed[0].left, paper.printed[0].right) == (0, 24)
    assert paper.printed[1].top == 30
    assert paper.alignments == [Align.LEFT] * 2


# Places


def test_lines_are_justified() -> None:
    paper = render(b"\x1ba\x00ab\n\x1ba\x01ab\n\x1ba2ab\n")
    assert paper.alignments == [Align.LEFT, Align.CENTRE, Align.RIGHT]
    assert [(line.left, line.right) for line in paper.printed] == [(0, 24), (180, 204), (360, 384)]
    assert paper.lines == ["ab"] * 3
    assert same(crop(paper, 0), crop(paper, 1))
    assert ink(paper, (0, 30, 180, 54)) == ink(paper, (0, 60, 360, 84)) == 0


def test_spaces_are_part_of_what_is_centred() -> None:
    line = only(b"\x1ba\x01ab  \n")
    assert (line.left, line.right, line.text) == (168, 192, "ab")


def test_tabs_stop_at_every_eighth_column() -> None:
    assert render(b"a\tb\tc\n").lines == ["a       b       c"]
    assert render(b"\t\t\t\ta\n").lines == ["", "a"]


def test_positions_are_absolute_and_relative() -> None:
    line = only(b"\x1b$\x3c\x00a\x1b\\\x18\x00b\x1b\\\xdc\xffc\n")
    assert line.text == "     ac b"
    assert (line.left, line.right) == (60, 108)


def test_the_print_area_has_a_margin_and_a_width() -> None:
    paper = render(b"\x1dL\x18\x00\x1dW\x3c\x00abcdef\n\x1ba\x02g\n")
    assert paper.lines == ["abcde", "f", "g"]
    assert [(line.left, line.right) for line in paper.printed] == [(24, 84), (24, 36), (72, 84)]


def test_the_print_area_ends_with_the_paper() -> None:
    assert render(b"\x1dL\x78\x01\x1dW\xff\xffabc\n").lines == ["a", "b", "c"]


# Characters


def test_japan_has_yen_and_overline() -> None:
    assert render(b"\\~\n\x1bR\x08\\~\n\x1bR\x00\\~\n").lines == ["\\~", "¥‾", "\\~"]


def test_the_katakana_page() -> None:
    codes = b"\xa1\xb1\xdd\xde\xdf\x95\x96\xf1\xf8"
    line = only(b"\x1bt\x01" + codes + b"\n")
    assert line.text == "｡ｱﾝﾞﾟ─│円〒"
    assert line.right == 12 * len(codes)


def test_the_first_page() -> None:
    assert render(b"\x81\x9c\xc4\n").lines == ["ü£─"]


@pytest.mark.parametrize("mode", [b"", b"\x1c&"])
@pytest.mark.parametrize("system", [b"\x1cC1", b"\x1cC\x01"])
def test_shift_jis_needs_no_kanji_mode(system: bytes, mode: bytes) -> None:
    text = "A市①髙﨑～表ﾊﾝb"
    line = only(b"\x1bt\x01" + system + mode + text.encode("cp932") + b"\n")
    assert line.text == text
    assert line.right == 12 * 4 + 24 * 6


@pytest.mark.parametrize("system", [b"", b"\x1cC0", b"\x1cC\x00"])
def test_jis_needs_kanji_mode(system: bytes) -> None:
    jis = "漢字亜ソ表".encode("iso2022_jp")[3:-3]
    assert render(system + b"A\x1c&" + jis + b"\x1c.B\n").lines == ["A漢字亜ソ表B"]
    assert render(system + jis + b"\n").lines == [jis.decode("ascii")]


def test_every_jis_code_is_the_character_of_python() -> None:
    known = 0
    for first in (*range(0x23, 0x28), *range(0x30, 0x75)):
        for second in range(0x21, 0x7F):
            try:
                char = (b"\x1b$B" + bytes([first, second]) + b"\x1b(B").decode("iso2022_jp")
            except UnicodeDecodeError:
                continue
            assert charset.jis(first, second) == char
            known += 1
    assert known > 6355


def test_the_first_and_last_kanji_of_each_range_of_shift_jis() -> None:
    codes = b"\x81\x41\x9f\xfc\xe0\x40\xfc\x4b"
    assert render(SJIS + codes + b"\n").lines == ["、滌漾黑"]


def test_characters_are_drawn() -> None:
    paper = render(SJIS + "漢\n字\n A\n".encode("cp932"))
    assert all(ink(paper, (line.left, line.top, line.right, line.bottom)) for line in paper.printed)
    assert not same(crop(paper, 0), crop(paper, 1))
    assert ink(paper, (24, 0, 384, 90)) == 0


def test_sizes() -> None:
    data = SJIS + "A漢\n".encode("cp932")
    paper = render(data + b"\x1d!\x11" + data + b"\x1d!\x20" + data)
    plain, double, broad = (crop(paper, index) for index in range(3))
    assert [line.sizes for line in paper.printed] == [{(1, 1)}, {(2, 2)}, {(3, 1)}]
    assert paper.large == {1, 2}
    assert same(double, plain.resize((72, 48), Image.Resampling.NEAREST))
    assert same(broad, plain.resize((108, 24), Image.Resampling.NEAREST))
    assert paper.printed[2].top == 30 + 48


def test_mixed_sizes_stand_on_one_base_line() -> None:
    paper = render(b"A\x1d!\x01A\n")
    (line,) = paper.printed
    assert line.sizes == {(1, 1), (1, 2)}
    assert (line.bottom, line.large) == (48, False)
    assert ink(paper, (0, 0, 12, 24)) == 0
    assert ink(paper, (0, 24, 12, 48)) > 0


def test_the_print_mode_is_for_single_bytes_except_for_emphasis() -> None:
    line = only(SJIS + b"\x1b!\xb8" + "A漢\n".encode("cp932"))
    assert line.styles == {Style(2, 2, bold=True, underline=1), Style(bold=True)}
    assert line.right == 24 + 24
    assert not line.large


def test_the_kanji_print_mode_is_for_kanji() -> None:
    line = only(SJIS + b"\x1c!\x8c" + "A漢\n".encode("cp932"))
    assert line.styles == {Style(), Style(2, 2, underline=1)}


def test_kanji_in_quadruple_size() -> None:
    line = only(SJIS + b"\x1cW\x01" + "A漢".encode("cp932") + b"\x1cW\x00" + "漢\n".encode("cp932"))
    assert line.sizes == {(1, 1), (2, 2)}
    assert line.right == 12 + 48 + 24


def test_the_last_size_counts() -> None:
    data = SJIS + b"\x1d!\x11\x1b!\x00\x1c!\x00" + "A漢\n".encode("cp932")
    assert only(data).sizes == {(1, 1)}


def test_the_small_font() -> None:
    paper = render(b"\x1bM1ab\n\x1bM0ab\n\x1b!\x01ab\n")
    assert [(line.right, line.bottom - line.top) for line in paper.printed] == [
        (18, 17),
        (24, 24),
        (18, 17),
    ]


@pytest.mark.parametrize("command", [b"\x1bE", b"\x1bG"])
def test_emphasis_is_darker(command: bytes) -> None:
    off = bytes([command[0], command[1], 0])
    paper = render(b"AB\n" + command + b"\x01AB\n" + off + b"AB\n")
    assert [line.styles for line in paper.printed] == [{Style()}, {Style(bold=True)}, {Style()}]
    assert ink(paper, (0, 30, 24, 54)) > ink(paper, (0, 0, 24, 24)) == ink(paper, (0, 60, 24, 84))


def test_underlines_are_for_single_bytes_and_for_kanji_apart() -> None:
    text = "A漢\n".encode("cp932")
    paper = render(SJIS + b"\x1b-\x01" + text + b"\x1b-0\x1c-2" + text)
    assert [line.styles for line in paper.printed] == [
        {Style(underline=1), Style()},
        {Style(), Style(underline=2)},
    ]
    assert ink(paper, (0, 23, 12, 24)) == 12
    assert ink(paper, (12, 23, 36, 24)) == 0
    assert ink(paper, (12, 52, 36, 54)) == 48


def test_the_print_mode_underlines_as_thickly_as_last_asked() -> None:
    assert only(b"\x1b-\x02\x1b-\x00\x1b!\x80A\n").styles == {Style(underline=2)}


def test_reverse_is_white_on_black() -> None:
    paper = render(b"A\n\x1dB\x01A\n")
    assert same(crop(paper, 1), ImageChops.invert(crop(paper, 0)))


def test_what_is_reversed_is_not_underlined() -> None:
    assert only(b"\x1dB\x01\x1b-\x02A\n").styles == {Style(reverse=True)}


def test_upside_down() -> None:
    paper = render(b"Ab\n\x1b{\x01Ab\n")
    turned = paper.printed[1]
    assert (turned.text, turned.upside_down, turned.left, turned.right) == ("Ab", True, 360, 384)
    assert same(crop(paper, 1), crop(paper, 0).rotate(180))


def test_spaces_between_characters() -> None:
    line = only(b"\x1b \x04ab\n")
    assert (line.text, line.right) == ("ab", 32)
    line = only(SJIS + b"\x1cS\x02\x04\x1d!\x10" + "漢\n".encode("cp932"))
    assert line.right == 2 * 30


# Barcodes and QR codes


def test_what_python_escpos_sends() -> None:
    """The bytes of python-escpos 3.1's qr(native=True, size=6) and barcode()."""
    qr = (
        b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E0"
        b"\x1d(k#\x001P0https://example.jp/r/2026-000123\x1d(k\x03\x001Q0"
    )
    bars = b"\x1ba\x01\x1dh@\x1dw\x02\x1df\x00\x1dH\x02"
    nw7, ean = b"\x1dk\x06A12345678B\x00", b"\x1dk\x024901234567894\x00"
    cut = b"\x1bd\x06\x1dV\x00"
    paper = render(qr + b"\n" + bars + nw7 + b"\n" + ean + cut)
    assert paper.codes() == [
        ("QR Code", "https://example.jp/r/2026-000123"),
        ("Codabar", "A12345678B"),
        ("EAN-13", "4901234567894"),
    ]
    assert paper.cuts == 1


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (b"\x1dk\x04JP-2017\x00", ("Code 39", "JP-2017")),
        (b"\x1dk\x04*JP-2017*\x00", ("Code 39", "JP-2017")),
        (b"\x1dkE\x0a0 1$2/3+4%", ("Code 39", "0 1$2/3+4%")),
        (b"\x1dkG\x06C1-$2D", ("Codabar", "C1-$2D")),
        (b"\x1dkG\x0aa12:/.+34b", ("Codabar", "A12:/.+34B")),
        (b"\x1dkC\x0c490123456789", ("EAN-13", "4901234567894")),
        (b"\x1dkC\x0d4901234567894", ("EAN-13", "4901234567894")),
        (b"\x1dk\x034901234\x00", ("EAN-8", "49012347")),
        (b"\x1dkA\x0b01234567890", ("EAN-13", "0012345678905")),
        (b"\x1dkF\x0812345678", ("ITF", "12345678")),
        (b"\x1dkI\x09{BJichi{{", ("Code 128", "Jichi{")),
        (b"\x1dkI\x08{AJI\x09{BC", ("Code 128", "JI\tC")),
        (b"\x1dkI\x06{C\x01\x17\x00\x63", ("Code 128", "01230099")),
        (b"\x1dkI\x07{AJ{SaB", ("Code 128", "JaB")),
        (b"\x1dkI\x0a{Ba{AI\x09{BC", ("Code 128", "aI\tC")),
    ],
)
def test_barcodes_are_read(command: bytes, expected: tuple[str, str]) -> None:
    assert render(b"\x1ba\x01\x1dw\x02" + command).codes() == [expected]


def test_all_of_code39_and_nw7() -> None:
    code39 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
    for start in range(0, len(code39), 10):
        part = code39[start : start + 10]
        data = b"\x1dw\x02\x1dk\x04" + part.encode() + b"\0"
        assert render(data).codes() == [("Code 39", part)]
    for text in ("A0123456789B", "C-$:/.+0D"):
        data = b"\x1dw\x02\x1dk\x06" + text.encode() + b"\0"
        assert render(data).codes() == [("Codabar", text)]


def test_all_of_code128() -> None:
    for first in range(0, 100, 10):
        pairs = bytes(range(first, first + 10))
        digits = "".join(f"{pair:02}" for pair in pairs)
        assert render(b"\x1dw\x02\x1dkI\x0c{C" + pairs).codes() == [("Code 128", digits)]


@pytest.mark.parametrize("module", range(2, 7))
def test_the_module_widens_a_barcode(module: int) -> None:
    paper = render(b"\x1dh\x20\x1dw" + bytes([module]) + b"\x1dkG\x04A12B", DOTS_80_MM)
    assert paper.codes() == [("Codabar", "A12B")]
    wide = {2: 5, 3: 8, 4: 10, 5: 13, 6: 16}[module]
    assert paper.pictures[0].image.size == (21 * module + 10 * wide, 32)


@pytest.mark.parametrize(("place", "height"), [(0, 40), (1, 64), (2, 64), (3, 88)])
def test_the_text_of_a_barcode(place: int, height: int) -> None:
    paper = render(b"\x1dw\x02\x1dh\x28\x1dH" + bytes([place]) + b"\x1dkE\x021Z")
    (picture,) = paper.pictures
    assert picture.hri == ("*1Z*" if place else "")
    assert (paper.lines, paper.image.height) == ([""], height)
    above, below = ink(paper, (0, 0, 384, 1)), ink(paper, (0, height - 1, 384, height))
    bars = ink(paper, (0, height // 2, 384, height // 2 + 1))
    assert [above == bars, below == bars] == [place in (0, 2), place in (0, 1)]


def test_the_small_text_of_a_barcode() -> None:
    assert render(b"\x1dh\x28\x1dH2\x1df1\x1dkE\x011").image.height == 40 + 17


@pytest.mark.parametrize(("level", "name"), [(48, "L"), (49, "M"), (50, "Q"), (51, "H")])
@pytest.mark.parametrize("module", [3, 6, 8])
def test_qr_codes(module: int, level: int, name: str) -> None:
    text = "https://example.jp/ポイント"
    data = text.encode()
    store = b"\x1d(k" + (len(data) + 3).to_bytes(2, "little") + b"1P0" + data
    settings = b"\x1d(k\x03\x001C" + bytes([module]) + b"\x1d(k\x03\x001E" + bytes([level])
    paper = render(b"\x1ba\x01" + settings + store + b"\x1d(k\x03\x001Q0")
    assert paper.codes() == [("QR Code", text)]
    (line,) = paper.printed
    assert line.picture is not None
    assert (line.picture.kind, line.picture.text) == ("QR", text)
    assert (line.right - line.left) % module == 0
    code = zxingcpp.read_barcode(ImageOps.expand(line.picture.image, 40, 255))
    assert code is not None
    assert code.ec_level == name
    assert line.left + line.right in (383, 384)


def test_a_stored_qr_code_is_printed_again() -> None:
    print_it = b"\x1d(k\x03\x001Q0"
    paper = render(b"\x1d(k\x05\x001P0AB" + print_it + b"\x1bd\x02" + print_it)
    assert paper.codes() == [("QR Code", "AB")] * 2


# Rasters


def test_a_raster_is_printed_dot_for_dot() -> None:
    paper = render(b"a\n\x1ba\x02\x1dv0\x00\x02\x00\x03\x00\xff\x01\x80\x01\x00\x00b\n")
    assert paper.lines == ["a", "", "b"]
    assert [line.picture is not None for line in paper.printed] == [False, True, False]
    (picture,) = paper.pictures
    assert (picture.kind, picture.image.size) == ("raster", (16, 3))
    assert ink(paper, (368, 30, 384, 31)) == 9
    assert ink(paper, (368, 31, 384, 32)) == 2
    assert paper.printed[2].top == 33


@pytest.mark.parametrize(("mode", "size"), [(0, (8, 1)), (1, (16, 1)), (2, (8, 2)), (51, (16, 2))])
def test_a_raster_is_enlarged(mode: int, size: tuple[int, int]) -> None:
    paper = render(b"\x1dv0" + bytes([mode]) + b"\x01\x00\x01\x00\xf0")
    assert paper.pictures[0].image.size == size
    assert ink(paper) == size[0] // 2 * size[1]


def test_the_blank_end_of_a_broad_raster_is_no_matter() -> None:
    paper = render(b"\x1dW\x0c\x00\x1dv0\x00\x02\x00\x01\x00\xff\xf0")
    assert ink(paper) == 12


@pytest.mark.parametrize("start", [b"\x1d(L\x0c\x00", b"\x1d8L\x0c\x00\x00\x00"])
@pytest.mark.parametrize("function", [b"2", b"\x02"])
def test_graphics_are_stored_and_printed(start: bytes, function: bytes) -> None:
    stored = start + b"0p0\x02\x011\x05\x00\x02\x00\xf8\x80"
    paper = render(b"\x1ba\x01" + stored + b"\x1d(L\x02\x000" + function)
    (line,) = paper.printed
    assert (line.left, line.right, line.bottom) == (187, 197, 2)
    assert ink(paper) == 10 + 2


def test_kanji_as_a_raster_beside_native_kanji() -> None:
    """A raster of what a line prints is the same dots."""
    native = render(SJIS + "漢字\n".encode("cp932"))
    bits = native.image.crop((0, 0, 48, 24)).point([255] + [0] * 255).convert("1").tobytes()
    raster = render(b"\x1dv0\x00\x06\x00\x18\x00" + bits)
    assert same(crop(raster, 0), crop(native, 0))


# The knife, the drawer, tests and status


@pytest.mark.parametrize("mode", [b"\x00", b"\x01", b"0", b"1"])
def test_a_cut_without_a_feed_goes_through_what_was_printed_last(mode: bytes) -> None:
    paper = render(b"a\n" * 10 + b"\x1dV" + mode)
    assert paper.cuts == 1
    assert paper.cut_rows[0] < paper.printed[-1].top


@pytest.mark.parametrize("mode", [b"A", b"B"])
def test_a_cut_with_a_feed_is_below_it(mode: bytes) -> None:
    paper = render(b"a\n\x1dV" + mode + b"\x08b\n\x1dV" + mode + b"\x00")
    assert paper.cuts == 2
    assert paper.cut_rows[0] == 38
    assert paper.cut_rows[0] < paper.printed[1].top
    assert paper.printed[1].bottom < paper.cut_rows[1]


def test_the_drawer_is_opened() -> None:
    assert render(b"\x1bp\x00\x32\x32\x1bp1\x01\x01").drawer_pulses == 2


def test_a_test_print_is_a_picture_and_starts_anew() -> None:
    paper = render(b"\x1ba\x01\x1d(A\x02\x00\x00\x40a\n")
    assert [picture.kind for picture in paper.pictures] == ["test print"]
    assert paper.alignments == [Align.CENTRE, Align.LEFT]


def test_status_leaves_no_trace_on_paper() -> None:
    paper = render(b"a\x10\x04\x01b\x1da\xffc\x1dr\x01d\x1c(A\x02\x000\x00\n")
    assert paper.lines == ["abcd"]
