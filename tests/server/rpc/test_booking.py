"""What the servicers of bookings share."""

from jichipoint.v1.transactions_pb2 import TransactionKind as Told

from server.ledger.values import TransactionKind
from server.rpc.booking import transaction_kind


def test_every_kind_of_transaction_has_its_value() -> None:
    told = {transaction_kind(kind) for kind in TransactionKind}
    assert told == set(Told.values()) - {Told.TRANSACTION_KIND_UNSPECIFIED}
    assert transaction_kind("") == Told.TRANSACTION_KIND_UNSPECIFIED
