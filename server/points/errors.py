"""Refusals of spending and cancelling."""

from server.ledger.refusals import Code, Reason


class PointsReason(Reason):
    """Why a use of points is not booked (USE-3, USE-4, USE-9)."""

    POINTS_NOT_POSITIVE = (
        "POINTS_NOT_POSITIVE",
        Code.INVALID_ARGUMENT,
        "ポイント利用数は1以上で入力してください。",
        "The points to use must be at least 1.",
    )
    POINTS_TOO_MANY = (
        "POINTS_TOO_MANY",
        Code.INVALID_ARGUMENT,
        "ポイント利用数は{maximum}以下で入力してください。",
        "The points to use must be at most {maximum}.",
    )
    INSUFFICIENT_POINTS = (
        "INSUFFICIENT_POINTS",
        Code.FAILED_PRECONDITION,
        "ポイント残高({balance}pt)が足りません。",
        "The balance ({balance} pt) is too small.",
    )
    PROGRAM_UNKNOWN = (
        "PROGRAM_UNKNOWN",
        Code.NOT_FOUND,
        "このポイントは登録されていません。",
        "There is no such point program.",
    )
    PROGRAM_NOT_USABLE_HERE = (
        "PROGRAM_NOT_USABLE_HERE",
        Code.FAILED_PRECONDITION,
        "{program}はこの端末では利用できません。",
        "{program} cannot be used at this terminal.",
    )
    PROGRAM_OUT_OF_PERIOD = (
        "PROGRAM_OUT_OF_PERIOD",
        Code.FAILED_PRECONDITION,
        "{program}はサービス期間外です。",
        "{program} is out of its service period.",
    )
    OVER_LIMIT_PER_USE = (
        "OVER_LIMIT_PER_USE",
        Code.FAILED_PRECONDITION,
        "1回に利用できるのは{maximum}ポイントまでです。",
        "At most {maximum} points can be used at once.",
    )
    OVER_LIMIT_PER_CITIZEN_DAY = (
        "OVER_LIMIT_PER_CITIZEN_DAY",
        Code.FAILED_PRECONDITION,
        "お一人が1日に利用できるのは{maximum}ポイントまでです(本日の残り{left}ポイント)。",
        "One person can use at most {maximum} points a day ({left} left today).",
    )
    OVER_LIMIT_PER_TERMINAL_DAY = (
        "OVER_LIMIT_PER_TERMINAL_DAY",
        Code.FAILED_PRECONDITION,
        "この端末で1日に利用できるのは{maximum}ポイントまでです(本日の残り{left}ポイント)。",
        "At most {maximum} points a day can be used at this terminal ({left} left today).",
    )
    RETAINED_NOT_SPENT = (
        "RETAINED_NOT_SPENT",
        Code.FAILED_PRECONDITION,
        "留保ポイントは、自治体ポイントまたは特定支援イベントポイントへ移行してから利用できます。",
        "Retained points have to be moved to a program before they can be used.",
    )
    PLACE_UNKNOWN = (
        "PLACE_UNKNOWN",
        Code.NOT_FOUND,
        "この設置場所は登録されていません。",
        "There is no such place.",
    )
    HOLD_TIMEOUT_UNFIT = (
        "HOLD_TIMEOUT_UNFIT",
        Code.INVALID_ARGUMENT,
        "ポイントを確保する時間は1秒以上{maximum}秒以下で指定してください。",
        "Points can be held for 1 to {maximum} seconds.",
    )
    HOLD_UNKNOWN = (
        "HOLD_UNKNOWN",
        Code.NOT_FOUND,
        "この番号で確保されたポイントはありません。",
        "No points are held under that number.",
    )
    HOLD_SETTLED = (
        "HOLD_SETTLED",
        Code.FAILED_PRECONDITION,
        "確保されたポイントはすでに利用または解放されています。",
        "The held points were already captured or released.",
    )
    HOLD_EXPIRED = (
        "HOLD_EXPIRED",
        Code.FAILED_PRECONDITION,
        "ポイントを確保する時間が過ぎました。もう一度確保してください。",
        "The time for which the points were held is over. Hold them again.",
    )
    HOLD_NOT_EXPIRED = (
        "HOLD_NOT_EXPIRED",
        Code.FAILED_PRECONDITION,
        "ポイントを確保する時間はまだ過ぎていません。",
        "The time for which the points are held is not over yet.",
    )
    OVER_HELD_POINTS = (
        "OVER_HELD_POINTS",
        Code.FAILED_PRECONDITION,
        "確保されたポイント({held}pt)を超えています。",
        "Only {held} pt are held.",
    )
    NOTHING_LAPSED = (
        "NOTHING_LAPSED",
        Code.FAILED_PRECONDITION,
        "失効したポイントはありません。",
        "No points have lapsed.",
    )
    CARD_CHANGED = (
        "CARD_CHANGED",
        Code.FAILED_PRECONDITION,
        "確認画面を表示したときのカードと違います。もう一度カードを読み取ってください。",
        "The card is not the one the confirm screen was shown for. Read the card again.",
    )
    DAY_TURNED = (
        "DAY_TURNED",
        Code.FAILED_PRECONDITION,
        "確認画面を表示した日から日付が変わりました。もう一度入力してください。",
        "The day has turned since the confirm screen was shown. Enter the points again.",
    )
    TRANSACTION_UNKNOWN = (
        "TRANSACTION_UNKNOWN",
        Code.NOT_FOUND,
        "この取引済番号の取引はこの端末にありません。",
        "This terminal has no transaction of that number.",
    )
    TRANSACTION_NOT_A_SPEND = (
        "TRANSACTION_NOT_A_SPEND",
        Code.FAILED_PRECONDITION,
        "ポイント利用ではない取引は取り消せません。",
        "Only a use of points can be cancelled.",
    )
    TRANSACTION_ALREADY_CANCELLED = (
        "TRANSACTION_ALREADY_CANCELLED",
        Code.FAILED_PRECONDITION,
        "この取引はすでに取り消されています。",
        "This transaction has already been cancelled.",
    )
    TRANSACTION_OF_ANOTHER_DAY = (
        "TRANSACTION_OF_ANOTHER_DAY",
        Code.FAILED_PRECONDITION,
        "当日の取引ではないため取り消せません。",
        "Only a transaction of the same day can be cancelled.",
    )
