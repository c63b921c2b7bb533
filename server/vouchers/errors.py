"""Refusals of vouchers."""

from server.ledger.refusals import Code, Reason


class VoucherReason(Reason):
    """Why something is not done with a voucher (VCH-6)."""

    DAYS_VALID_UNFIT = (
        "DAYS_VALID_UNFIT",
        Code.INVALID_ARGUMENT,
        "ポイント券の有効期限は1日から{maximum}日までで指定してください。",
        "A voucher is good for 1 to {maximum} days.",
    )
    VOUCHER_UNKNOWN = (
        "VOUCHER_UNKNOWN",
        Code.NOT_FOUND,
        "この発券番号のポイント券は、ここでは使えません。番号をもう一度確認してください。",
        "There is no voucher of that number that could be used here. Check the number.",
    )
    """There is none of that number, or the place does not take it: both say the same."""
    VOUCHER_ALREADY_REDEEMED = (
        "VOUCHER_ALREADY_REDEEMED",
        Code.FAILED_PRECONDITION,
        "このポイント券はすでに消し込まれています({place} {time})。",
        "This voucher has been redeemed already ({place}, {time}).",
    )
    VOUCHER_LAPSED = (
        "VOUCHER_LAPSED",
        Code.FAILED_PRECONDITION,
        "このポイント券は有効期間が過ぎて失効しています({last_good_day}まで)。",
        "This voucher has lapsed (it was good until {last_good_day}).",
    )
    VOUCHER_NOT_LAPSED = (
        "VOUCHER_NOT_LAPSED",
        Code.FAILED_PRECONDITION,
        "このポイント券はまだ有効期間内です。",
        "This voucher is still good.",
    )
    VOUCHER_CANCELLED = (
        "VOUCHER_CANCELLED",
        Code.FAILED_PRECONDITION,
        "このポイント券は取り消されています。",
        "This voucher was cancelled.",
    )
    VOUCHER_CLOSED = (
        "VOUCHER_CLOSED",
        Code.FAILED_PRECONDITION,
        "このポイント券は、消込・失効・取消のいずれかが済んでいます。",
        "This voucher was redeemed or cancelled, or has lapsed.",
    )
    """Its issuer wants something done that is done with open vouchers only."""
    VOUCHER_NOT_REDEEMED = (
        "VOUCHER_NOT_REDEEMED",
        Code.FAILED_PRECONDITION,
        "このポイント券は消し込まれていません。",
        "This voucher has not been redeemed.",
    )
    VOUCHER_NUMBERS_TAKEN = (
        "VOUCHER_NUMBERS_TAKEN",
        Code.ABORTED,
        "空いている発券番号が引けませんでした。もう一度発行してください。",
        "No free voucher number was drawn. Issue the voucher once more.",
    )
    TRANSACTION_NOT_A_VOUCHER = (
        "TRANSACTION_NOT_A_VOUCHER",
        Code.FAILED_PRECONDITION,
        "ポイント券の発行ではない取引です。",
        "The transaction is no issue of a voucher.",
    )
    PLACE_NOT_TIED = (
        "PLACE_NOT_TIED",
        Code.PERMISSION_DENIED,
        "この端末では、選んだ利用場所のポイント券を消し込めません。",
        "This terminal cannot redeem vouchers for that place.",
    )
    PLACE_UNCHANGED = (
        "PLACE_UNCHANGED",
        Code.FAILED_PRECONDITION,
        "すでにその利用場所で消し込まれています。",
        "The voucher is redeemed for that place already.",
    )
    TOO_MANY_WRONG_NUMBERS = (
        "TOO_MANY_WRONG_NUMBERS",
        Code.RESOURCE_EXHAUSTED,
        "発券番号の誤りが続いたため、あと{retry_seconds}秒お待ちください。",
        "Too many wrong voucher numbers: wait for {retry_seconds} s.",
    )
