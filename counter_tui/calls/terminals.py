"""The terminal itself: session, contact, issuer."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from jichipoint.v1 import terminals_pb2, terminals_pb2_grpc

from counter_tui.calls.answers import TroubleError
from counter_tui.calls.channel import BOOK_SECONDS, READ_SECONDS, Channel
from counter_tui.calls.paging import pages


class TerminalCalls:
    """Signing in, and what the terminal has set of itself."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = terminals_pb2_grpc.TerminalServiceStub(channel.grpc)
        self.on_server_time: Callable[[datetime], None] = lambda _there: None
        """Called with what the server's clock shows by then, whenever it was asked."""

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
        signed_in = await self._channel.call(self._stub.SignIn, request, BOOK_SECONDS)
        self._channel.token = signed_in.session_token
        with suppress(TroubleError):  # the session is open all the same
            await self.server_time()
        return signed_in

    async def server_time(self) -> datetime:
        """Return the server's clock."""
        request = terminals_pb2.GetServerTimeRequest()
        asked_at = time.monotonic()
        answer = await self._channel.call(self._stub.GetServerTime, request, READ_SECONDS)
        way_back = timedelta(seconds=(time.monotonic() - asked_at) / 2)
        there = answer.server_time.ToDatetime(UTC)
        self.on_server_time(there + way_back)
        return there

    async def issuers(self) -> list[terminals_pb2.ListIssuersResponse.Issuer]:
        """TRM-3: all that a terminal can choose."""

        async def page(token: str) -> terminals_pb2.ListIssuersResponse:
            request = terminals_pb2.ListIssuersRequest(page_size=500, page_token=token)
            return await self._channel.call(self._stub.ListIssuers, request, READ_SECONDS)

        return [one async for found in pages(page) for one in found.issuers]

    async def choose_issuer(self, issuer_id: str) -> terminals_pb2.Terminal:
        """TRM-3; it may be repeated. Return the terminal as it is then."""
        request = terminals_pb2.ChooseIssuerRequest(issuer_id=issuer_id)
        response = await self._channel.call(self._stub.ChooseIssuer, request, BOOK_SECONDS)
        return response.terminal

    async def contact(self) -> terminals_pb2.GetContactResponse:
        """TRM-4."""
        request = terminals_pb2.GetContactRequest()
        return await self._channel.call(self._stub.GetContact, request, READ_SECONDS)

    async def set_contact(self, contact: terminals_pb2.Contact) -> terminals_pb2.Terminal:
        """TRM-4; it may be repeated. Return the terminal as it is then."""
        request = terminals_pb2.SetContactRequest(contact=contact)
        response = await self._channel.call(self._stub.SetContact, request, BOOK_SECONDS)
        return response.terminal

    async def addresses(
        self, postal_code: str
    ) -> list[terminals_pb2.FindAddressesResponse.FoundAddress]:
        """SET-3: how the addresses of a postal code begin."""
        request = terminals_pb2.FindAddressesRequest(postal_code=postal_code)
        response = await self._channel.call(self._stub.FindAddresses, request, READ_SECONDS)
        return list(response.addresses)
