"""TerminalService: protobuf in, operation, protobuf out."""

import asyncio

from google.protobuf.timestamp_pb2 import Timestamp
from jichipoint.v1 import terminals_pb2 as pb

from server.chance import Chance
from server.clock import Clock, Moment, to_datetime
from server.ledger.writer import Writer
from server.readers import Readers
from server.rpc import fields
from server.rpc.access import ANYONE, EVERY_TERMINAL, open_to
from server.rpc.calls import Call
from server.terminals.rules import active_terminal
from server.terminals.sessions import Sessions
from server.terminals.sign_in import check_password, end_session, find_terminal, open_session
from server.terminals.values import Terminal, TerminalKey

PASSWORD_LENGTH_MAX = 128
FINGERPRINT_BYTES = 32


class TerminalServicer:
    """Signing in and out."""

    def __init__(
        self, writer: Writer, readers: Readers, sessions: Sessions, clock: Clock, chance: Chance
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._sessions = sessions
        self._clock = clock
        self._chance = chance

    @open_to(ANYONE)
    async def SignIn(self, request: pb.SignInRequest, call: Call) -> pb.SignInResponse:  # noqa: N802, ARG002
        """Open a session (TRM-5)."""
        terminal_id = fields.digits(request.terminal_id, "terminal_id", 8)
        if not 1 <= len(request.password) <= PASSWORD_LENGTH_MAX:
            raise fields.invalid("password", f"1 to {PASSWORD_LENGTH_MAX} characters")
        if len(request.machine_fingerprint) != FINGERPRINT_BYTES:
            raise fields.invalid("machine_fingerprint", f"{FINGERPRINT_BYTES} bytes")
        found = await self._readers.query(lambda database: find_terminal(database, terminal_id))
        row = await asyncio.to_thread(check_password, found, request.password)
        now = Moment.of(self._clock.now()).microseconds
        fingerprint = request.machine_fingerprint
        session = await self._writer.run(
            lambda database: open_session(database, row, fingerprint, now, self._chance)
        )
        key = TerminalKey(terminal_id)
        terminal = await self._readers.read(lambda reader: reader.look_up([key]).get(key))
        expire_time = Timestamp()
        expire_time.FromDatetime(to_datetime(session.expires_at))
        return pb.SignInResponse(
            session_token=session.token,
            expire_time=expire_time,
            terminal=_message(active_terminal(terminal)),
        )

    @open_to(ANYONE)
    async def GetServerTime(  # noqa: N802
        self,
        request: pb.GetServerTimeRequest,  # noqa: ARG002
        call: Call,  # noqa: ARG002
    ) -> pb.GetServerTimeResponse:
        """Tell the clock that bookings go by."""
        now = Timestamp()
        now.FromDatetime(self._clock.now())
        return pb.GetServerTimeResponse(server_time=now)

    @open_to(EVERY_TERMINAL)
    async def SignOut(self, request: pb.SignOutRequest, call: Call) -> pb.SignOutResponse:  # noqa: N802, ARG002
        """End the call's session."""
        token_hash = call.session.token_hash
        now = Moment.of(self._clock.now()).microseconds
        await self._writer.run(lambda database: end_session(database, token_hash, now))
        self._sessions.forget(token_hash)
        return pb.SignOutResponse()


def _message(terminal: Terminal) -> pb.Terminal:
    return pb.Terminal(
        terminal_id=terminal.terminal_id,
        terminal_class=pb.TerminalClass.Value(f"TERMINAL_CLASS_{terminal.terminal_class}"),
        municipality_name=terminal.municipality_name,
        place_name=terminal.place_name,
        terminal_name=terminal.name,
        issuer_id=terminal.issuer_id or "",
        issuer_name=terminal.issuer_name,
        can_merge=terminal.can_merge,
    )
