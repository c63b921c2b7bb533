"""Refusals of merging."""

from server.ledger.refusals import Code, Reason


class MergingReason(Reason):
    """Why points cannot be merged."""

    TERMINAL_CANNOT_MERGE = (
        "TERMINAL_CANNOT_MERGE",
        Code.PERMISSION_DENIED,
        "この端末では商店街ポイントへの合算はできません。",
        "This terminal cannot merge points.",
    )
    SERVICE_ID_NOT_REGISTERED = (
        "SERVICE_ID_NOT_REGISTERED",
        Code.FAILED_PRECONDITION,
        "{street}の商店街ポイントIDが登録されていません。先にサービスIDの登録が必要です。",
        "The holder has no number registered at {street}. Register the service ID first.",
    )
    STREET_CARD_UNKNOWN = (
        "STREET_CARD_UNKNOWN",
        Code.NOT_FOUND,
        (
            "この商店街ポイントカードの番号はサービスIDとして登録されていません。"
            "マイナンバーカードを読み取り、先にサービスIDを登録してください。"
        ),
        (
            "The number of this street card is registered for nobody. Read the My Number card and "
            "register the service ID first."
        ),
    )
    MY_NUMBER_CARD_NEEDED = (
        "MY_NUMBER_CARD_NEEDED",
        Code.FAILED_PRECONDITION,
        "このポイント数の合算には、マイナンバーカードと暗証番号が必要です。",
        "So many points take the My Number card and its PIN.",
    )
    STREET_POINT_ID_CHANGED = (
        "STREET_POINT_ID_CHANGED",
        Code.FAILED_PRECONDITION,
        "商店街ポイント顧客IDが変わりました。もう一度カードを読み取ってください。",
        "The holder's number at the street has changed. Read the card again.",
    )
    STREET_POINT_ID_UNFIT = (
        "STREET_POINT_ID_UNFIT",
        Code.FAILED_PRECONDITION,
        (
            "商店街ポイント顧客ID {street_point_id} は{street}の番号の形に合いません。"
            "登録を確認してください。"
        ),
        (
            "The number {street_point_id} does not have the form of {street}'s numbers. "
            "Check the registration."
        ),
    )
    STREET_KEY_MISSING = (
        "STREET_KEY_MISSING",
        Code.FAILED_PRECONDITION,
        "{street}の合算用の鍵が本日有効ではありません。運営者にお問い合わせください。",
        "{street} has no merge key that is good today. Ask the operator.",
    )
    EVENT_POINTS_NOT_MERGED = (
        "EVENT_POINTS_NOT_MERGED",
        Code.FAILED_PRECONDITION,
        "{program}は特定支援イベントポイントのため合算できません。",
        "{program} are event points, which cannot be merged.",
    )
