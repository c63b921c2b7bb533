"""What the agent does: it follows the reader, reads cards, and asks the server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from jichipoint.v1 import issuers_pb2, service_ids_pb2

from counter_tui.calls.answers import RefusedError, SessionEndedError
from counter_tui.card.reader import (
    CardInserted,
    CardReader,
    CardRemoved,
    ReaderDown,
    UserCertificate,
)
from counter_tui.core.customer_id import parse_number, without_nw7_letters
from counter_tui.core.number_texts import NUMBER_FAULTS
from counter_tui.texts import _

T = TypeVar("T")

NO_NUMBER = "INVALID_FIELD"
"""The server's reason for a text that is no customer number."""


class Terminals(Protocol):
    """What the agent signs in with."""

    async def sign_in(self, terminal_id: str, password: str, machine_fingerprint: bytes) -> object:
        """Open a session for all later calls. Raises TroubleError."""
        ...


class ServiceIds(Protocol):
    """What the agent looks up."""

    async def look_up_service_id(
        self, serial_number: str
    ) -> service_ids_pb2.LookUpServiceIdResponse:
        """SID-3. Raises TroubleError."""
        ...

    async def look_up_mykey_id(self, customer_id: str) -> str:
        """SID-4. Raises TroubleError."""
        ...

    async def issuer(self) -> service_ids_pb2.GetIssuerResponse:
        """Return how the terminal's issuer hands numbers over. Raises TroubleError."""
        ...


class Desk:
    """One reader and one terminal, for any number of programs. Used in one event loop."""

    def __init__(
        self,
        reader: CardReader,
        terminals: Terminals,
        service_ids: ServiceIds,
        credentials: tuple[str, str, bytes],
    ) -> None:
        """`credentials` are the terminal's ID and password, and its machine's fingerprint."""
        self._reader = reader
        self._terminals = terminals
        self._service_ids = service_ids
        self._credentials = credentials
        self._signed_in = False
        self._signing_in = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._insertion: int | None = None

    async def follow(self) -> None:
        """Keep up with the reader, until cancelled."""
        async for event in self._reader.events():
            async with self._changed:
                match event:
                    case CardInserted(session):
                        self._insertion = session
                    case CardRemoved() | ReaderDown():
                        self._insertion = None
                self._changed.notify_all()

    async def wait_for_card(self, after_insertion: int = 0) -> int:
        """Return the number of the insertion, as soon as a card is in.

        Cards up to an earlier insertion are left out: they were told of before.
        """
        async with self._changed:
            while self._insertion is None or self._insertion <= after_insertion:
                await self._changed.wait()
            return self._insertion

    async def read(self) -> UserCertificate:
        """Read the card that is in. Raises CardError."""
        return await self._reader.read_user_certificate()

    async def look_up(self) -> service_ids_pb2.LookUpServiceIdResponse:
        """Return the number of the holder of the card that is in.

        Raises CardError and TroubleError.
        """
        number = (await self.read()).serial_number
        return await self._asked(lambda: self._service_ids.look_up_service_id(number))

    async def look_up_number(self, text: str) -> tuple[str, str]:
        """Return the number that a text is, and the MyKey ID behind it (SID-4).

        Raises TroubleError, with NO_NUMBER where it is none.
        """
        parsed = parse_number(await self._without_letters(text))
        if parsed.fault is not None:
            raise RefusedError(NO_NUMBER, _(NUMBER_FAULTS[parsed.fault]))
        return parsed.number, await self._asked(
            lambda: self._service_ids.look_up_mykey_id(parsed.number)
        )

    async def _without_letters(self, text: str) -> str:
        """Leave out what a scanner adds to an NW-7 code, where the issuer's barcodes are that."""
        bare = without_nw7_letters(text)
        if bare == text:
            return text
        issuer = await self._asked(self._service_ids.issuer)
        return bare if issuer.handover.symbology == issuers_pb2.SYMBOLOGY_NW7 else text

    async def _asked(self, call: Callable[[], Awaitable[T]]) -> T:
        """Ask the server, in a session. Raises TroubleError."""
        await self._sign_in(again=False)
        try:
            return await call()
        except SessionEndedError:
            await self._sign_in(again=True)
            return await call()

    async def _sign_in(self, *, again: bool) -> None:
        if again:
            self._signed_in = False
        async with self._signing_in:
            if not self._signed_in:
                await self._terminals.sign_in(*self._credentials)
                self._signed_in = True
