"""OperationService: protobuf in, operation, protobuf out."""

from jichipoint.v1 import operations_pb2

from server.ledger.booker import refusal_of
from server.ledger.errors import LedgerReason
from server.ledger.values import Operation, Outcome, Refusal, RequestKey
from server.ledger.writer import Writer
from server.operations.settling import SettleCommand
from server.rpc import fields
from server.rpc.access import EVERY_TERMINAL, Whose, open_to
from server.rpc.calls import Call
from server.rpc.status import Statuses
from server.threads.readers import Readers


class OperationServicer:
    """What became of a request."""

    def __init__(self, writer: Writer, readers: Readers, statuses: Statuses) -> None:
        self._writer = writer
        self._readers = readers
        self._statuses = statuses

    @open_to(EVERY_TERMINAL, Whose.CALLER, withdrawn_too=True)
    async def GetOperation(  # noqa: N802
        self, request: operations_pb2.GetOperationRequest, call: Call
    ) -> operations_pb2.GetOperationResponse:
        """LED-3."""
        key = RequestKey(call.session.caller, fields.request_id(request.request_id))
        found = await self._readers.read(lambda reader: reader.operations([key]))
        if key not in found:
            raise Refusal(LedgerReason.OPERATION_UNKNOWN)
        await self._writer.confirm()
        return operations_pb2.GetOperationResponse(
            operation=operation_message(found[key], self._statuses)
        )

    @open_to(EVERY_TERMINAL, Whose.CALLER, withdrawn_too=True)
    async def SettleOperation(  # noqa: N802
        self, request: operations_pb2.SettleOperationRequest, call: Call
    ) -> operations_pb2.SettleOperationResponse:
        """USE-5."""
        key = RequestKey(call.session.caller, fields.request_id(request.request_id))
        operation = await self._writer.book(SettleCommand(key), call.timeout_seconds)
        return operations_pb2.SettleOperationResponse(
            operation=operation_message(operation, self._statuses)
        )


FIELDS = {
    "Spend": "spend",
    "CancelSpend": "cancel_spend",
    "Merge": "merge",
    "IssueVoucher": "issue_voucher",
    "RedeemVoucher": "redeem_voucher",
    "CancelVoucher": "cancel_voucher",
    "CorrectRedemption": "correct_redemption",
    "RegisterServiceId": "register_service_id",
    "RegisterMykeyId": "register_mykey_id",
    "ChangeMykeyId": "change_mykey_id",
    "RevokeMykeyId": "revoke_mykey_id",
    "TieCard": "tie_card",
}
"""Where an operation's message has the answer of each method."""


_STATES = {
    Outcome.BOOKED: operations_pb2.OPERATION_STATE_BOOKED,
    Outcome.REGISTERED: operations_pb2.OPERATION_STATE_BOOKED,
    Outcome.REFUSED: operations_pb2.OPERATION_STATE_REFUSED,
    Outcome.ABANDONED: operations_pb2.OPERATION_STATE_ABANDONED,
}
"""Whether points were moved makes no difference to whoever asks what became of a request."""


def operation_message(operation: Operation, statuses: Statuses) -> operations_pb2.Operation:
    """Return what was decided on a request, as protobuf has it."""
    message = operations_pb2.Operation(
        request_id=operation.request.request_id,
        state=_STATES[operation.outcome],
    )
    if operation.outcome == Outcome.REFUSED:
        message.refusal.CopyFrom(statuses.status_of(refusal_of(operation)))
    elif operation.outcome != Outcome.ABANDONED and operation.method in FIELDS:
        answer = getattr(message, FIELDS[operation.method])
        answer.SetInParent()
        answer.MergeFromString(operation.answer)
    return message
