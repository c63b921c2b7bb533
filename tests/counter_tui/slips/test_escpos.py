from pathlib import Path

import barcode
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counter_tui.slips import raster
from counter_tui.slips.cell_codes import UncarriableError
from counter_tui.slips.document import Align, Code, Line, Rule, Slip, render_text
from counter_tui.slips.escpos import Paper as PrinterPaper
from counter_tui.slips.escpos import encode
from counter_tui.slips.vouchers import label, voucher_slip
from tests.counter_tui.slips import examples
from tests.counter_tui.slips.decoder import Paper
from tests.paper.renderer import render

LATIN_FONT = Path(barcode.__file__).parent / "fonts" / "DejaVuSansMono.ttf"
WITH_CODES = ("voucher", "label")
RECEIPTS = {name: slip for name, slip in examples.PLAIN.items() if not name.startswith(WITH_CODES)}
"""Those without a code and boxes, which the small reader does not know."""


def printed(text: str, columns: int = 32, large: bool = False) -> list[str]:
    paper = Paper(encode(Slip("", (Line(text, large=large),)), PrinterPaper(columns)))
    return [line.text for line in paper.lines]


@pytest.mark.parametrize("name", RECEIPTS)
def test_paper_and_screen_say_the_same(name: str) -> None:
    paper = Paper(encode(RECEIPTS[name]))
    on_screen = [line.strip() for line in render_text(RECEIPTS[name])]
    assert [line.text for line in paper.lines] == on_screen
    assert paper.is_cut
    assert paper.lines_fed > 0


def test_the_heading_is_large_and_centred_and_nothing_else_is_large() -> None:
    heading, stars, *rest = Paper(encode(RECEIPTS["spend"])).lines
    assert (heading.text, heading.align, heading.scale) == ("A市ポイント", "centre", (2, 2))
    assert (stars.text, stars.align, stars.scale) == ("★★★レシート★★★", "centre", (1, 1))
    assert {(line.align, line.scale) for line in rest} == {("left", (1, 1))}


def test_the_printer_is_set_before_anything_is_printed() -> None:
    assert encode(Slip("", ())) == bytes.fromhex("1b40 1b5208 1b7401 1c4301 1b6403 1d564200")


def test_kanji_stand_between_fs_and_and_fs_dot() -> None:
    assert b"\x1ba\x00A\x1c&\x8es\x1c.1\n" in encode(Slip("", (Line("A市1"),)))


def test_alignments_and_rule() -> None:
    receipt = Slip("", (Line("a", Align.RIGHT), Rule(), Line("b", Align.CENTRE)))
    lines = Paper(encode(receipt, PrinterPaper(5))).lines
    assert [(line.text, line.align) for line in lines] == [
        ("a", "right"),
        ("-----", "left"),
        ("b", "centre"),
    ]


@pytest.mark.parametrize(
    ("text", "on_paper"),
    [
        ("¥1,230", "¥1,230"),
        ("￥1", "￥1"),
        ("C:\\a", "C:＼a"),
        ("ﾎﾟｲﾝﾄ", "ﾎﾟｲﾝﾄ"),
        ("—", "―"),
        ("〜", "～"),
        ("～", "～"),
        ("−５", "－５"),
        ("髙﨑①㈱℡", "髙﨑①㈱℡"),
        ("葛\U000e0100飾", "葛飾"),
        ("か\u3099", "が"),
        ("ハ\u309a", "パ"),
        ("a\u00a0b", "a b"),
        ("~", "~"),
        ("A\u030angstrom \u00c5", "\u212bngstrom \u212b"),
        ("\ufa19田", "\ufa19田"),
    ],
)
def test_what_has_another_code_on_paper(text: str, on_paper: str) -> None:
    assert printed(text) == [on_paper]


UNSEEN = [
    "あ\u309a"[1], "\ue000", "\uf8f1", "\x1b", "\n", "\r", "\0", "\x80", "\x7f",
    "\u200b", "\u2028", "\ud800", "😀",
]  # fmt: skip
"""No printer and no font of these tests has them."""


@pytest.mark.parametrize("character", UNSEEN)
@pytest.mark.parametrize("large", [False, True])
def test_what_nobody_has_is_a_geta_mark(character: str, large: bool) -> None:
    assert printed(f"吉{character}野家", large=large) == ["吉〓野家"]


@pytest.mark.parametrize("character", UNSEEN)
def test_a_printer_without_kanji_draws_a_geta_mark(character: str) -> None:
    printer = PrinterPaper(has_kanji=False)
    drawn = encode(Slip("", (Line(f"吉{character}野家"),)), printer)
    assert drawn == encode(Slip("", (Line("吉〓野家"),)), printer)


def test_letters_with_marks_are_composed_before_they_are_drawn() -> None:
    marked, composed = (Slip("", (Line(text),)) for text in ("Cafe\u0301 花田", "Café 花田"))
    assert encode(marked) == encode(composed)
    assert [one.kind for one in render(encode(marked)).pictures] == ["raster"]


def test_a_printer_with_kanji_needs_no_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "FONT_FILES", ())
    assert printed("Café 花田") == ["Caf〓 花田"]
    with pytest.raises(raster.FontError, match="--receipt-font"):
        encode(Slip("", (Line("花田"),)), PrinterPaper(has_kanji=False))


def test_a_font_without_japanese_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "FONT_FILES", (str(LATIN_FONT),))
    with pytest.raises(raster.FontError, match="no Japanese characters"):
        encode(Slip("", (Line("花田"),)), PrinterPaper(has_kanji=False))


def test_long_lines_are_wrapped_in_the_printers_columns() -> None:
    assert printed("あ" * 17) == ["あ" * 16, "あ"]
    assert printed("★" * 17) == ["★" * 16, "★"]
    assert printed("あ" * 17, large=True) == ["あ" * 16, "あ"]
    assert printed("a" * 49, columns=48) == ["a" * 48, "a"]


@pytest.mark.parametrize(("length", "size"), [(8, (2, 2)), (9, (1, 2))])
def test_large_lines_that_do_not_fit_are_tall_only(length: int, size: tuple[int, int]) -> None:
    slip = Slip("", (Line("あ" * length, large=True),))
    (line,) = render(encode(slip, PrinterPaper(32)), 384).printed
    assert line.text == "あ" * length
    assert line.sizes == {size}


@pytest.mark.parametrize("has_codes", [True, False])
@pytest.mark.parametrize(
    ("code", "fits", "is_too_long"),
    [
        (Code.NW7, "A" + "1" * 15 + "B", "A" + "1" * 16 + "B"),
        (Code.CODE39, "1" * 9, "1" * 16),
        (Code.CODE128, "A" * 11, "A" * 20),
    ],
)
def test_barcodes_broader_than_the_paper(
    code: Code, fits: str, is_too_long: str, has_codes: bool
) -> None:
    printer = PrinterPaper(32, True, has_codes)
    assert [
        text
        for _, text in render(encode(label("", code, fits, examples.HEAD), printer), 384).codes()
    ] == [fits]
    with pytest.raises(UncarriableError, match="cannot carry as many characters"):
        encode(label("", code, is_too_long, examples.HEAD), printer)


PRINTABLE = st.text(
    st.characters(codec="cp932", exclude_categories=["Cc", "Co"], exclude_characters="\\〜‖−¢£¬")
)


@given(PRINTABLE, st.sampled_from([32, 48]), st.booleans())
def test_what_is_encoded_can_be_read_and_fits(text: str, columns: int, large: bool) -> None:
    paper = Paper(encode(Slip("", (Line(text, large=large),)), PrinterPaper(columns)))
    assert all(line.cells <= columns for line in paper.lines)
    read = "".join(line.text for line in paper.lines).replace(" ", "")
    assert read == text.encode("cp932").decode("cp932").replace(" ", "")


@given(st.text())
@example("∑≈")  # the printer has the first, a font the second
def test_any_text_is_printed(text: str) -> None:
    paper = render(encode(Slip("", (Line(text),))))
    if not paper.pictures:
        assert "".join(paper.lines).count("?") == text.count("?")


@pytest.mark.parametrize("columns", [32, 48])
@pytest.mark.parametrize("text", ["𠮷野家", "Café", "山田 𠮷"])
def test_a_line_with_what_the_printer_lacks_is_a_picture_whole(text: str, columns: int) -> None:
    slip = Slip("", (Line("髙﨑ｶﾅ"), Line(text), Line("次")))
    paper = render(encode(slip, PrinterPaper(columns)), columns * 12)
    assert paper.lines == ["髙﨑ｶﾅ", "", "次"]
    assert [picture.kind for picture in paper.pictures] == ["raster"]


def test_a_printer_without_kanji_gets_pictures_of_japanese_lines_only() -> None:
    slip = Slip("", (Line("A市"), Line("1,230pt")))
    paper = render(encode(slip, PrinterPaper(has_kanji=False)))
    assert paper.lines == ["", "1,230pt"]


@pytest.mark.parametrize("has_codes", [True, False])
@pytest.mark.parametrize("has_kanji", [True, False])
@pytest.mark.parametrize("columns", [32, 48])
def test_a_voucher_can_be_read_and_scanned(columns: int, has_kanji: bool, has_codes: bool) -> None:
    slip = voucher_slip(
        examples.ISSUED_NUMBER, examples.voucher(), examples.QR_TEXT, examples.HEAD, 1
    )
    printer = PrinterPaper(columns, has_kanji, has_codes)
    paper = render(encode(slip, printer), columns * 12)
    assert paper.codes() == [("QR Code", examples.QR_TEXT)]
    assert paper.cuts == 1
    if has_kanji:
        text = "\n".join(paper.lines)
        for part in ("A市ポイント", "再発行(1回目)", "500ポイント", "発券番号 9876 5432 1012"):
            assert part in text
        assert "発行認印" in text
        assert "利用店舗印" in text


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (Code.NW7, "A123456789B", "Codabar"),
        (Code.CODE39, "AB-123", "Code 39"),
        (Code.CODE128, "9912{ab}", "Code 128"),
    ],
)
@pytest.mark.parametrize("has_codes", [True, False])
def test_labels_are_scanned(code: Code, text: str, kind: str, has_codes: bool) -> None:
    paper = render(
        encode(label("図書館", code, text, examples.HEAD), PrinterPaper(48, True, has_codes)), 576
    )
    assert paper.codes() == [(kind, text)]
