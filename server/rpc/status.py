"""The one table from refusals to status, with a Japanese and an English message (API-2)."""

from collections.abc import Mapping
from typing import NamedTuple

from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode

from server.accounts.errors import AccountsReason
from server.citizens.errors import CitizenReason
from server.ledger.errors import LedgerReason
from server.ledger.values import Refusal
from server.merging.errors import MergingReason
from server.mykey_ids.errors import MykeyReason
from server.points.errors import PointsReason
from server.rpc.errors import InvalidFieldsError, RpcReason
from server.service_ids.errors import ServiceIdReason
from server.streets.errors import StreetReason
from server.terminals.errors import TerminalReason
from server.vouchers.errors import VoucherReason

DOMAIN = "jichipoint"
RETRY_SECONDS = 1
_COUNTS = frozenset(("balance", "held", "left", "maximum"))
"""Details that people read with commas, as the screens write points; programs get them bare."""


class Row(NamedTuple):
    """How a reason is told. Texts may name the refusal's details in braces."""

    code: StatusCode
    japanese: str
    english: str


_FAILED = StatusCode.FAILED_PRECONDITION
_BAD = StatusCode.INVALID_ARGUMENT

TABLE: dict[str, Row] = {
    LedgerReason.REQUEST_ID_REUSED: Row(
        StatusCode.ALREADY_EXISTS,
        "このリクエストIDは別の内容で使われています。",
        "This request ID was used before with other content.",
    ),
    LedgerReason.OPERATION_ABANDONED: Row(
        _FAILED,
        "この処理は取りやめとして確定しています。記帳されていません。",
        "This request was settled as abandoned. Nothing was booked.",
    ),
    LedgerReason.OPERATION_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "このリクエストIDの処理はまだ決まっていません。",
        "Nothing has been decided on this request ID yet.",
    ),
    CitizenReason.CERTIFICATE_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "このカードのマイキーIDが見つかりません。マイキーIDの作成・登録が必要です。"
        "カードを更新した方は、キオスク端末でマイキーIDとパスワードを入力すると引き継げます。",
        "No MyKey ID is registered for this card. The holder has to create one first. With a "
        "renewed card, MyKey ID and password at the kiosk tie it to the old MyKey ID.",
    ),
    CitizenReason.CERTIFICATE_EXPIRED: Row(
        _FAILED,
        "カードの利用者証明用電子証明書の有効期間が過ぎています({last_good_day}まで)。",
        "The card's certificate has expired (good until {last_good_day}).",
    ),
    CitizenReason.CERTIFICATE_REVOKED: Row(
        _FAILED,
        "カードの利用者証明用電子証明書は失効しています。市区町村窓口へご案内ください。",
        "The card's certificate was revoked. The holder should ask at the city office.",
    ),
    CitizenReason.CERTIFICATE_MALFORMED: Row(
        StatusCode.INVALID_ARGUMENT,
        "カードの電子証明書を読み取れません。カードを置き直してもう一度お試しください。",
        "The card's certificate cannot be read. Put the card in again.",
    ),
    CitizenReason.CERTIFICATE_UNTRUSTED: Row(
        _FAILED,
        "このカードの電子証明書は、認められた認証局のものではありません。",
        "The card's certificate is not of a certification authority that is accepted here.",
    ),
    CitizenReason.CERTIFICATE_WRONG_POLICY: Row(
        _FAILED,
        "このカードの電子証明書は、利用者証明用ではありません。",
        "The card's certificate is none for user authentication.",
    ),
    CitizenReason.CERTIFICATE_NOT_YET_VALID: Row(
        _FAILED,
        "このカードの電子証明書は、まだ有効期間に入っていません。",
        "The card's certificate is not valid yet.",
    ),
    CitizenReason.REVOCATION_UNKNOWN: Row(
        _FAILED,
        "カードの電子証明書の失効確認ができません。しばらくしてからもう一度お試しください。",
        "Whether the card's certificate was revoked cannot be told now. Try again later.",
    ),
    CitizenReason.CARD_SIGNATURE_WRONG: Row(
        _FAILED,
        "暗証番号による本人確認ができませんでした。カードを置き直してもう一度お試しください。",
        "The card's signature is not right. Put the card in again.",
    ),
    CitizenReason.CARD_AUTHORITY_MISSING: Row(
        _FAILED,
        "サーバーに認証局の証明書が設定されていないため、暗証番号を確認できません。"
        "自治体の担当者に連絡してください。",
        "The server has no certification authority to check a PIN with. Call the municipality.",
    ),
    CitizenReason.CHALLENGE_EXPIRED: Row(
        _FAILED,
        "本人確認の有効時間が過ぎました。もう一度暗証番号を入力してください。",
        "The PIN was entered too long ago. Enter it again.",
    ),
    CitizenReason.CHALLENGE_NOT_FOR_THIS_REQUEST: Row(
        _FAILED,
        "本人確認がこの処理のものではありません。もう一度暗証番号を入力してください。",
        "The PIN was entered for something else. Enter it again.",
    ),
    CitizenReason.PIN_NEEDED: Row(
        _FAILED,
        "このポイント数の利用には暗証番号の入力が必要です。",
        "So many points take the card's PIN.",
    ),
    CitizenReason.MYKEY_ID_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "このマイキーIDは登録されていません。",
        "There is no such MyKey ID.",
    ),
    CitizenReason.MYKEY_ID_REVOKED: Row(
        _FAILED,
        "このマイキーIDは失効しています。",
        "This MyKey ID was revoked.",
    ),
    TerminalReason.SIGN_IN_REFUSED: Row(
        StatusCode.UNAUTHENTICATED,
        "端末IDまたは端末パスワードが違います。",
        "The terminal ID or the password is wrong.",
    ),
    TerminalReason.SIGN_IN_LOCKED: Row(
        StatusCode.RESOURCE_EXHAUSTED,
        "パスワードの誤りが続いたため、あと{retry_seconds}秒お待ちください。",
        "Too many wrong passwords: wait for {retry_seconds} s.",
    ),
    TerminalReason.TERMINAL_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "この端末IDの端末はありません。",
        "There is no terminal of this ID.",
    ),
    TerminalReason.MACHINE_NOT_BOUND: Row(
        StatusCode.PERMISSION_DENIED,
        "この端末IDは別の機械で登録されています。自治体の担当者に登録の解除を依頼してください。",
        "This terminal ID is bound to another machine. Ask the municipality to release it.",
    ),
    TerminalReason.TERMINAL_WITHDRAWN: Row(
        StatusCode.PERMISSION_DENIED,
        "この端末は廃止されています。自治体の担当者にお問い合わせください。",
        "This terminal was withdrawn. Ask the municipality.",
    ),
    TerminalReason.SESSION_MISSING: Row(
        StatusCode.UNAUTHENTICATED,
        "ログインしていません。",
        "There is no session: sign in first.",
    ),
    TerminalReason.SESSION_EXPIRED: Row(
        StatusCode.UNAUTHENTICATED,
        "ログインの有効時間が過ぎました。もう一度ログインしてください。",
        "The session has expired. Sign in again.",
    ),
    TerminalReason.NOT_FOR_THIS_TERMINAL: Row(
        StatusCode.PERMISSION_DENIED,
        "この端末ではご利用になれません。",
        "This terminal may not do this.",
    ),
    TerminalReason.METHOD_NOT_OPEN: Row(
        StatusCode.PERMISSION_DENIED,
        "この機能は公開されていません。",
        "This method is not open to anyone.",
    ),
    PointsReason.POINTS_NOT_POSITIVE: Row(
        _BAD,
        "ポイント利用数は1以上で入力してください。",
        "The points to use must be at least 1.",
    ),
    PointsReason.POINTS_TOO_MANY: Row(
        _BAD,
        "ポイント利用数は{maximum}以下で入力してください。",
        "The points to use must be at most {maximum}.",
    ),
    PointsReason.INSUFFICIENT_POINTS: Row(
        _FAILED,
        "ポイント残高({balance}pt)が足りません。",
        "The balance ({balance} pt) is too small.",
    ),
    PointsReason.PROGRAM_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "このポイントは登録されていません。",
        "There is no such point program.",
    ),
    PointsReason.PROGRAM_NOT_USABLE_HERE: Row(
        _FAILED,
        "{program}はこの端末では利用できません。",
        "{program} cannot be used at this terminal.",
    ),
    PointsReason.PROGRAM_OUT_OF_PERIOD: Row(
        _FAILED,
        "{program}はサービス期間外です。",
        "{program} is out of its service period.",
    ),
    PointsReason.OVER_LIMIT_PER_USE: Row(
        _FAILED,
        "1回に利用できるのは{maximum}ポイントまでです。",
        "At most {maximum} points can be used at once.",
    ),
    PointsReason.OVER_LIMIT_PER_CITIZEN_DAY: Row(
        _FAILED,
        "お一人が1日に利用できるのは{maximum}ポイントまでです(本日の残り{left}ポイント)。",
        "One person can use at most {maximum} points a day ({left} left today).",
    ),
    PointsReason.OVER_LIMIT_PER_TERMINAL_DAY: Row(
        _FAILED,
        "この端末で1日に利用できるのは{maximum}ポイントまでです(本日の残り{left}ポイント)。",
        "At most {maximum} points a day can be used at this terminal ({left} left today).",
    ),
    PointsReason.RETAINED_NOT_SPENT: Row(
        _FAILED,
        "留保ポイントは、自治体ポイントまたは特定支援イベントポイントへ移行してから利用できます。",
        "Retained points have to be moved to a program before they can be used.",
    ),
    PointsReason.PLACE_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "この設置場所は登録されていません。",
        "There is no such place.",
    ),
    PointsReason.HOLD_TIMEOUT_UNFIT: Row(
        _BAD,
        "ポイントを確保する時間は1秒以上{maximum}秒以下で指定してください。",
        "Points can be held for 1 to {maximum} seconds.",
    ),
    PointsReason.HOLD_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "この番号で確保されたポイントはありません。",
        "No points are held under that number.",
    ),
    PointsReason.HOLD_SETTLED: Row(
        _FAILED,
        "確保されたポイントはすでに利用または解放されています。",
        "The held points were already captured or released.",
    ),
    PointsReason.HOLD_EXPIRED: Row(
        _FAILED,
        "ポイントを確保する時間が過ぎました。もう一度確保してください。",
        "The time for which the points were held is over. Hold them again.",
    ),
    PointsReason.HOLD_NOT_EXPIRED: Row(
        _FAILED,
        "ポイントを確保する時間はまだ過ぎていません。",
        "The time for which the points are held is not over yet.",
    ),
    PointsReason.OVER_HELD_POINTS: Row(
        _FAILED,
        "確保されたポイント({held}pt)を超えています。",
        "Only {held} pt are held.",
    ),
    PointsReason.NOTHING_LAPSED: Row(
        _FAILED,
        "失効したポイントはありません。",
        "No points have lapsed.",
    ),
    PointsReason.CARD_CHANGED: Row(
        _FAILED,
        "確認画面を表示したときのカードと違います。もう一度カードを読み取ってください。",
        "The card is not the one the confirm screen was shown for. Read the card again.",
    ),
    PointsReason.DAY_TURNED: Row(
        _FAILED,
        "確認画面を表示した日から日付が変わりました。もう一度入力してください。",
        "The day has turned since the confirm screen was shown. Enter the points again.",
    ),
    PointsReason.TRANSACTION_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "この取引済番号の取引はこの端末にありません。",
        "This terminal has no transaction of that number.",
    ),
    PointsReason.TRANSACTION_NOT_A_SPEND: Row(
        _FAILED,
        "ポイント利用ではない取引は取り消せません。",
        "Only a use of points can be cancelled.",
    ),
    PointsReason.TRANSACTION_ALREADY_CANCELLED: Row(
        _FAILED,
        "この取引はすでに取り消されています。",
        "This transaction has already been cancelled.",
    ),
    PointsReason.TRANSACTION_OF_ANOTHER_DAY: Row(
        _FAILED,
        "当日の取引ではないため取り消せません。",
        "Only a transaction of the same day can be cancelled.",
    ),
    MergingReason.TERMINAL_CANNOT_MERGE: Row(
        StatusCode.PERMISSION_DENIED,
        "この端末では商店街ポイントへの合算はできません。",
        "This terminal cannot merge points.",
    ),
    ServiceIdReason.TERMINAL_WITHOUT_ISSUER: Row(
        _FAILED,
        "この端末にはサービスIDを付与する事業者が設定されていません。自治体の担当者に連絡してください。",
        "This terminal has no issuer of service IDs. Call the municipality.",
    ),
    ServiceIdReason.SERVICE_ID_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "{issuer}のサービスIDが登録されていません。先にサービスIDの登録が必要です。",
        "The holder has no service ID of {issuer}. It has to be registered first.",
    ),
    ServiceIdReason.CUSTOMER_ID_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "この利用カード番号のマイキーIDは登録されていません。",
        "No MyKey ID is registered for this number.",
    ),
    ServiceIdReason.CUSTOMER_ID_UNFIT_STREET: Row(
        _BAD,
        "利用カード番号 {customer_id} は{issuer}の番号として使えません。"
        "半角の数字・英字・ハイフンで入力してください。",
        "{customer_id} cannot be a number of {issuer}: only letters, digits and hyphens can.",
    ),
    ServiceIdReason.CUSTOMER_ID_UNFIT_PATTERN: Row(
        _BAD,
        "利用カード番号 {customer_id} は{issuer}の番号の形に合いません。番号を確認してください。",
        "{customer_id} does not have the form of {issuer}'s numbers. Check it.",
    ),
    ServiceIdReason.CUSTOMER_ID_UNFIT_SYMBOLOGY: Row(
        _BAD,
        "利用カード番号 {customer_id} は{issuer}のバーコードで表せません。番号を確認してください。",
        "{issuer}'s barcode cannot carry {customer_id}. Check the number.",
    ),
    ServiceIdReason.CUSTOMER_ID_TAKEN: Row(
        _FAILED,
        "利用カード番号 {customer_id} は、すでに別の方が登録しています。番号を確認してください。",
        "Somebody else has registered {customer_id}. Check the number.",
    ),
    ServiceIdReason.SERVICE_ID_DIFFERENT: Row(
        _FAILED,
        "この方は別の利用カード番号 {current} を登録しています。",
        "The holder has another number registered: {current}.",
    ),
    ServiceIdReason.ADDRESS_NOTICE_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "この通知はありません。",
        "There is no such notice.",
    ),
    MykeyReason.MYKEY_ID_EXISTS: Row(
        _FAILED,
        "この方のマイキーIDはすでに登録されています。お一人につき一つです。",
        "The holder has a MyKey ID already: there is one for each person.",
    ),
    MykeyReason.ATTEMPT_OVER: Row(
        _FAILED,
        "手続の有効時間が過ぎたか、手続が終わっています。カードと暗証番号からやり直してください。",
        "This attempt is over. Begin again with card and PIN.",
    ),
    MykeyReason.NO_MORE_CANDIDATES: Row(
        _FAILED,
        "マイキーID候補をこれ以上変えられません。表示されている候補を登録してください。",
        "There are no more candidates. Register the one that is shown.",
    ),
    MykeyReason.CANDIDATE_NOT_RESERVED: Row(
        _FAILED,
        "このマイキーID候補は確保されていません。もう一度候補を作成してください。",
        "This candidate is not reserved. Make another one.",
    ),
    MykeyReason.BASE_MUNICIPALITY_UNFIT: Row(
        _BAD,
        "この自治体は基本自治体ポイント口座に設定できません。別の自治体を選んでください。",
        "This municipality cannot be a base. Choose another one.",
    ),
    MykeyReason.LOSSES_CHANGED: Row(
        _FAILED,
        "失効するポイントが表示のときから変わりました。もう一度ご確認ください。",
        "What is lost has changed since it was shown. Look at it again.",
    ),
    MykeyReason.MYKEY_PASSWORD_WRONG: Row(
        StatusCode.UNAUTHENTICATED,
        "マイキーIDまたはパスワードが違います。",
        "The MyKey ID or its password is wrong.",
    ),
    MykeyReason.TOO_MANY_WRONG_PASSWORDS: Row(
        StatusCode.RESOURCE_EXHAUSTED,
        "パスワードの誤りが続いたため、あと{retry_seconds}秒お待ちください。",
        "Too many wrong passwords: wait for {retry_seconds} s.",
    ),
    MergingReason.SERVICE_ID_NOT_REGISTERED: Row(
        _FAILED,
        "{street}の商店街ポイントIDが登録されていません。先にサービスIDの登録が必要です。",
        "The holder has no number registered at {street}. Register the service ID first.",
    ),
    MergingReason.STREET_CARD_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "この商店街ポイントカードの番号はサービスIDとして登録されていません。"
        "マイナンバーカードを読み取り、先にサービスIDを登録してください。",
        "The number of this street card is registered for nobody. Read the My Number card and "
        "register the service ID first.",
    ),
    MergingReason.MY_NUMBER_CARD_NEEDED: Row(
        _FAILED,
        "このポイント数の合算には、マイナンバーカードと暗証番号が必要です。",
        "So many points take the My Number card and its PIN.",
    ),
    StreetReason.STREET_SIGN_IN_REFUSED: Row(
        StatusCode.UNAUTHENTICATED,
        "商店街システムのIDまたは鍵ファイルのclient_secretが違います。",
        "The issuer ID or the client_secret of the key file is wrong.",
    ),
    MergingReason.STREET_POINT_ID_CHANGED: Row(
        _FAILED,
        "商店街ポイント顧客IDが変わりました。もう一度カードを読み取ってください。",
        "The holder's number at the street has changed. Read the card again.",
    ),
    MergingReason.STREET_POINT_ID_UNFIT: Row(
        _FAILED,
        "商店街ポイント顧客ID {street_point_id} は{street}の番号の形に合いません。"
        "登録を確認してください。",
        "The number {street_point_id} does not have the form of {street}'s numbers. "
        "Check the registration.",
    ),
    MergingReason.STREET_KEY_MISSING: Row(
        _FAILED,
        "{street}の合算用の鍵が本日有効ではありません。運営者にお問い合わせください。",
        "{street} has no merge key that is good today. Ask the operator.",
    ),
    MergingReason.EVENT_POINTS_NOT_MERGED: Row(
        _FAILED,
        "{program}は特定支援イベントポイントのため合算できません。",
        "{program} are event points, which cannot be merged.",
    ),
    AccountsReason.MOMENT_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "この取引済番号の取引はありません。",
        "There is no transaction of that number.",
    ),
    AccountsReason.MOMENT_IN_FUTURE: Row(
        _BAD,
        "未来の時点の残高は照会できません。",
        "The moment lies in the future.",
    ),
    VoucherReason.DAYS_VALID_UNFIT: Row(
        _BAD,
        "ポイント券の有効期限は1日から{maximum}日までで指定してください。",
        "A voucher is good for 1 to {maximum} days.",
    ),
    VoucherReason.VOUCHER_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "この券番号のポイント券は、ここでは使えません。番号をもう一度確認してください。",
        "There is no voucher of that number that could be used here. Check the number.",
    ),
    VoucherReason.VOUCHER_ALREADY_REDEEMED: Row(
        _FAILED,
        "このポイント券はすでに消し込まれています({place} {time})。",
        "This voucher has been redeemed already ({place}, {time}).",
    ),
    VoucherReason.VOUCHER_LAPSED: Row(
        _FAILED,
        "このポイント券は有効期間が過ぎて失効しています({last_good_day}まで)。",
        "This voucher has lapsed (it was good until {last_good_day}).",
    ),
    VoucherReason.VOUCHER_NOT_LAPSED: Row(
        _FAILED,
        "このポイント券はまだ有効期間内です。",
        "This voucher is still good.",
    ),
    VoucherReason.VOUCHER_CANCELLED: Row(
        _FAILED,
        "このポイント券は取り消されています。",
        "This voucher was cancelled.",
    ),
    VoucherReason.VOUCHER_CLOSED: Row(
        _FAILED,
        "このポイント券は、消込・失効・取消のいずれかが済んでいます。",
        "This voucher was redeemed or cancelled, or has lapsed.",
    ),
    VoucherReason.VOUCHER_NOT_REDEEMED: Row(
        _FAILED,
        "このポイント券は消し込まれていません。",
        "This voucher has not been redeemed.",
    ),
    VoucherReason.VOUCHER_NUMBERS_TAKEN: Row(
        StatusCode.ABORTED,
        "空いている券番号が引けませんでした。もう一度発行してください。",
        "No free voucher number was drawn. Issue the voucher once more.",
    ),
    VoucherReason.TRANSACTION_NOT_A_VOUCHER: Row(
        _FAILED,
        "ポイント券の発行ではない取引です。",
        "The transaction is no issue of a voucher.",
    ),
    VoucherReason.PLACE_NOT_TIED: Row(
        StatusCode.PERMISSION_DENIED,
        "この端末では、選んだ利用場所のポイント券を消し込めません。",
        "This terminal cannot redeem vouchers for that place.",
    ),
    VoucherReason.PLACE_UNCHANGED: Row(
        _FAILED,
        "すでにその利用場所で消し込まれています。",
        "The voucher is redeemed for that place already.",
    ),
    VoucherReason.TOO_MANY_WRONG_NUMBERS: Row(
        StatusCode.RESOURCE_EXHAUSTED,
        "券番号の誤りが続いたため、あと{retry_seconds}秒お待ちください。",
        "Too many wrong voucher numbers: wait for {retry_seconds} s.",
    ),
    TerminalReason.ISSUER_UNKNOWN: Row(
        StatusCode.NOT_FOUND,
        "このID付与事業者は登録されていません。一覧から選び直してください。",
        "There is no such issuer. Choose one of the list.",
    ),
    TerminalReason.ISSUER_CHOSEN_BEFORE: Row(
        _FAILED,
        "この端末のID付与事業者はすでに選ばれています。変更は自治体の担当者に連絡してください。",
        "This terminal has its issuer already. Ask the municipality to change it.",
    ),
    TerminalReason.TRAINING_NOT_OFFERED: Row(
        _FAILED,
        "このサーバーでは練習モードを使えません。",
        "This server offers no training.",
    ),
    RpcReason.INVALID_FIELD: Row(
        _BAD,
        "入力内容に誤りがあります({fields})。",
        "Not valid: {fields}.",
    ),
    RpcReason.UNDECODABLE_MESSAGE: Row(
        _BAD,
        "受け取った電文を解釈できません。",
        "The message cannot be decoded.",
    ),
    RpcReason.QUEUE_FULL: Row(
        StatusCode.RESOURCE_EXHAUSTED,
        "ただいま混み合っています。しばらくしてからもう一度お試しください。",
        "The server is busy. Try again in a moment.",
    ),
    RpcReason.DEADLINE_PASSED: Row(
        StatusCode.DEADLINE_EXCEEDED,
        "時間内に処理できませんでした。この要求では記帳されていません。",
        "The deadline passed before the request's turn. This attempt was not booked.",
    ),
    RpcReason.SERVER_STOPPING: Row(
        StatusCode.UNAVAILABLE,
        "サーバーが停止するところです。もう一度お試しください。",
        "The server is stopping. Try again.",
    ),
    RpcReason.CLOCK_WENT_BACK: Row(
        StatusCode.UNAVAILABLE,
        "サーバーの時計が戻っているため、記帳を止めています。",
        "The server's clock has gone back; booking is stopped.",
    ),
    RpcReason.STORE_UNAVAILABLE: Row(
        StatusCode.UNAVAILABLE,
        "台帳に書き込めません。もう一度お試しください。",
        "The ledger cannot be written now. Try again.",
    ),
    RpcReason.NOT_FOR_THIS_CALLER: Row(
        StatusCode.PERMISSION_DENIED,
        "この呼び出し元では利用できません。",
        "This caller may not call the method.",
    ),
    RpcReason.INTERNAL_FAULT: Row(
        StatusCode.INTERNAL,
        "サーバー内部の誤りです。運営者にお知らせください。",
        "This is a fault of the server. Tell the operator.",
    ),
}


def code_of(refusal: Refusal) -> StatusCode:
    """Return the status code of a refusal."""
    return TABLE[refusal.reason].code


def status_of(refusal: Refusal) -> status_pb2.Status:
    """Return a refusal as google.rpc.Status: reason, both messages, and what else applies."""
    row = TABLE[refusal.reason]
    invalid = refusal if isinstance(refusal, InvalidFieldsError) else None
    english = _filled(row.english, refusal.details)
    japanese = _filled(row.japanese, invalid.japanese_details if invalid else refusal.details)
    details: list[Message] = [
        error_details_pb2.ErrorInfo(
            reason=str(refusal.reason), domain=DOMAIN, metadata=refusal.details
        ),
        error_details_pb2.LocalizedMessage(locale="ja", message=japanese),
        error_details_pb2.LocalizedMessage(locale="en", message=english),
    ]
    if invalid is not None:
        bad = error_details_pb2.BadRequest()
        for field, description, _ in invalid.violations:
            bad.field_violations.add(field=field, description=description)
        details.append(bad)
    if row.code in (StatusCode.RESOURCE_EXHAUSTED, StatusCode.UNAVAILABLE):
        told = refusal.details.get("retry_seconds", "")
        seconds = int(told) if told.isdecimal() else RETRY_SECONDS
        delay = duration_pb2.Duration(seconds=seconds)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    packed = []
    for detail in details:
        holder = any_pb2.Any()
        holder.Pack(detail)
        packed.append(holder)
    number: int = row.code.value[0]
    return status_pb2.Status(code=number, message=english, details=packed)


def _filled(text: str, details: Mapping[str, str]) -> str:
    return text.format_map(
        {
            name: f"{int(value):,}" if name in _COUNTS and value.isdecimal() else value
            for name, value in details.items()
        }
    )
