"""What the servicers of bookings share: fingerprints, and the stored answer sent as it is."""

import hashlib

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from jichipoint.v1 import transactions_pb2

from server.clock import to_datetime
from server.ledger.booker import Command, refusal_of
from server.ledger.errors import LedgerReason
from server.ledger.values import Operation, Outcome, Refusal
from server.ledger.writer import Writer
from server.rpc.calls import Call


def fingerprint(method: str, request: Message) -> bytes:
    """Return the hash that tells whether a request ID comes again with the same content."""
    content = request.SerializeToString(deterministic=True)
    return hashlib.sha256(method.encode() + b"\0" + content).digest()


def timestamp(microseconds: int) -> Timestamp:
    """Return a booking's time as protobuf has it."""
    message = Timestamp()
    message.FromDatetime(to_datetime(microseconds))
    return message


def transaction_kind(kind: str) -> "transactions_pb2.TransactionKind.ValueType":
    """Return a transaction's kind as protobuf has it; '' is none."""
    name = f"TRANSACTION_KIND_{kind or 'UNSPECIFIED'}"
    return transactions_pb2.TransactionKind.Value(name)


async def book(writer: Writer, command: Command, call: Call) -> bytes:
    """Book a command and return its stored answer, or raise the Refusal that was stored."""
    operation = await writer.book(command, call.timeout_seconds)
    return answer_of(operation)


def answer_of(operation: Operation) -> bytes:
    """Return the answer of a booked operation, or raise the Refusal of another."""
    match operation.outcome:
        case Outcome.BOOKED | Outcome.REGISTERED:
            return operation.answer
        case Outcome.REFUSED:
            raise refusal_of(operation)
        case Outcome.ABANDONED:
            raise Refusal(LedgerReason.OPERATION_ABANDONED, is_decided=True)
