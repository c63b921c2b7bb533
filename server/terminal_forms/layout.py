"""The layout that forms I and II share, as on the manual's pages (様式Ⅰ, 様式Ⅱ)."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from server.callers.values import TerminalClass

FORM_ONE_TITLE = "マイキープラットフォーム等活用端末一覧（様式Ⅰ）"
FORM_TWO_TITLE = "マイキープラットフォーム等活用端末別端末ID・端末パスワード一覧（様式Ⅱ）"

SUMMARY_SHEET = "1.端末台数とID付与事業者名"
LISTING_SHEET = "2.内訳"

SUMMARY_HEAD, LISTING_HEAD = "1. 端末台数とID付与事業者名", "2. 内訳"
COUNTS_HEAD, ISSUERS_HEAD = "1. 端末台数", "2. 事業者名"
MUNICIPALITY_NAME = "自治体名"
MUNICIPALITY_CODE = "全国地方公共団体コード"
CLASS, COUNT = "区分", "端末台数"
GRAND_TOTAL = "(ア)(イ)(ウ)(エ)端末台数 総合計"
ISSUER = "ID付与事業者名"

NUMBER, PLACE, NAME = "項番", "設置場所", "端末名"
TERMINAL_ID, PASSWORD, WITHDRAW = "端末ID", "端末パスワード", "削除要否"
TO_WITHDRAW, TO_KEEP = "要", "否"
WITHDRAWING = (TO_WITHDRAW, TO_KEEP)
"""What may stand under 削除要否; nothing means the second."""
SUBTOTAL, TOTAL = "小計", "合計"
NOTE = "※"
"""A row that begins with it is for people."""
ISSUED_COLUMNS = (TERMINAL_ID, PASSWORD, WITHDRAW)
"""What form II has behind the columns of form I."""

UNIT = "台"


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a form for one class of terminals."""

    terminal_class: TerminalClass
    letter: str
    title: str
    note: str = ""
    """What stands below its table."""

    @property
    def mark(self) -> str:
        """What its title and its rows of sums begin with."""
        return f"({self.letter})"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of form I, from A on."""
        issuer = (ISSUER,) if self.terminal_class == TerminalClass.SERVICE_ID else ()
        return (NUMBER, *issuer, PLACE, NAME)

    def column(self, name: str) -> int:
        """Return the number of one of its columns in either form, from 1 on."""
        return (*self.columns, *ISSUED_COLUMNS).index(name) + 1


SECTIONS: Final = (
    Section(
        TerminalClass.SERVICE_ID,
        "ア",
        "(ア)サービスIDの確認を行う端末（図書館の窓口や商店街ポイントシステムの店頭端末等）",
    ),
    Section(
        TerminalClass.POINT_USE,
        "イ",
        "(イ)自治体ポイントを使う端末（美術館の窓口や商店の店頭端末等）",
        "※(ア)と(イ)の用途で使用する端末は、(ア)のみに記載",
    ),
    Section(TerminalClass.VOUCHER, "ウ", "(ウ)ポイント券の発行端末"),
    Section(
        TerminalClass.GRANT,
        "エ",
        "(エ)いわゆる行政ポイントとしての自治体ポイント付与業務を行う端末"
        "（ポイント管理用業務用端末（各自治体1台）、ポイント付与用モバイル端末（必要台数））",
    ),
)
SECTION_OF = {section.terminal_class: section for section in SECTIONS}


def plain(text: str) -> str:
    """Return a label as it is compared: full-width or not, with spaces or without."""
    return "".join(unicodedata.normalize("NFKC", text).split())
