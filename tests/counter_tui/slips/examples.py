"""The receipts of the manual's screens, with the place that the manual leaves out."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from jichipoint.v1 import merging_pb2, points_pb2, vouchers_pb2

from counter_tui.slips.receipts import Letterhead

PLACE = "A商店"
HEAD = Letterhead(PLACE)


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
        program_name="A市ポイント",
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
        program_name="A市ポイント",
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


def voucher() -> vouchers_pb2.Voucher:
    """The voucher of S35."""
    return vouchers_pb2.Voucher(
        voucher_number="987654321012",
        program_name="A市ポイント",
        points=500,
        issue_time=book_time(datetime(2017, 4, 1, 2, 32, 24, tzinfo=UTC)),
        days_valid=30,
        last_good_day=Date(year=2017, month=5, day=1),
        issuing_place_name="A商工会",
    )
