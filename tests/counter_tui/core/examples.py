"""The receipts of the manual's screens, with the place that the manual leaves out."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from jichipoint.v1 import merging_pb2, points_pb2

PLACE = "A商店"


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
