"""What is wrong with a card, in the staff's words (CRD-1, CRD-2)."""

from counter_tui.card.reader import CardError, CardTrouble
from counter_tui.texts import _, later

_TROUBLES = {
    CardTrouble.NO_CARD: later("カードがセットされていません。"),
    CardTrouble.PULLED_OUT: later(
        "読み取りの途中でカードが抜かれました。もう一度セットしてください。"
    ),
    CardTrouble.MUTE: later(
        "カードから応答がありません。向きを確かめて、もう一度セットしてください。"
    ),
    CardTrouble.FOREIGN: later(
        "マイナンバーカードではありません。マイナンバーカードをセットしてください。"
    ),
    CardTrouble.OLD_CARD: later(
        "住民基本台帳カードは使えません。マイナンバーカードをセットしてください。"
    ),
    CardTrouble.PHONE: later(
        "スマートフォンの電子証明書は使えません。マイナンバーカードをセットしてください。"
    ),
    CardTrouble.DAMAGED: later(
        "カードの内容を読み取れません。市区町村窓口でカードを確認するようご案内ください。"
    ),
    CardTrouble.IN_USE: later(
        "ほかのプログラムがカードを使っています。終わるのを待って、もう一度読み取ってください。"
    ),
    CardTrouble.READER_DOWN: later("カードリーダーが使えません。接続を確認してください。"),
}


def trouble_text(error: CardError) -> str:
    """Return what is wrong with a card and what to do, with the reason code beneath."""
    return f"{_(_TROUBLES[error.trouble])}\n({error.trouble})"


def wrong_pin_text(tries_left: int) -> str:
    """Return that the PIN was wrong, and how often it can still be tried."""
    wrong = _("暗証番号が違います。")
    if tries_left == 1:
        left = _("あと1回間違えると、カードがロックされます。")
    else:
        left = _("あと{count}回入力できます。").format(count=tries_left)
    return f"{wrong}\n{left}"


def locked_text() -> str:
    """Return where a locked card is unlocked."""
    return _("暗証番号がロックされています。市区町村窓口で暗証番号を再設定するようご案内ください。")
