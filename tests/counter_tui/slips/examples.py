"""The slips of the manual's screens, and others of every kind, for the printers of the tests.

Each of CASES has golden files: `python -m tests.counter_tui.slips.make_golden` writes them.
"""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from jichipoint.v1 import days_pb2, merging_pb2, points_pb2, vouchers_pb2
from jichipoint.v1 import transactions_pb2 as transactions

from counter_tui.slips.document import Code, Slip
from counter_tui.slips.escpos import Paper
from counter_tui.slips.receipts import (
    Letterhead,
    cancellation_receipt,
    day_receipt,
    merge_receipt,
    redemption_receipt,
    spend_receipt,
)
from counter_tui.slips.vouchers import label, voucher_slip

ISSUED_NUMBER = "2017123100004"
PLACE = "A商店"
PROGRAM = "A市ポイント"
HEAD = Letterhead(PLACE, "90000001")
TRAINING = Letterhead(PLACE, "90000001", training=True)

HARD_PLACE = "髙﨑ｼｮｳﾃﾝ㈱"
"""What cp932 has and shift_jis has not, and half-width kana."""
UNKNOWN_PLACE = "𠮷野家 髙﨑ｶﾞﾗｽ店"
"""What no printer has."""
LONG_PLACE = "山﨑ﾌﾞﾝｸﾞﾃﾝ 駅前大通り商店街 東口本店 文房具売場2F"
LONG_PROGRAM = "髙山市子育て応援プレミアムポイント"


def book_time(moment: datetime = datetime(2017, 4, 2, 9, 2, 37, tzinfo=UTC)) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def spend() -> points_pb2.SpendResponse:
    """S31."""
    return points_pb2.SpendResponse(
        transaction_number="2017123100001",
        book_time=book_time(),
        mykey_id="MY123456",
        program_id="00000001",
        program_name=PROGRAM,
        points=500,
        balance_after=1230,
    )


def merge() -> merging_pb2.MergeResponse:
    """S39."""
    return merging_pb2.MergeResponse(
        transaction_number="2017123100001",
        book_time=book_time(),
        mykey_id="MY123456",
        program_id="00000001",
        program_name=PROGRAM,
        points=500,
        balance_after=1230,
        issuer_id="000002",
        street_name="A商店街",
        street_point_id="123456789",
    )


QR_TEXT = (
    "JPV1.987654321012.00000001.500.20170401.20170501.0001.4KRRAC7S75EQRXGEZ6BD7GBVHB6SE24CJSGP"
    "7ZBQ3PUVHYKAXPHXW4NX5BNIQJANVGJGQHARGEXRLLERJVTTRFIZ6PD7VKYFWMDC6BY"
)
"""The vector of formats.md."""


def voucher(
    program_name: str = PROGRAM, issuing: str = "A商工会", redeeming: str = ""
) -> vouchers_pb2.Voucher:
    """The voucher of S35."""
    return vouchers_pb2.Voucher(
        voucher_number="987654321012",
        program_name=program_name,
        points=500,
        issue_time=book_time(datetime(2017, 4, 1, 2, 32, 24, tzinfo=UTC)),
        days_valid=30,
        last_good_day=Date(year=2017, month=5, day=1),
        issuing_place_name=issuing,
        redeeming_place_name=redeeming,
    )


def redemption(
    place_name: str = PLACE, program_name: str = PROGRAM
) -> vouchers_pb2.RedeemVoucherResponse:
    """The voucher of S35, redeemed."""
    return vouchers_pb2.RedeemVoucherResponse(
        transaction_number="2017123100002",
        book_time=book_time(),
        voucher=voucher(program_name, redeeming=place_name),
    )


def cancelled_spend() -> points_pb2.CancelSpendResponse:
    """The spend of S31, cancelled when some of its points had lapsed."""
    return points_pb2.CancelSpendResponse(
        transaction_number="2017123100003",
        book_time=book_time(),
        cancelled_transaction_number="2017123100001",
        mykey_id="MY123456",
        program_id="00000001",
        points=500,
        points_lapsed=120,
        balance_after=1610,
    )


def cancelled_voucher() -> vouchers_pb2.CancelVoucherResponse:
    return vouchers_pb2.CancelVoucherResponse(
        transaction_number="2017123100004",
        book_time=book_time(),
        cancelled_transaction_number="2017123100002",
        mykey_id="MY123456",
        program_id="00000001",
        points=500,
        balance_after=1730,
    )


def day(head: Letterhead, program_name: str = PROGRAM, *, booked: bool = True) -> Slip:
    totals = [
        days_pb2.DayTotal(
            kind=transactions.TRANSACTION_KIND_SPEND,
            program_name=program_name,
            count=12,
            points=12_340,
            cancelled_count=1,
            cancelled_points=500,
        ),
        days_pb2.DayTotal(
            kind=transactions.TRANSACTION_KIND_SPEND,
            program_name="ｲﾍﾞﾝﾄﾎﾟｲﾝﾄ",
            count=1,
            points=100,
        ),
        days_pb2.DayTotal(
            kind=transactions.TRANSACTION_KIND_MERGE,
            program_name=program_name,
            count=3,
            points=1_500,
        ),
        days_pb2.DayTotal(
            kind=transactions.TRANSACTION_KIND_ISSUE,
            program_name=program_name,
            count=2,
            points=1_000,
        ),
        days_pb2.DayTotal(
            kind=transactions.TRANSACTION_KIND_REDEEM,
            program_name=program_name,
            count=1,
            points=500,
        ),
    ]
    read_time = book_time(datetime(2017, 4, 2, 11, 30, tzinfo=UTC))
    return day_receipt(Date(year=2017, month=4, day=2), totals if booked else [], read_time, head)


def headed(head: Letterhead) -> dict[str, Slip]:
    """Return one slip of each kind."""
    return {
        "spend": spend_receipt(spend(), head),
        "merge": merge_receipt(merge(), head),
        "redemption": redemption_receipt(redemption(), head),
        "cancelled-spend": cancellation_receipt(cancelled_spend(), PROGRAM, head),
        "cancelled-voucher": cancellation_receipt(cancelled_voucher(), PROGRAM, head),
        "day": day(head),
        "voucher": voucher_slip(ISSUED_NUMBER, voucher(), QR_TEXT, head),
        "voucher-reprint": voucher_slip(ISSUED_NUMBER, voucher(), QR_TEXT, head, 2),
        "label-nw7": label("図書館カード", Code.NW7, "A123456789B", head),
    }


PLAIN = headed(HEAD)
PRACTICE = {f"{name}-training": slip for name, slip in headed(TRAINING).items()}
OTHERS = {
    "day-empty": day(HEAD, booked=False),
    "label-code39": label("図書館カード", Code.CODE39, "AB-123", HEAD),
    "label-code128": label("図書館カード", Code.CODE128, "9912{ab}", HEAD),
}
HARD = {
    "spend-hard": spend_receipt(spend(), Letterhead(HARD_PLACE)),
    "spend-unknown": spend_receipt(spend(), Letterhead(UNKNOWN_PLACE)),
    "redemption-long": redemption_receipt(redemption(LONG_PLACE, LONG_PROGRAM), HEAD),
    "cancelled-long": cancellation_receipt(cancelled_spend(), LONG_PROGRAM, Letterhead(LONG_PLACE)),
    "day-long": day(Letterhead(LONG_PLACE, "90000001"), LONG_PROGRAM),
    "voucher-long": voucher_slip(ISSUED_NUMBER, voucher(LONG_PROGRAM, LONG_PLACE), QR_TEXT, HEAD),
    "voucher-unknown": voucher_slip(ISSUED_NUMBER, voucher(issuing=UNKNOWN_PLACE), QR_TEXT, HEAD),
}
"""Names that are long, or whose characters not everything has."""

SLIPS = PLAIN | PRACTICE | OTHERS | HARD

PAPERS = {
    "58": Paper(32),
    "80": Paper(48),
    "58-pictures": Paper(32, has_kanji=False, has_codes=False),
    "80-pictures": Paper(48, has_kanji=False, has_codes=False),
}
"""Those with pictures cannot print Japanese or codes by themselves."""

LABELS = ("label-nw7", "label-code39", "label-code128")
CASES = [
    *((name, paper) for name in SLIPS for paper in ("58", "80")),
    *((name, "58-pictures") for name in ("spend", "day", "voucher-reprint", *LABELS)),
    *(
        (name, f"{width}-pictures")
        for name in ("redemption-long", "voucher-unknown")
        for width in (58, 80)
    ),
]
"""Slips and what they are printed on."""
