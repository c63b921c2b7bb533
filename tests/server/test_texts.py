"""What names may be, how they are kept, and which are the same (RCP-2, TRM-1)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui.slips.document import Line, Slip
from counter_tui.slips.escpos import encode
from server.texts import compared, is_text, tidy, unprinted, wanted

KANA_MARK, ACUTE = "\u3099", "\u0301"


@pytest.mark.parametrize(
    "name",
    [
        *("花田酒店", "ブックカフェ", "ﾌﾞｯｸｶﾌｪ", "髙﨑㈱①", "カフェ 〜花〜", "A—B–C−D", "¥100 shop"),
        *(
            "𠮷野家",
            "葛\U000e0100飾区",
            "\ufa19社前",
            "\u212b",
            "花田\u3000酒店",
            "花田\u00a0酒店",
            "♀\ufe0f",
        ),
        f"レシ{KANA_MARK}か{KANA_MARK}",
    ],
)
def test_names_that_printers_print(name: str) -> None:
    assert is_text(name, 50)
    assert unprinted(name) == ""
    encode(Slip("領収書", (Line(tidy(name)),)))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("花田酒店🍣", "🍣 (U+1F363)"),
        (f"Cafe{ACUTE} 花田", "é (U+00E9)"),
        ("Café", "é (U+00E9)"),
        (f"花{ACUTE}田", "U+0301"),
        ("한국 식당", "한 (U+D55C)"),
        ("⼀番", "⼀ (U+2F00)"),
    ],
)
def test_names_that_no_printer_prints(name: str, told: str) -> None:
    assert not is_text(name, 50)
    assert unprinted(name) == told
    assert wanted(name, 50) == (
        f"without {told}, which printers do not print",
        f"{told} は印字できません",
    )


@pytest.mark.parametrize("name", ["", " ", "\u3000", "花\n田", "花\u200f田", "\ue000", "花" * 51])
def test_what_is_no_name_at_all(name: str) -> None:
    assert not is_text(name, 50)
    assert wanted(name, 50).english == "1 to 50 visible characters"


def test_a_kana_and_its_mark_are_one_character_of_the_fifty() -> None:
    assert is_text(f"か{KANA_MARK}" * 50, 50)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (f"レジか{KANA_MARK}", "レジが"),
        ("ﾚｼﾞ", "ﾚｼﾞ"),
        ("花田\u00a0酒店\u202f", "花田 酒店 "),
        ("花田\u3000酒店", "花田\u3000酒店"),
        ("\ufa19社\ufa1b", "\ufa19社\ufa1b"),
        ("\u212b", "\u212b"),
    ],
)
def test_a_name_is_kept_as_it_was_written(written: str, kept: str) -> None:
    assert tidy(written) == kept


@pytest.mark.parametrize(
    "other",
    [
        *("ブックカフェ 花", "ﾌﾞｯｸｶﾌｪ 花", "ブックカフェ\u3000花", "ブックカフェ\u00a0花"),
        *(unicodedata.normalize("NFD", "ブックカフェ 花"), " ブックカフェ  花 "),
    ],
)
def test_one_name_however_it_is_written(other: str) -> None:
    assert compared(other) == compared("ブックカフェ 花")


def test_one_name_from_windows_and_from_a_mac() -> None:
    assert compared("A～B－1") == compared("A〜B−1") == compared("Ａ~Ｂ-１")


def test_a_form_that_a_selector_chooses_is_the_same_name() -> None:
    assert compared("葛\U000e0100飾区") == compared("葛飾区")
    assert compared("花田\ufe0f酒店") == compared("花田酒店")


def test_other_names_are_others() -> None:
    assert compared("ブックカフェ花") != compared("ブックカフェ 花")
    assert compared("レジ1") != compared("レジ2")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_what_is_kept_is_kept_the_same_again(text: str) -> None:
    kept = tidy(text)
    assert tidy(kept) == kept
    assert compared(kept) == compared(text)
    assert is_text(kept, 50) == is_text(text, 50)
