"""Refusals about making, changing and revoking MyKey IDs."""

from server.ledger.refusals import Code, Reason


class MykeyReason(Reason):
    """Why nothing becomes of what a holder wants to do with a MyKey ID."""

    MYKEY_ID_EXISTS = (
        "MYKEY_ID_EXISTS",
        Code.FAILED_PRECONDITION,
        "この方のマイキーIDはすでに登録されています。お一人につき一つです。",
        "The holder has a MyKey ID already: there is one for each person.",
    )
    """One valid MyKey ID per person (MKY-1)."""
    ATTEMPT_OVER = (
        "ATTEMPT_OVER",
        Code.FAILED_PRECONDITION,
        "手続の有効時間が過ぎたか、手続が終わっています。カードと暗証番号からやり直してください。",
        "This attempt is over. Begin again with card and PIN.",
    )
    """Ended, too long ago, for something else, another terminal's, or none."""
    NO_MORE_CANDIDATES = (
        "NO_MORE_CANDIDATES",
        Code.FAILED_PRECONDITION,
        "マイキーID候補をこれ以上変えられません。表示されている候補を登録してください。",
        "There are no more candidates. Register the one that is shown.",
    )
    CANDIDATE_NOT_RESERVED = (
        "CANDIDATE_NOT_RESERVED",
        Code.FAILED_PRECONDITION,
        "このマイキーID候補は確保されていません。もう一度候補を作成してください。",
        "This candidate is not reserved. Make another one.",
    )
    BASE_MUNICIPALITY_UNFIT = (
        "BASE_MUNICIPALITY_UNFIT",
        Code.INVALID_ARGUMENT,
        "この自治体は基本自治体ポイント口座に設定できません。別の自治体を選んでください。",
        "This municipality cannot be a base. Choose another one.",
    )
    LOSSES_CHANGED = (
        "LOSSES_CHANGED",
        Code.FAILED_PRECONDITION,
        "失効するポイントが表示のときから変わりました。もう一度ご確認ください。",
        "What is lost has changed since it was shown. Look at it again.",
    )
    NOTHING_TO_CARRY_OVER = (
        "NOTHING_TO_CARRY_OVER",
        Code.FAILED_PRECONDITION,
        "移すポイントはありません。",
        "There are no points to carry over.",
    )
    MYKEY_PASSWORD_WRONG = (
        "MYKEY_PASSWORD_WRONG",
        Code.UNAUTHENTICATED,
        "マイキーIDまたはパスワードが違います。",
        "The MyKey ID or its password is wrong.",
    )
    """Unknown MyKey ID and wrong password say the same."""
    TOO_MANY_WRONG_PASSWORDS = (
        "TOO_MANY_WRONG_PASSWORDS",
        Code.RESOURCE_EXHAUSTED,
        "パスワードの誤りが続いたため、あと{retry_seconds}秒お待ちください。",
        "Too many wrong passwords: wait for {retry_seconds} s.",
    )
