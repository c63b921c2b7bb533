"""Refusals about service IDs."""

from server.ledger.refusals import Code, Reason


class ServiceIdReason(Reason):
    """Why there is no service ID to tell, or why none is registered."""

    TERMINAL_WITHOUT_ISSUER = (
        "TERMINAL_WITHOUT_ISSUER",
        Code.FAILED_PRECONDITION,
        "この端末にはサービスIDを付与する事業者が設定されていません。自治体の担当者に連絡してください。",
        "This terminal has no issuer of service IDs. Call the municipality.",
    )
    SERVICE_ID_UNKNOWN = (
        "SERVICE_ID_UNKNOWN",
        Code.NOT_FOUND,
        "{issuer}のサービスIDが登録されていません。先にサービスIDの登録が必要です。",
        "The holder has no service ID of {issuer}. It has to be registered first.",
    )
    CUSTOMER_ID_UNKNOWN = (
        "CUSTOMER_ID_UNKNOWN",
        Code.NOT_FOUND,
        "この利用カード番号のマイキーIDは登録されていません。",
        "No MyKey ID is registered for this number.",
    )
    CUSTOMER_ID_UNFIT_STREET = (
        "CUSTOMER_ID_UNFIT_STREET",
        Code.INVALID_ARGUMENT,
        (
            "利用カード番号 {customer_id} は{issuer}の番号として使えません。"
            "半角の数字・英字・ハイフンで入力してください。"
        ),
        "{customer_id} cannot be a number of {issuer}: only letters, digits and hyphens can.",
    )
    CUSTOMER_ID_UNFIT_PATTERN = (
        "CUSTOMER_ID_UNFIT_PATTERN",
        Code.INVALID_ARGUMENT,
        "利用カード番号 {customer_id} は{issuer}の番号の形に合いません。番号を確認してください。",
        "{customer_id} does not have the form of {issuer}'s numbers. Check it.",
    )
    CUSTOMER_ID_UNFIT_SYMBOLOGY = (
        "CUSTOMER_ID_UNFIT_SYMBOLOGY",
        Code.INVALID_ARGUMENT,
        "利用カード番号 {customer_id} は{issuer}のバーコードで表せません。番号を確認してください。",
        "{issuer}'s barcode cannot carry {customer_id}. Check the number.",
    )
    CUSTOMER_ID_TAKEN = (
        "CUSTOMER_ID_TAKEN",
        Code.FAILED_PRECONDITION,
        "利用カード番号 {customer_id} は、すでに別の方が登録しています。番号を確認してください。",
        "Somebody else has registered {customer_id}. Check the number.",
    )
    """It is another citizen's; whose is not said (SID-1)."""
    SERVICE_ID_DIFFERENT = (
        "SERVICE_ID_DIFFERENT",
        Code.FAILED_PRECONDITION,
        "この方は別の利用カード番号 {current} を登録しています。",
        "The holder has another number registered: {current}.",
    )
    """The citizen has another number there: it is shown, and asked for."""
    ADDRESS_NOTICE_UNKNOWN = (
        "ADDRESS_NOTICE_UNKNOWN",
        Code.NOT_FOUND,
        "この通知はありません。",
        "There is no such notice.",
    )
