from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui.core.escpos import UnprintableError, encode
from counter_tui.core.receipt import (
    Align,
    Line,
    Receipt,
    Rule,
    merge_receipt,
    render_text,
    spend_receipt,
)
from tests.counter_tui.core import examples
from tests.counter_tui.core.decoder import Paper

GOLDEN = Path(__file__).parent / "golden"
RECEIPTS = {
    "spend_s31": spend_receipt(examples.spend(), examples.PLACE),
    "merge_s39": merge_receipt(examples.merge(), examples.PLACE),
}


def printed(text: str, columns: int = 32, large: bool = False) -> list[str]:
    paper = Paper(encode(Receipt((Line(text, large=large),)), columns))
    return [line.text for line in paper.lines]


@pytest.mark.parametrize("name", RECEIPTS)
def test_the_bytes_are_the_golden_ones(name: str) -> None:
    assert encode(RECEIPTS[name]) == (GOLDEN / f"{name}.escpos").read_bytes()


@pytest.mark.parametrize("name", RECEIPTS)
def test_paper_and_screen_say_the_same(name: str) -> None:
    paper = Paper(encode(RECEIPTS[name]))
    on_screen = [line.strip() for line in render_text(RECEIPTS[name])]
    assert [line.text for line in paper.lines] == on_screen
    assert paper.is_cut
    assert paper.lines_fed > 0


def test_the_heading_is_large_and_centred_and_nothing_else_is_large() -> None:
    heading, stars, *rest = Paper(encode(RECEIPTS["spend_s31"])).lines
    assert (heading.text, heading.align, heading.scale) == ("A市ポイント", "centre", (2, 2))
    assert (stars.text, stars.align, stars.scale) == ("★★★レシート★★★", "centre", (1, 1))
    assert {(line.align, line.scale) for line in rest} == {("left", (1, 1))}


def test_the_printer_is_set_before_anything_is_printed() -> None:
    assert encode(Receipt(())) == bytes.fromhex("1b40 1b5208 1b7401 1c4301 1b6403 1d564200")


def test_kanji_stand_between_fs_and_and_fs_dot() -> None:
    assert b"\x1ba\x00A\x1c&\x8es\x1c.1\n" in encode(Receipt((Line("A市1"),)))


def test_alignments_and_rule() -> None:
    receipt = Receipt((Line("a", Align.RIGHT), Rule(), Line("b", Align.CENTRE)))
    lines = Paper(encode(receipt, 5)).lines
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
    ],
)
def test_what_has_another_code_on_paper(text: str, on_paper: str) -> None:
    assert printed(text) == [on_paper]


@pytest.mark.parametrize(
    "character",
    ["𠮷", "é", "あ\u309a"[1], "\ue000", "\uf8f1", "\x1b", "\n", "\r", "\0", "\x80", "\x7f",
     "\u200b", "\ud800", "😀", "한", "们"],
)  # fmt: skip
@pytest.mark.parametrize("large", [False, True])
def test_what_the_printer_lacks_is_named(character: str, large: bool) -> None:
    receipt = Receipt((Line("良い行"), Line(f"吉{character}野家", large=large)))
    with pytest.raises(UnprintableError) as raised:
        encode(receipt)
    assert raised.value.character == character
    assert f"U+{ord(character):04X}" in str(raised.value)


def test_the_message_shows_the_character_but_no_control_character() -> None:
    assert "𠮷" in str(UnprintableError("𠮷"))
    assert "\x1b" not in str(UnprintableError("\x1b"))


def test_long_lines_are_wrapped_in_the_printers_columns() -> None:
    assert printed("あ" * 17) == ["あ" * 16, "あ"]
    assert printed("★" * 17) == ["★" * 16, "★"]
    assert printed("あ" * 9, large=True) == ["あ" * 8, "あ"]
    assert printed("a" * 49, columns=48) == ["a" * 48, "a"]


PRINTABLE = st.text(
    st.characters(codec="cp932", exclude_categories=["Cc", "Co"], exclude_characters="\\〜‖−¢£¬")
)


@given(PRINTABLE, st.sampled_from([32, 48]), st.booleans())
def test_what_is_encoded_can_be_read_and_fits(text: str, columns: int, large: bool) -> None:
    paper = Paper(encode(Receipt((Line(text, large=large),)), columns))
    assert all(line.cells <= columns for line in paper.lines)
    read = "".join(line.text for line in paper.lines).replace(" ", "")
    assert read == text.encode("cp932").decode("cp932").replace(" ", "")


@given(st.text())
def test_any_text_is_printed_or_refused(text: str) -> None:
    try:
        data = encode(Receipt((Line(text),)))
    except UnprintableError as error:
        assert error.character in text
        return
    assert sum(line.text.count("?") for line in Paper(data).lines) == text.count("?")
