"""What the agent does: it follows the reader, reads cards, and asks the server."""

import asyncio
from typing import Protocol

from jichipoint.v1 import service_ids_pb2

from counter_tui.card.reader import (
    CardInserted,
    CardReader,
    CardRemoved,
    ReaderDown,
    UserCertificate,
)
from counter_tui.core.bookings import SessionEndedError


class Server(Protocol):
    """What the agent needs of the server."""

    async def sign_in(self, terminal_id: str, password: str, machine_fingerprint: bytes) -> object:
        """Open a session for all later calls. Raises TroubleError."""
        ...

    async def look_up_service_id(
        self, serial_number: str
    ) -> service_ids_pb2.LookUpServiceIdResponse:
        """SID-3. Raises TroubleError."""
        ...


class Desk:
    """One reader and one terminal, for any number of programs. Used in one event loop."""

    def __init__(
        self,
        reader: CardReader,
        server: Server,
        terminal_id: str,
        password: str,
        machine_fingerprint: bytes,
    ) -> None:
        self._reader = reader
        self._server = server
        self._credentials = terminal_id, password, machine_fingerprint
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

    async def wait_for_card(self) -> int:
        """Return the number of the insertion, as soon as a card is in."""
        async with self._changed:
            while self._insertion is None:
                await self._changed.wait()
            return self._insertion

    async def read(self) -> UserCertificate:
        """Read the card that is in. Raises CardError."""
        return await self._reader.read_user_certificate()

    async def look_up(self) -> service_ids_pb2.LookUpServiceIdResponse:
        """Return the number of the holder of the card that is in.

        Raises CardError and TroubleError.
        """
        certificate = await self.read()
        await self._sign_in(again=False)
        try:
            return await self._server.look_up_service_id(certificate.serial_number)
        except SessionEndedError:
            await self._sign_in(again=True)
            return await self._server.look_up_service_id(certificate.serial_number)

    async def _sign_in(self, *, again: bool) -> None:
        if again:
            self._signed_in = False
        async with self._signing_in:
            if not self._signed_in:
                await self._server.sign_in(*self._credentials)
                self._signed_in = True
