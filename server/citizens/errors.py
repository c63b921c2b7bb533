"""Refusals about cards and MyKey IDs."""

from server.ledger.refusals import Code, Reason


class CitizenReason(Reason):
    """Why a card is not accepted."""

    CERTIFICATE_UNKNOWN = (
        "CERTIFICATE_UNKNOWN",
        Code.NOT_FOUND,
        (
            "このカードのマイキーIDが見つかりません。マイキーIDの作成・登録が必要です。"
            "カードを更新した方は、キオスク端末でマイキーIDとパスワードを入力すると引き継げます。"
        ),
        (
            "No MyKey ID is registered for this card. The holder has to create one first. With a "
            "renewed card, MyKey ID and password at the kiosk tie it to the old MyKey ID."
        ),
    )
    CERTIFICATE_EXPIRED = (
        "CERTIFICATE_EXPIRED",
        Code.FAILED_PRECONDITION,
        "カードの利用者証明用電子証明書の有効期間が過ぎています({last_good_day}まで)。",
        "The card's certificate has expired (good until {last_good_day}).",
    )
    CERTIFICATE_REVOKED = (
        "CERTIFICATE_REVOKED",
        Code.FAILED_PRECONDITION,
        "このカードの電子証明書は失効しているか、新しいカードに引き継がれています。"
        "新しいカードをお使いください。ない方は市区町村窓口へご案内ください。",
        "The card's certificate was revoked, or a newer card has taken its place. Use the newer "
        "card; a holder who has none should ask at the city office.",
    )
    CERTIFICATE_MALFORMED = (
        "CERTIFICATE_MALFORMED",
        Code.INVALID_ARGUMENT,
        "カードの電子証明書を読み取れません。カードを置き直してもう一度お試しください。",
        "The card's certificate cannot be read. Put the card in again.",
    )
    CERTIFICATE_UNTRUSTED = (
        "CERTIFICATE_UNTRUSTED",
        Code.FAILED_PRECONDITION,
        "このカードの電子証明書は、認められた認証局のものではありません。",
        "The card's certificate is not of a certification authority that is accepted here.",
    )
    CERTIFICATE_WRONG_POLICY = (
        "CERTIFICATE_WRONG_POLICY",
        Code.FAILED_PRECONDITION,
        "このカードの電子証明書は、利用者証明用ではありません。",
        "The card's certificate is none for user authentication.",
    )
    CERTIFICATE_NOT_YET_VALID = (
        "CERTIFICATE_NOT_YET_VALID",
        Code.FAILED_PRECONDITION,
        "このカードの電子証明書は、まだ有効期間に入っていません。",
        "The card's certificate is not valid yet.",
    )
    REVOCATION_UNKNOWN = (
        "REVOCATION_UNKNOWN",
        Code.FAILED_PRECONDITION,
        "カードの電子証明書の失効確認ができません。しばらくしてからもう一度お試しください。",
        "Whether the card's certificate was revoked cannot be told now. Try again later.",
    )
    CARD_SIGNATURE_WRONG = (
        "CARD_SIGNATURE_WRONG",
        Code.FAILED_PRECONDITION,
        "暗証番号による本人確認ができませんでした。カードを置き直してもう一度お試しください。",
        "The card's signature is not right. Put the card in again.",
    )
    CARD_AUTHORITY_MISSING = (
        "CARD_AUTHORITY_MISSING",
        Code.FAILED_PRECONDITION,
        (
            "サーバーに認証局の証明書が設定されていないため、暗証番号を確認できません。"
            "自治体の担当者に連絡してください。"
        ),
        "The server has no certification authority to check a PIN with. Call the municipality.",
    )
    CHALLENGE_EXPIRED = (
        "CHALLENGE_EXPIRED",
        Code.FAILED_PRECONDITION,
        "本人確認の有効時間が過ぎました。もう一度暗証番号を入力してください。",
        "The PIN was entered too long ago. Enter it again.",
    )
    CHALLENGE_NOT_FOR_THIS_REQUEST = (
        "CHALLENGE_NOT_FOR_THIS_REQUEST",
        Code.FAILED_PRECONDITION,
        "本人確認がこの処理のものではありません。もう一度暗証番号を入力してください。",
        "The PIN was entered for something else. Enter it again.",
    )
    PIN_NEEDED = (
        "PIN_NEEDED",
        Code.FAILED_PRECONDITION,
        "このポイント数の利用には暗証番号の入力が必要です。",
        "So many points take the card's PIN.",
    )
    MYKEY_ID_UNKNOWN = (
        "MYKEY_ID_UNKNOWN",
        Code.NOT_FOUND,
        "このマイキーIDは登録されていません。",
        "There is no such MyKey ID.",
    )
    MYKEY_ID_REVOKED = (
        "MYKEY_ID_REVOKED",
        Code.FAILED_PRECONDITION,
        "このマイキーIDは失効しています。",
        "This MyKey ID was revoked.",
    )


class RevocationUnknownError(Exception):
    """It cannot be told now whether the certificate was revoked; the message says why."""
