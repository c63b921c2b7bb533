"""The counter's way to the server: gRPC in, plain answers and three kinds of trouble out."""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar, cast

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from jichipoint.v1 import (
    cards_pb2,
    cards_pb2_grpc,
    days_pb2,
    days_pb2_grpc,
    merging_pb2,
    merging_pb2_grpc,
    mykey_pb2,
    mykey_pb2_grpc,
    operations_pb2,
    operations_pb2_grpc,
    points_pb2,
    points_pb2_grpc,
    service_ids_pb2,
    service_ids_pb2_grpc,
    terminals_pb2,
    terminals_pb2_grpc,
    vouchers_pb2,
    vouchers_pb2_grpc,
)

from counter_tui import texts
from counter_tui.core.answers import kind_of
from counter_tui.core.bookings import (
    Booked,
    Decision,
    RefusedError,
    SessionEndedError,
    Settled,
    TroubleError,
    UnreachableError,
)
from counter_tui.liveness import Liveness
from counter_tui.server_certificate import certificate_trouble
from counter_tui.server_certificate import trouble_text as certificate_text
from counter_tui.texts import _

T = TypeVar("T")

_NOT_REACHED = grpc.StatusCode.UNAVAILABLE.name
READ_SECONDS = 5.0
BOOK_SECONDS = 10.0
_SESSION_REASONS = frozenset({"SESSION_MISSING", "SESSION_EXPIRED"})
_UNDECIDED_REASONS = frozenset(
    {
        "QUEUE_FULL",
        "DEADLINE_PASSED",
        "SERVER_STOPPING",
        "CLOCK_WENT_BACK",
        "STORE_UNAVAILABLE",
        "INTERNAL_FAULT",
    }
)
"""The server did not decide: the same request may be sent again."""
_TURNED_AWAY_REASONS = frozenset(
    {
        "INVALID_FIELD",
        "METHOD_NOT_OPEN",
        "NOT_FOR_THIS_CALLER",
        "NOT_FOR_THIS_TERMINAL",
        "TERMINAL_WITHDRAWN",
        "TERMINAL_CANNOT_MERGE",
        "UNDECODABLE_MESSAGE",
        "TOO_MANY_WRONG_NUMBERS",
        "TOO_MANY_WRONG_PASSWORDS",
    }
)
"""The server turned the call away before it decided on the request."""


class _Unary(Protocol):
    def __call__(
        self, request: Message, /, *, timeout: float, metadata: tuple[tuple[str, str], ...]
    ) -> Awaitable[Message]: ...


class Gateway:
    """One channel to the server. Made and used in the event loop."""

    def __init__(self, address: str, authority: bytes | None = None) -> None:
        """`authority` (PEM) must have signed the server's certificate; None: there is no TLS."""
        self._token = ""
        self._address, self._authority = address, authority
        self.on_server_time: Callable[[datetime], None] = lambda _there: None
        """Called with what the server's clock shows by then, whenever it was asked."""
        options = [
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 2000),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.enable_http_proxy", 0),
        ]
        self._channel = (
            grpc.aio.insecure_channel(address, options=options)
            if authority is None
            else grpc.aio.secure_channel(
                address, grpc.ssl_channel_credentials(authority), options=options
            )
        )
        self._liveness = Liveness(self._channel)
        self._terminals = terminals_pb2_grpc.TerminalServiceStub(self._channel)
        self._cards = cards_pb2_grpc.CardServiceStub(self._channel)
        self._points = points_pb2_grpc.PointServiceStub(self._channel)
        self._service_ids = service_ids_pb2_grpc.ServiceIdServiceStub(self._channel)
        self._mykeys = mykey_pb2_grpc.MykeyServiceStub(self._channel)
        self._merges = merging_pb2_grpc.MergeServiceStub(self._channel)
        self._operations = operations_pb2_grpc.OperationServiceStub(self._channel)
        self._vouchers = vouchers_pb2_grpc.VoucherServiceStub(self._channel)
        self._days = days_pb2_grpc.DayServiceStub(self._channel)
        self._booking_calls: dict[str, object] = {
            "Spend": self._points.Spend,
            "CancelSpend": self._points.CancelSpend,
            "Merge": self._merges.Merge,
            "RegisterServiceId": self._service_ids.RegisterServiceId,
            "IssueVoucher": self._vouchers.IssueVoucher,
            "RedeemVoucher": self._vouchers.RedeemVoucher,
            "CancelVoucher": self._vouchers.CancelVoucher,
        }
        """How each kind of bookings is sent."""

    async def sign_in(
        self,
        terminal_id: str,
        password: str,
        machine_fingerprint: bytes,
        *,
        training: bool = False,
    ) -> terminals_pb2.SignInResponse:
        """Open a session for all later calls; one for training is on the training ledger."""
        request = terminals_pb2.SignInRequest(
            terminal_id=terminal_id,
            password=password,
            machine_fingerprint=machine_fingerprint,
            training=training,
        )
        response = await self._call(self._terminals.SignIn, request, BOOK_SECONDS)
        signed_in = cast(terminals_pb2.SignInResponse, response)
        self._token = signed_in.session_token
        with suppress(TroubleError):  # the session is open all the same
            await self.server_time()
        return signed_in

    async def usable_points(self, serial_number: str) -> points_pb2.ListUsablePointsResponse:
        """USE-1."""
        request = points_pb2.ListUsablePointsRequest(certificate_serial_number=serial_number)
        response = await self._call(self._points.ListUsablePoints, request, READ_SECONDS)
        return cast(points_pb2.ListUsablePointsResponse, response)

    async def mergeable_points(self, serial_number: str) -> merging_pb2.GetMergeablePointsResponse:
        """MRG-1."""
        request = merging_pb2.GetMergeablePointsRequest(certificate_serial_number=serial_number)
        response = await self._call(self._merges.GetMergeablePoints, request, READ_SECONDS)
        return cast(merging_pb2.GetMergeablePointsResponse, response)

    async def mergeable_by_street_card(
        self, customer_id: str
    ) -> merging_pb2.GetMergeablePointsResponse:
        """MRG-1, by the number on the street's own card (III.15)."""
        request = merging_pb2.GetMergeablePointsRequest(customer_id=customer_id)
        response = await self._call(self._merges.GetMergeablePoints, request, READ_SECONDS)
        return cast(merging_pb2.GetMergeablePointsResponse, response)

    async def undelivered_merges(
        self,
    ) -> list[merging_pb2.ListUndeliveredMergesResponse.UndeliveredMerge]:
        """MRG-4: the terminal's merge files that it has not reported as delivered."""
        found: list[merging_pb2.ListUndeliveredMergesResponse.UndeliveredMerge] = []
        token = ""
        while True:
            request = merging_pb2.ListUndeliveredMergesRequest(page_token=token)
            response = await self._call(self._merges.ListUndeliveredMerges, request, READ_SECONDS)
            page = cast(merging_pb2.ListUndeliveredMergesResponse, response)
            found += page.merges
            token = page.next_page_token
            if not token:
                return found

    async def report_merge_delivered(self, transaction_number: str) -> None:
        """MRG-4; it may be repeated."""
        request = merging_pb2.ReportMergeDeliveredRequest(transaction_number=transaction_number)
        await self._call(self._merges.ReportMergeDelivered, request, BOOK_SECONDS)

    async def merge_state(self, transaction_number: str) -> merging_pb2.MergeState:
        """MRG-4: whether the street's system has taken a merge."""
        request = merging_pb2.GetMergeStateRequest(transaction_number=transaction_number)
        response = await self._call(self._merges.GetMergeState, request, READ_SECONDS)
        return cast(merging_pb2.GetMergeStateResponse, response).state

    async def server_time(self) -> datetime:
        """Return the server's clock."""
        request = terminals_pb2.GetServerTimeRequest()
        asked_at = time.monotonic()
        response = await self._call(self._terminals.GetServerTime, request, READ_SECONDS)
        way_back = timedelta(seconds=(time.monotonic() - asked_at) / 2)
        answer = cast(terminals_pb2.GetServerTimeResponse, response)
        there = answer.server_time.ToDatetime(UTC)
        self.on_server_time(there + way_back)
        return there

    async def look_up_service_id(
        self, serial_number: str
    ) -> service_ids_pb2.LookUpServiceIdResponse:
        """SID-3."""
        request = service_ids_pb2.LookUpServiceIdRequest(certificate_serial_number=serial_number)
        response = await self._call(self._service_ids.LookUpServiceId, request, READ_SECONDS)
        return cast(service_ids_pb2.LookUpServiceIdResponse, response)

    async def look_up_mykey_id(self, customer_id: str) -> str:
        """SID-4: the MyKey ID behind a number of the terminal's own issuer."""
        request = service_ids_pb2.LookUpMykeyIdRequest(customer_id=customer_id)
        response = await self._call(self._service_ids.LookUpMykeyId, request, READ_SECONDS)
        return cast(service_ids_pb2.LookUpMykeyIdResponse, response).mykey_id

    async def issuer(self) -> service_ids_pb2.GetIssuerResponse:
        """How the terminal's issuer hands numbers over and reads them."""
        request = service_ids_pb2.GetIssuerRequest()
        response = await self._call(self._service_ids.GetIssuer, request, READ_SECONDS)
        return cast(service_ids_pb2.GetIssuerResponse, response)

    async def service_ids(self, page_token: str) -> service_ids_pb2.ListServiceIdsResponse:
        """A page of the numbers registered at the terminal's issuer."""
        request = service_ids_pb2.ListServiceIdsRequest(page_size=100, page_token=page_token)
        response = await self._call(self._service_ids.ListServiceIds, request, READ_SECONDS)
        return cast(service_ids_pb2.ListServiceIdsResponse, response)

    async def address_notices(self, page_token: str) -> service_ids_pb2.ListAddressNoticesResponse:
        """SID-2: a page of the notices that were not acknowledged."""
        request = service_ids_pb2.ListAddressNoticesRequest(page_size=100, page_token=page_token)
        response = await self._call(self._service_ids.ListAddressNotices, request, READ_SECONDS)
        return cast(service_ids_pb2.ListAddressNoticesResponse, response)

    async def acknowledge_address_notice(self, notice_id: int) -> service_ids_pb2.AddressNotice:
        """SID-2; it may be repeated. Return the notice as it is then."""
        request = service_ids_pb2.AcknowledgeAddressNoticeRequest(notice_id=notice_id)
        call = self._service_ids.AcknowledgeAddressNotice
        response = await self._call(call, request, BOOK_SECONDS)
        return cast(service_ids_pb2.AcknowledgeAddressNoticeResponse, response).notice

    async def begin_attempt(
        self,
        request_id: str,
        purpose: mykey_pb2.AttemptPurpose.ValueType,
        proof: cards_pb2.CardProof,
    ) -> mykey_pb2.BeginAttemptResponse:
        """Begin what a holder wants to do with a MyKey ID; the request ID names the attempt."""
        request = mykey_pb2.BeginAttemptRequest(
            request_id=request_id, purpose=purpose, card_proof=proof
        )
        response = await self._call(self._mykeys.BeginAttempt, request, BOOK_SECONDS)
        return cast(mykey_pb2.BeginAttemptResponse, response)

    async def propose_mykey_id(self, attempt_id: str) -> mykey_pb2.ProposeMykeyIdResponse:
        """MKY-2."""
        request = mykey_pb2.ProposeMykeyIdRequest(attempt_id=attempt_id)
        response = await self._call(self._mykeys.ProposeMykeyId, request, BOOK_SECONDS)
        return cast(mykey_pb2.ProposeMykeyIdResponse, response)

    async def check_mykey_id(
        self, attempt_id: str, mykey_id: str
    ) -> mykey_pb2.CheckMykeyIdResponse:
        """MKY-3."""
        request = mykey_pb2.CheckMykeyIdRequest(attempt_id=attempt_id, mykey_id=mykey_id)
        response = await self._call(self._mykeys.CheckMykeyId, request, BOOK_SECONDS)
        return cast(mykey_pb2.CheckMykeyIdResponse, response)

    async def register_mykey_id(
        self, request: mykey_pb2.RegisterMykeyIdRequest
    ) -> mykey_pb2.RegisterMykeyIdResponse:
        """MKY-1; it may be repeated. Its password is never kept on this machine."""
        response = await self._call(self._mykeys.RegisterMykeyId, request, BOOK_SECONDS)
        return cast(mykey_pb2.RegisterMykeyIdResponse, response)

    async def change_mykey_id(
        self, request: mykey_pb2.ChangeMykeyIdRequest
    ) -> mykey_pb2.ChangeMykeyIdResponse:
        """MKY-6; it may be repeated."""
        response = await self._call(self._mykeys.ChangeMykeyId, request, BOOK_SECONDS)
        return cast(mykey_pb2.ChangeMykeyIdResponse, response)

    async def revocation_losses(self, attempt_id: str) -> mykey_pb2.GetRevocationLossesResponse:
        """MKY-7: what the holder is shown before."""
        request = mykey_pb2.GetRevocationLossesRequest(attempt_id=attempt_id)
        response = await self._call(self._mykeys.GetRevocationLosses, request, READ_SECONDS)
        return cast(mykey_pb2.GetRevocationLossesResponse, response)

    async def revoke_mykey_id(
        self, request: mykey_pb2.RevokeMykeyIdRequest
    ) -> mykey_pb2.RevokeMykeyIdResponse:
        """MKY-7; it may be repeated."""
        response = await self._call(self._mykeys.RevokeMykeyId, request, BOOK_SECONDS)
        return cast(mykey_pb2.RevokeMykeyIdResponse, response)

    async def tie_card(self, request: mykey_pb2.TieCardRequest) -> mykey_pb2.TieCardResponse:
        """CRD-4; it may be repeated. Its password is never kept on this machine."""
        response = await self._call(self._mykeys.TieCard, request, BOOK_SECONDS)
        return cast(mykey_pb2.TieCardResponse, response)

    async def own_service_ids(self, attempt_id: str) -> list[mykey_pb2.OwnServiceId]:
        """S57."""
        request = mykey_pb2.ListOwnServiceIdsRequest(attempt_id=attempt_id)
        response = await self._call(self._mykeys.ListOwnServiceIds, request, READ_SECONDS)
        return list(cast(mykey_pb2.ListOwnServiceIdsResponse, response).service_ids)

    async def end_attempt(self, attempt_id: str) -> None:
        """Free the candidate that an attempt has reserved."""
        request = mykey_pb2.EndAttemptRequest(attempt_id=attempt_id)
        await self._call(self._mykeys.EndAttempt, request, BOOK_SECONDS)

    async def base_municipalities(self) -> list[mykey_pb2.BaseMunicipality]:
        """MKY-4: all that can be a base."""
        found: list[mykey_pb2.BaseMunicipality] = []
        token = ""
        while True:
            request = mykey_pb2.ListBaseMunicipalitiesRequest(page_size=500, page_token=token)
            response = await self._call(self._mykeys.ListBaseMunicipalities, request, READ_SECONDS)
            page = cast(mykey_pb2.ListBaseMunicipalitiesResponse, response)
            found += page.municipalities
            token = page.next_page_token
            if not token:
                return found

    async def issuers(self) -> list[terminals_pb2.ListIssuersResponse.Issuer]:
        """TRM-3: all that a terminal can choose."""
        found: list[terminals_pb2.ListIssuersResponse.Issuer] = []
        token = ""
        while True:
            request = terminals_pb2.ListIssuersRequest(page_size=500, page_token=token)
            response = await self._call(self._terminals.ListIssuers, request, READ_SECONDS)
            page = cast(terminals_pb2.ListIssuersResponse, response)
            found += page.issuers
            token = page.next_page_token
            if not token:
                return found

    async def choose_issuer(self, issuer_id: str) -> terminals_pb2.Terminal:
        """TRM-3; it may be repeated. Return the terminal as it is then."""
        request = terminals_pb2.ChooseIssuerRequest(issuer_id=issuer_id)
        response = await self._call(self._terminals.ChooseIssuer, request, BOOK_SECONDS)
        return cast(terminals_pb2.ChooseIssuerResponse, response).terminal

    async def contact(self) -> terminals_pb2.GetContactResponse:
        """TRM-4."""
        request = terminals_pb2.GetContactRequest()
        response = await self._call(self._terminals.GetContact, request, READ_SECONDS)
        return cast(terminals_pb2.GetContactResponse, response)

    async def set_contact(self, contact: terminals_pb2.Contact) -> terminals_pb2.Terminal:
        """TRM-4; it may be repeated. Return the terminal as it is then."""
        request = terminals_pb2.SetContactRequest(contact=contact)
        response = await self._call(self._terminals.SetContact, request, BOOK_SECONDS)
        return cast(terminals_pb2.SetContactResponse, response).terminal

    async def addresses(
        self, postal_code: str
    ) -> list[terminals_pb2.FindAddressesResponse.FoundAddress]:
        """SET-3: how the addresses of a postal code begin."""
        request = terminals_pb2.FindAddressesRequest(postal_code=postal_code)
        response = await self._call(self._terminals.FindAddresses, request, READ_SECONDS)
        return list(cast(terminals_pb2.FindAddressesResponse, response).addresses)

    async def card_challenge(self, request_id: str) -> bytes:
        """Return what the card is to sign for a request (CRD-2)."""
        request = cards_pb2.CreateCardChallengeRequest(request_id=request_id)
        response = await self._call(self._cards.CreateCardChallenge, request, READ_SECONDS)
        return cast(cards_pb2.CreateCardChallengeResponse, response).challenge

    async def book(self, method: str, request: bytes) -> Booked:
        """Send a booking as it lies in the outbox and return its answer."""
        message = kind_of(method).request.FromString(request)
        answer = await self._call(self._booking_calls[method], message, BOOK_SECONDS)
        return Booked(method, answer.SerializeToString())

    async def voucher_trust(self) -> vouchers_pb2.GetVoucherTrustResponse:
        """VCH-8."""
        request = vouchers_pb2.GetVoucherTrustRequest()
        response = await self._call(self._vouchers.GetVoucherTrust, request, READ_SECONDS)
        return cast(vouchers_pb2.GetVoucherTrustResponse, response)

    async def redemption_places(self) -> list[vouchers_pb2.RedemptionPlace]:
        """VCH-5: all of them."""
        places: list[vouchers_pb2.RedemptionPlace] = []
        token = ""
        while True:
            request = vouchers_pb2.ListRedemptionPlacesRequest(page_size=500, page_token=token)
            response = await self._call(self._vouchers.ListRedemptionPlaces, request, READ_SECONDS)
            page = cast(vouchers_pb2.ListRedemptionPlacesResponse, response)
            places += page.places
            token = page.next_page_token
            if not token:
                return places

    async def look_up_voucher(self, voucher_number: str, place_id: int) -> vouchers_pb2.Voucher:
        """VCH-4."""
        request = vouchers_pb2.LookUpVoucherRequest(
            voucher_number=voucher_number, place_id=place_id
        )
        response = await self._call(self._vouchers.LookUpVoucher, request, READ_SECONDS)
        return cast(vouchers_pb2.LookUpVoucherResponse, response).voucher

    async def reprint_voucher(
        self, request_id: str, transaction_number: str
    ) -> vouchers_pb2.ReprintVoucherResponse:
        """VCH-3."""
        request = vouchers_pb2.ReprintVoucherRequest(
            request_id=request_id, transaction_number=transaction_number
        )
        response = await self._call(self._vouchers.ReprintVoucher, request, BOOK_SECONDS)
        return cast(vouchers_pb2.ReprintVoucherResponse, response)

    async def day_transactions(self, page_token: str) -> days_pb2.ListDayTransactionsResponse:
        """USE-4: a page of today's."""
        request = days_pb2.ListDayTransactionsRequest(page_size=100, page_token=page_token)
        response = await self._call(self._days.ListDayTransactions, request, READ_SECONDS)
        return cast(days_pb2.ListDayTransactionsResponse, response)

    async def day_totals(self) -> days_pb2.GetDayTotalsResponse:
        """USE-4."""
        request = days_pb2.GetDayTotalsRequest()
        response = await self._call(self._days.GetDayTotals, request, READ_SECONDS)
        return cast(days_pb2.GetDayTotalsResponse, response)

    async def day_transaction(self, transaction_number: str) -> Booked:
        """USE-4: how one of this terminal's transactions was answered."""
        request = days_pb2.GetDayTransactionRequest(transaction_number=transaction_number)
        response = await self._call(self._days.GetDayTransaction, request, READ_SECONDS)
        answer = _booked(cast(days_pb2.GetDayTransactionResponse, response).operation)
        if answer is None:
            raise RefusedError("TRANSACTION_UNKNOWN", "")
        return answer

    async def look_up(self, request_id: str) -> Decision | None:
        """Return what was decided on a request ID; None where nothing is yet (USE-5)."""
        request = operations_pb2.GetOperationRequest(request_id=request_id)
        try:
            response = await self._call(self._operations.GetOperation, request, READ_SECONDS)
        except RefusedError as refused:
            if refused.reason == "OPERATION_UNKNOWN":
                return None
            raise
        return _decision(cast(operations_pb2.GetOperationResponse, response).operation)

    async def settle(self, request_id: str) -> Decision:
        """Settle a request ID for good and return what holds (USE-5)."""
        request = operations_pb2.SettleOperationRequest(request_id=request_id)
        response = await self._call(self._operations.SettleOperation, request, BOOK_SECONDS)
        return _decision(cast(operations_pb2.SettleOperationResponse, response).operation)

    async def watch(self, tell: Callable[[bool], None]) -> None:
        """Tell, now and at every change, whether the server answers. Runs until cancelled."""
        await self._liveness.watch(tell)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def _call(self, method: object, request: Message, timeout: float) -> Message:  # noqa: ASYNC109
        self._liveness.called()
        metadata = (("authorization", f"Bearer {self._token}"),) if self._token else ()
        try:
            return await cast(_Unary, method)(request, timeout=timeout, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                self._liveness.doubt()
            raise await self._trouble(error) from error

    async def _trouble(self, error: grpc.aio.AioRpcError) -> Exception:
        """Return what an error means for the counter, and why no connection comes about."""
        trouble = _trouble(error)
        is_silence = isinstance(trouble, UnreachableError) and trouble.reason == _NOT_REACHED
        if not is_silence or self._authority is None:
            return trouble
        found = await certificate_trouble(self._address, self._authority)
        if found is None:
            return trouble
        return UnreachableError(found, certificate_text(found, self._address))


def _booked(operation: operations_pb2.Operation) -> Booked | None:
    """Return the answer of an operation that was booked."""
    if operation.state != operations_pb2.OPERATION_STATE_BOOKED:
        return None
    kind = operation.WhichOneof("response") or ""
    method = "".join(part.capitalize() for part in kind.split("_"))
    return Booked(method, getattr(operation, kind).SerializeToString())


def _decision(operation: operations_pb2.Operation) -> Decision:
    booked = _booked(operation)
    if booked is not None:
        return booked
    if operation.state == operations_pb2.OPERATION_STATE_REFUSED:
        return Settled(*_told(operation.refusal))
    return Settled()


def _told(status: status_pb2.Status | None) -> tuple[str, str]:
    """Return the reason code and the staff's words of a status; both are empty in silence."""
    reason, messages = "", {}
    for detail in status.details if status else ():
        info, message = error_details_pb2.ErrorInfo(), error_details_pb2.LocalizedMessage()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(message):
            messages[message.locale] = message.message
    return reason, messages.get(texts.language(), "")


def _trouble(error: grpc.aio.AioRpcError) -> Exception:
    """Return what an error means for the counter."""
    reason, words = _told(rpc_status.from_call(error))  # type: ignore[arg-type]
    silence = _("サーバーから返事がありません。ネットワークとサーバーを確認してください。")
    text = words or silence
    if reason in _SESSION_REASONS:
        return SessionEndedError(reason, text)
    if not reason or reason in _UNDECIDED_REASONS:
        return UnreachableError(reason or error.code().name, text)
    return RefusedError(reason, text, decided=reason not in _TURNED_AWAY_REASONS)
