"""The ledger's own refusals."""

from server.ledger.refusals import Code, Reason


class LedgerReason(Reason):
    """Why a request ID is refused, whatever it asks for."""

    REQUEST_ID_REUSED = (
        "REQUEST_ID_REUSED",
        Code.ALREADY_EXISTS,
        "このリクエストIDは別の内容で使われています。",
        "This request ID was used before with other content.",
    )
    """The ID was used before with other content."""
    OPERATION_ABANDONED = (
        "OPERATION_ABANDONED",
        Code.FAILED_PRECONDITION,
        "この処理は取りやめとして確定しています。記帳されていません。",
        "This request was settled as abandoned. Nothing was booked.",
    )
    """The ID was settled as abandoned before this request came."""
    OPERATION_UNKNOWN = (
        "OPERATION_UNKNOWN",
        Code.NOT_FOUND,
        "このリクエストIDの処理はまだ決まっていません。",
        "Nothing has been decided on this request ID yet.",
    )
    """Nothing was decided on the ID yet."""
