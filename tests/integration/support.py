"""A client over a real socket, and what a refusal says there."""

from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from google.type.date_pb2 import Date
from grpc_status import rpc_status
from jichipoint.v1 import (
    merging_pb2,
    operations_pb2,
    points_pb2,
    streets_pb2,
    terminals_pb2,
    transactions_pb2,
)

from tests.server.support import (
    CARD_A,
    CLIENT_SECRET,
    COUNTER,
    MUNICIPAL,
    MYKEY,
    PASSWORD,
    STREET_1,
    STREET_POINT_IDS,
    TODAY,
    new_request_id,
)

M = TypeVar("M", bound=Message)

MACHINE = bytes(range(32))
NOTED = ("session", "audit_event", "counter", "booking_check")
"""Tables in which a server writes down what calls leave behind, whatever they do."""
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Refused:
    """What a refused call was told."""

    code: grpc.StatusCode
    reason: str
    metadata: dict[str, str]
    """What fills in the texts."""
    messages: dict[str, str]
    """By locale."""
    fields: tuple[str, ...]
    standing: str
    """What follows for the request."""


def refused(error: grpc.RpcError) -> Refused:
    """Read a call's error: its status has a reason and both messages (API-2)."""
    assert isinstance(error, grpc.aio.AioRpcError)
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None, error
    info, fields = error_details_pb2.ErrorInfo(), []
    messages: dict[str, str] = {}
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(error_details_pb2.LocalizedMessage.DESCRIPTOR):
            message = error_details_pb2.LocalizedMessage()
            detail.Unpack(message)
            messages[message.locale] = message.message
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            detail.Unpack(bad)
            fields += [violation.field for violation in bad.field_violations]
    assert info.domain == "jichipoint"
    assert set(messages) == {"ja", "en"}
    assert status.message == messages["en"] == error.details()
    assert all(messages.values())
    metadata = dict(info.metadata)
    standing = metadata.pop("standing")
    return Refused(error.code(), info.reason, metadata, messages, tuple(fields), standing)


def kind_name(kind: "transactions_pb2.TransactionKind.ValueType") -> str:
    """A transaction's kind as the ledger calls it; empty where it is unspecified."""
    name = transactions_pb2.TransactionKind.Name(kind).removeprefix("TRANSACTION_KIND_")
    return "" if name == "UNSPECIFIED" else name


def to_date(day: date) -> Date:
    return Date(year=day.year, month=day.month, day=day.day)


@dataclass
class Client:
    """A terminal's connection."""

    channel: grpc.aio.Channel
    token: str | None = None
    metadata: tuple[tuple[str, str], ...] = field(default=())
    timeout_seconds: float = TIMEOUT_SECONDS

    async def raw(self, method: str, request: bytes) -> bytes:
        """Call a method with bytes, and return the bytes of its answer."""
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
        call = self.channel.unary_unary(f"/jichipoint.v1.{method}")
        metadata = self.metadata
        if self.token is not None:
            metadata = (("authorization", f"Bearer {self.token}"), *metadata)
        answer: bytes = await call(request, metadata=metadata, timeout=self.timeout_seconds)
        return answer

    async def call(self, method: str, request: Message, answer: type[M]) -> M:
        return answer.FromString(await self.raw(method, request.SerializeToString()))

    async def refusal(self, method: str, request: Message | bytes) -> Refused:
        """Call a method that must refuse."""
        content = request if isinstance(request, bytes) else request.SerializeToString()
        try:
            answer = await self.raw(method, content)
        except grpc.RpcError as error:
            return refused(error)
        raise AssertionError(f"{method} answered {answer!r}")

    async def sign_in(
        self,
        terminal_id: str = COUNTER,
        password: str = PASSWORD,
        machine: bytes = MACHINE,
        *,
        training: bool = False,
    ) -> terminals_pb2.SignInResponse:
        request = sign_in_request(terminal_id, password, machine)
        request.training = training
        answer = await self.call("TerminalService/SignIn", request, terminals_pb2.SignInResponse)
        self.token = answer.session_token
        return answer

    async def sign_in_outcome(self, request: terminals_pb2.SignInRequest) -> str:
        """Sign in and keep no session; OK, or the reason of the refusal."""
        try:
            await self.raw("TerminalService/SignIn", request.SerializeToString())
        except grpc.RpcError as error:
            return refused(error).reason
        return "OK"

    async def usable(self, serial_number: str) -> points_pb2.ListUsablePointsResponse:
        request = points_pb2.ListUsablePointsRequest(certificate_serial_number=serial_number)
        answer = points_pb2.ListUsablePointsResponse
        return await self.call("PointService/ListUsablePoints", request, answer)

    async def spend(self, request: points_pb2.SpendRequest) -> points_pb2.SpendResponse:
        return await self.call("PointService/Spend", request, points_pb2.SpendResponse)

    async def cancel(
        self, number: str, reason: str = "打ち間違い"
    ) -> points_pb2.CancelSpendResponse:
        request = cancel_request(number, reason)
        return await self.call("PointService/CancelSpend", request, points_pb2.CancelSpendResponse)

    async def merge(self, request: merging_pb2.MergeRequest) -> merging_pb2.MergeResponse:
        return await self.call("MergeService/Merge", request, merging_pb2.MergeResponse)

    async def street_sign_in(
        self, issuer_id: str, client_secret: str = CLIENT_SECRET
    ) -> streets_pb2.StreetSignInResponse:
        request = streets_pb2.StreetSignInRequest(issuer_id=issuer_id, client_secret=client_secret)
        answer = streets_pb2.StreetSignInResponse
        signed_in = await self.call("StreetService/StreetSignIn", request, answer)
        self.token = signed_in.session_token
        return signed_in

    async def acknowledge(self, *merges: tuple[str, int]) -> list[tuple[str, str]]:
        """Acknowledge transaction numbers with their points; what is answered about each."""
        request = acknowledge_request(*merges)
        answer = streets_pb2.AcknowledgeMergesResponse
        answers = (await self.call("StreetService/AcknowledgeMerges", request, answer)).answers
        name = streets_pb2.AcknowledgementResult.Name
        return [
            (one.transaction_number, name(one.result).removeprefix("ACKNOWLEDGEMENT_RESULT_"))
            for one in answers
        ]

    async def operation(self, request_id: str) -> operations_pb2.Operation:
        request = operations_pb2.GetOperationRequest(request_id=request_id)
        answer = operations_pb2.GetOperationResponse
        return (await self.call("OperationService/GetOperation", request, answer)).operation

    async def settle(self, request_id: str) -> operations_pb2.Operation:
        request = operations_pb2.SettleOperationRequest(request_id=request_id)
        answer = operations_pb2.SettleOperationResponse
        return (await self.call("OperationService/SettleOperation", request, answer)).operation


def acknowledge_request(*merges: tuple[str, int]) -> streets_pb2.AcknowledgeMergesRequest:
    return streets_pb2.AcknowledgeMergesRequest(
        merges=[
            streets_pb2.AcknowledgeMergesRequest.Merge(transaction_number=number, points=points)
            for number, points in merges
        ]
    )


def sign_in_request(
    terminal_id: str = COUNTER, password: str = PASSWORD, machine: bytes = MACHINE
) -> terminals_pb2.SignInRequest:
    return terminals_pb2.SignInRequest(
        terminal_id=terminal_id, password=password, machine_fingerprint=machine
    )


def spend_request(
    serial_number: str = CARD_A,
    points: int = 100,
    program_id: str = MUNICIPAL,
    *,
    request_id: str | None = None,
    day: date = TODAY,
    mykey_id: str | None = None,
) -> points_pb2.SpendRequest:
    return points_pb2.SpendRequest(
        request_id=new_request_id() if request_id is None else request_id,
        certificate_serial_number=serial_number,
        mykey_id=mykey_id or MYKEY.get(serial_number, "XXXX9999"),
        program_id=program_id,
        points=points,
        shown_on=to_date(day),
    )


def cancel_request(
    number: str, reason: str = "打ち間違い", request_id: str | None = None
) -> points_pb2.CancelSpendRequest:
    return points_pb2.CancelSpendRequest(
        request_id=request_id or new_request_id(), transaction_number=number, reason=reason
    )


def merge_request(
    serial_number: str = CARD_A,
    points: int = 100,
    program_id: str = MUNICIPAL,
    street_point_id: str = STREET_POINT_IDS[STREET_1],
    request_id: str | None = None,
    mykey_id: str | None = None,
    day: date = TODAY,
) -> merging_pb2.MergeRequest:
    return merging_pb2.MergeRequest(
        request_id=request_id or new_request_id(),
        certificate_serial_number=serial_number,
        mykey_id=mykey_id or MYKEY.get(serial_number, "XXXX9999"),
        street_point_id=street_point_id,
        program_id=program_id,
        points=points,
        shown_on=to_date(day),
    )
