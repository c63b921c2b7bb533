"""Refusals of questions about accounts."""

from server.ledger.refusals import Code, Reason


class AccountsReason(Reason):
    """Why a balance or history cannot be told."""

    MOMENT_UNKNOWN = (
        "MOMENT_UNKNOWN",
        Code.NOT_FOUND,
        "この取引済番号の取引はありません。",
        "There is no transaction of that number.",
    )
    """No transaction has that number."""
    MOMENT_IN_FUTURE = (
        "MOMENT_IN_FUTURE",
        Code.INVALID_ARGUMENT,
        "未来の時点の残高は照会できません。",
        "The moment lies in the future.",
    )
