"""The words for what is typed on the screens of a MyKey ID, and for how one is read out."""

from counter_tui.tasks.mykey.rules import (
    IdFault,
    MailFault,
    PasswordFault,
    TypedId,
    lookalikes,
)
from counter_tui.texts import _, later

OTHERS_SHOWN_MAX = 8

_PASSWORD_FAULTS = {
    PasswordFault.EMPTY: later("パスワードを入力してください。"),
    PasswordFault.FULL_WIDTH: later("全角の文字が入っています。半角英数字で入力してください。"),
    PasswordFault.OTHER_CHARACTERS: later(
        "記号や空白は使えません。半角の英字と数字だけで入力してください。"
    ),
    PasswordFault.TOO_SHORT: later("短すぎます。6～16ケタで入力してください。"),
    PasswordFault.TOO_LONG: later("長すぎます。6～16ケタで入力してください。"),
}
_MAIL_FAULTS = {
    MailFault.OTHER_CHARACTERS: later(
        "メールアドレスに使えない文字(全角の文字や空白など)が入っています。"
    ),
    MailFault.NO_ADDRESS: later(
        "メールアドレスの形になっていません。@を1つ、その前後に文字を入れてください。"
    ),
    MailFault.TOO_LONG: later("メールアドレスは255文字以内で入力してください。"),
}
_LOOKALIKES = {
    "0": later("数字の0(ゼロ)"),
    "O": later("英字のO(オー)"),
    "1": later("数字の1(イチ)"),
    "I": later("英字のI(アイ)"),
}
MAIL_CHOICES = (
    ("granted", later("各自治体ポイント・特定イベントポイント・留保ポイントが付与された場合")),
    ("lapsed", later("各自治体ポイントが失効した場合")),
    ("password", later("パスワードを変更した場合")),
    ("mykey_id", later("マイキーIDを登録、変更、失効した場合")),
)
"""Fields of MailChoices, and their words on S16."""
MORE_ON_GRANTED = later("（いわゆる行政ポイントおよび地域経済応援ポイント）")
"""The second line of the first choice."""


def id_fault_text(typed: TypedId) -> str:
    """Return what is wrong with a typed MyKey ID; nothing where it is one."""
    match typed.fault:
        case None:
            return ""
        case IdFault.EMPTY:
            return _("マイキーIDを8ケタの半角大文字英数字で入力してください。")
        case IdFault.OTHER_CHARACTERS:
            text = _("使えない文字が入っています: {characters}  使えるのは 0～9 と A～Z です。")
            shown = " ".join(map(_shown, typed.others[:OTHERS_SHOWN_MAX]))
            return text.format(characters=shown)
        case IdFault.TOO_SHORT:
            text = _("マイキーIDは8ケタです。いまは{count}ケタです。")
        case IdFault.TOO_LONG:
            text = _("マイキーIDは8ケタです。いまは{count}ケタです。")
    return text.format(count=typed.length)


def _shown(character: str) -> str:
    return _("(空白)") if character.isspace() else character


def password_fault_text(fault: PasswordFault | None) -> str:
    """Return what is wrong with a password; nothing where nothing is."""
    return _(_PASSWORD_FAULTS[fault]) if fault else ""


def mail_fault_text(fault: MailFault | None) -> str:
    """Return what is wrong with a mail address; nothing where nothing is."""
    return _(_MAIL_FAULTS[fault]) if fault else ""


def lookalike_text(mykey_id: str) -> str:
    """Return which characters of a MyKey ID are 0, O, 1 and I, spelled out; empty for none."""
    found = lookalikes(mykey_id)
    parts = [
        _("{places}文字目は{name}").format(
            places=_("・").join(map(str, places)), name=_(_LOOKALIKES[one])
        )
        for one, places in sorted(found.items(), key=lambda item: item[1])
    ]
    return "  ".join(parts)


def choice_text(field: str) -> str:
    """Return the words of a mail choice, as S16 has them."""
    text = _(dict(MAIL_CHOICES)[field])
    return text + _(MORE_ON_GRANTED) if field == "granted" else text
