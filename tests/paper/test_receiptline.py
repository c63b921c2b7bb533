"""The renderer reads the slips that receiptline, an independent generator, has made."""

import re
from pathlib import Path

import pytest

from tests.paper.paper import Paper
from tests.paper.renderer import DOTS_58_MM, DOTS_80_MM, render
from tests.paper.state import Style

FOLDER = Path(__file__).parent / "receiptline"
SLIPS = ("names", "redemption", "spend", "voucher")
ROLLS = ((32, DOTS_58_MM), (48, DOTS_80_MM))
RULES = "─│├┤╭╮╰╯"


def slip(name: str, columns: int = 32) -> Paper:
    dots = dict(ROLLS)[columns]
    return render((FOLDER / f"{name}-{columns}.bin").read_bytes(), dots)


def source_text(name: str) -> str:
    """Return what a source says, without its marks, its properties and its spaces."""
    lines = (FOLDER / f"{name}.receipt").read_text("utf-8").splitlines()
    said = (line for line in lines if not line.startswith("{") and line != "-")
    return re.sub(r'[|^"_`\s]', "", "".join(said))


def printed_text(paper: Paper) -> str:
    return re.sub(rf"[{RULES}\s]", "", "".join(paper.lines))


@pytest.mark.parametrize("columns", [32, 48])
@pytest.mark.parametrize("name", SLIPS)
def test_every_character_of_the_source_is_printed(name: str, columns: int) -> None:
    assert printed_text(slip(name, columns)) == source_text(name)


@pytest.mark.parametrize("columns", [32, 48])
@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_as_broad_as_the_roll_and_cut_once_below_its_text(
    name: str, columns: int
) -> None:
    paper = slip(name, columns)
    assert paper.image.width == dict(ROLLS)[columns]
    assert paper.cuts == 1
    assert all(line.bottom <= paper.cut_rows[0] for line in paper.printed)


def test_the_spend_receipt() -> None:
    paper = slip("spend")
    assert paper.lines == [
        "     A市ポイント",
        "",
        "      ★★★レシート★★★",
        "",
        "[今回の利用ポイント数]",
        "                     500ポイント",
        "[ポイント残高]",
        "                   1,230ポイント",
        "─" * 32,
        "  ご利用ありがとうございました",
        "",
        "取引済番号: 2017123100001",
        "発行日時: 2017年4月2日 18:02:37",
        "",
    ]
    name = paper.printed[0]
    assert paper.large == {0}
    assert name.sizes == {(2, 2)}
    assert name.left + name.right == DOTS_58_MM
    assert paper.printed[5].right == DOTS_58_MM


def test_the_redemption_receipt() -> None:
    paper = slip("redemption", 48)
    assert paper.lines[5:9] == [
        "A市プレミアム商品券",
        "[枚数]                                       3枚",
        "[額面]                                    ¥1,500",
        "[ポイント残高]                       730ポイント",
    ]
    assert paper.printed[5].styles == {Style(bold=True)}
    assert paper.printed[8].styles == {Style(), Style(reverse=True)}
    assert paper.printed[10].styles == {Style(underline=2)}
    assert paper.cuts == 1


@pytest.mark.parametrize("ending", ["32", "48", "generic-32"])
def test_the_voucher(ending: str) -> None:
    dots = dict(ROLLS)[int(ending[-2:])]
    paper = render((FOLDER / f"voucher-{ending}.bin").read_bytes(), dots)
    assert paper.lines[:8] == [
        "╭────────────────────────╮",
        "│      商品券      │",
        "│          500円          │",
        "│有効期限: 2018年3月31日│",
        "├────────────────────────┤",
        "│      店名: B商店      │",
        "│   電話: 03-0000-0000   │",
        "╰────────────────────────╯",
    ]
    assert paper.printed[5].sizes == {(1, 2)}
    assert [picture.kind for picture in paper.pictures] == ["raster"]
    assert paper.codes() == [("QR Code", "https://example.jp/v/2017-000123")]


def test_the_sides_of_the_box_have_no_gaps() -> None:
    paper = slip("voucher")
    top, bottom = paper.printed[0], paper.printed[7]
    for x in (top.left + 5, top.right - 7):
        column = [paper.image.getpixel((x, y)) for y in range(top.top + 12, bottom.bottom - 13)]
        assert set(column) == {0}


@pytest.mark.parametrize("columns", [32, 48])
def test_hard_names_and_barcodes(columns: int) -> None:
    paper = slip("names", columns)
    assert paper.lines[:4] == [
        "髙橋 一郎 様",
        "山﨑 花子 様",
        "ﾊﾝｶｸ ｶﾞｷﾞｸﾞ ｢ｶﾅ｣ ｱｰﾝﾟ",
        "①㈱Ⅲ №～ ソ十表能",
    ]
    assert paper.codes() == [
        ("Codabar", "A2017123100001B"),
        ("Code 39", "JP-2017"),
        ("Code 128", "Jichi2017123100001"),
        ("EAN-13", "4901234567894"),
    ]
    assert [picture.kind for picture in paper.pictures] == ["CODABAR", "CODE39", "CODE128", "EAN13"]
    assert [picture.hri for picture in paper.pictures] == [
        "A2017123100001B",
        "",
        "Jichi2017123100001",
        "4901234567894",
    ]
