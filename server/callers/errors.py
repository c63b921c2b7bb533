"""Refusals of terminals and sessions."""

from server.ledger.refusals import Code, Reason, Standing


class TerminalReason(Reason):
    """Why a terminal is not let in, or not let do something."""

    SIGN_IN_REFUSED = (
        "SIGN_IN_REFUSED",
        Code.UNAUTHENTICATED,
        "端末IDまたは端末パスワードが違います。",
        "The terminal ID or the password is wrong.",
    )
    """Unknown ID and wrong password say the same."""
    SIGN_IN_LOCKED = (
        "SIGN_IN_LOCKED",
        Code.RESOURCE_EXHAUSTED,
        "パスワードの誤りが続いたため、あと{retry_seconds}秒お待ちください。",
        "Too many wrong passwords: wait for {retry_seconds} s.",
    )
    """Too many wrong passwords: whoever tried them waits."""
    MACHINE_NOT_BOUND = (
        "MACHINE_NOT_BOUND",
        Code.PERMISSION_DENIED,
        "この端末IDは別の機械で登録されています。自治体の担当者に登録の解除を依頼してください。",
        "This terminal ID is bound to another machine. Ask the municipality to release it.",
    )
    TERMINAL_UNKNOWN = (
        "TERMINAL_UNKNOWN",
        Code.NOT_FOUND,
        "この端末IDの端末はありません。",
        "There is no terminal of this ID.",
    )
    TERMINAL_WITHDRAWN = (
        "TERMINAL_WITHDRAWN",
        Code.PERMISSION_DENIED,
        "この端末は廃止されています。自治体の担当者にお問い合わせください。",
        "This terminal was withdrawn. Ask the municipality.",
    )
    SESSION_MISSING = (
        "SESSION_MISSING",
        Code.UNAUTHENTICATED,
        "ログインしていません。",
        "There is no session: sign in first.",
        Standing.SIGN_IN,
    )
    SESSION_EXPIRED = (
        "SESSION_EXPIRED",
        Code.UNAUTHENTICATED,
        "ログインの有効時間が過ぎました。もう一度ログインしてください。",
        "The session has expired. Sign in again.",
        Standing.SIGN_IN,
    )
    NOT_FOR_THIS_TERMINAL = (
        "NOT_FOR_THIS_TERMINAL",
        Code.PERMISSION_DENIED,
        "この端末ではご利用になれません。",
        "This terminal may not do this.",
    )
    METHOD_NOT_OPEN = (
        "METHOD_NOT_OPEN",
        Code.PERMISSION_DENIED,
        "この機能は公開されていません。",
        "This method is not open to anyone.",
    )
    CLIENT_CERTIFICATE_OF_ANOTHER = (
        "CLIENT_CERTIFICATE_OF_ANOTHER",
        Code.PERMISSION_DENIED,
        "このクライアント証明書は別の呼び出し元のものです。",
        "This client certificate stands for another caller.",
    )
    CLIENT_CERTIFICATE_MISSING = (
        "CLIENT_CERTIFICATE_MISSING",
        Code.PERMISSION_DENIED,
        "この呼び出し元は、登録されたクライアント証明書で接続する必要があります。",
        "This caller has to connect with a client certificate that is tied to it.",
    )
    TRAINING_NOT_OFFERED = (
        "TRAINING_NOT_OFFERED",
        Code.FAILED_PRECONDITION,
        "このサーバーでは練習モードを使えません。",
        "This server offers no training.",
    )
    ISSUER_UNKNOWN = (
        "ISSUER_UNKNOWN",
        Code.NOT_FOUND,
        "このID付与事業者は登録されていません。一覧から選び直してください。",
        "There is no such issuer. Choose one of the list.",
    )
    ISSUER_CHOSEN_BEFORE = (
        "ISSUER_CHOSEN_BEFORE",
        Code.FAILED_PRECONDITION,
        "この端末のID付与事業者はすでに選ばれています。変更は自治体の担当者に連絡してください。",
        "This terminal has its issuer already. Ask the municipality to change it.",
    )
