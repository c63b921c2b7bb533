"""TerminalService: protobuf in, operation, protobuf out."""

from dataclasses import asdict

from google.protobuf.timestamp_pb2 import Timestamp
from jichipoint.v1 import terminals_pb2 as pb
from peewee import Database

from server.callers.errors import TerminalReason
from server.callers.rules import active_terminal, check_certificate
from server.callers.sessions import Session, Sessions
from server.callers.sign_in import (
    NewSession,
    bind_machine,
    end_session,
    new_session,
)
from server.callers.sign_in_guard import SignInGuard
from server.callers.tables import TerminalRow
from server.callers.values import Terminal, TerminalKey, caller_of
from server.chance import Chance
from server.clock import Clock, Moment, to_datetime
from server.ledger.values import Refusal
from server.ledger.writer import Writer
from server.rpc import fields, pages
from server.rpc.access import (
    ANYONE,
    EVERY_TERMINAL,
    LEDGER_READERS,
    POINT_COUNTERS,
    REDEEMING_COUNTERS,
    SERVICE_ID_COUNTERS,
    VOUCHER_COUNTERS,
    Whose,
    open_to,
)
from server.rpc.calls import Call
from server.rpc.errors import InvalidFieldsError
from server.terminals.addresses import find_addresses
from server.terminals.contacts import Contact, contact_of, set_contact, violations
from server.terminals.issuer_choice import choose_issuer, listed_issuers
from server.terminals.keeping import release_machine
from server.terminals.verifying import Verifier
from server.texts import tidy
from server.threads.costly import Costly
from server.threads.readers import Readers
from server.training.sessions import Training

PASSWORD_LENGTH_MAX = 128
FINGERPRINT_BYTES = 32
PERSON_LENGTH_MAX = 50
PAGE_SIZE, PAGE_SIZE_MAX = 100, 500


class TerminalServicer:
    """Signing in and out."""

    def __init__(
        self,
        writer: Writer,
        readers: Readers,
        sessions: Sessions[Session],
        clock: Clock,
        chance: Chance,
        *,
        guard: SignInGuard,
        costly: Costly,
        training: Training | None = None,
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._sessions = sessions
        self._clock = clock
        self._chance = chance
        self._training = training
        self._costly = costly
        self._verifier = Verifier(readers, guard, costly)

    @open_to(ANYONE, Whose.CALLER)
    async def SignIn(self, request: pb.SignInRequest, call: Call) -> pb.SignInResponse:  # noqa: N802
        """Open a session (TRM-5)."""
        with fields.checked() as checked:
            terminal_id = checked(fields.digits, request.terminal_id, "terminal_id", 8)
            password = checked(fields.secret, request.password, "password", PASSWORD_LENGTH_MAX)
            fingerprint = checked(_fingerprint, request.machine_fingerprint)
            person = checked(_person, request.person)
        if request.training and self._training is None:
            raise Refusal(TerminalReason.TRAINING_NOT_OFFERED)
        check_certificate(caller_of(terminal_id), call.certificate, needs_certificate=False)
        row = await self._verifier.verify(terminal_id, password, fingerprint, call.address)
        now = Moment.of(self._clock.now()).microseconds
        if request.training and self._training is not None:
            return await self._sign_in_for_training(self._training, row, fingerprint)

        def sign_in(database: Database) -> NewSession:
            bind_machine(database, row, fingerprint)
            return new_session(database, terminal_id, now, self._chance, person=person)

        session = await self._writer.run(sign_in)
        return _response(session, await self._terminal(terminal_id))

    async def _active(self, terminal_id: str) -> Terminal:
        key = TerminalKey(terminal_id)
        found = await self._readers.read(lambda reader: reader.look_up([key]).get(key))
        return active_terminal(found)

    async def _terminal(self, terminal_id: str) -> pb.Terminal:
        terminal = _message(await self._active(terminal_id))
        contact = await self._readers.query(lambda database: contact_of(database, terminal_id))
        terminal.has_contact = contact is not None
        return terminal

    async def _sign_in_for_training(
        self, training: Training, row: TerminalRow, machine_fingerprint: bytes
    ) -> pb.SignInResponse:
        """USE-7."""
        await self._writer.run(lambda database: bind_machine(database, row, machine_fingerprint))
        session, terminal, cards = await training.open(row.terminal_id)
        response = _response(session, _message(terminal))
        for card in cards:
            response.practice_cards.add(
                label=card.label, certificate_serial_number=card.serial_number
            )
        return response

    @open_to(LEDGER_READERS, Whose.MUNICIPALITY)
    async def ReleaseMachine(  # noqa: N802
        self, request: pb.ReleaseMachineRequest, call: Call
    ) -> pb.ReleaseMachineResponse:
        """TRM-5."""
        terminal_id = fields.digits(request.terminal_id, "terminal_id", 8)
        caller = await self._active(call.session.terminal_id)
        now = Moment.of(self._clock.now()).microseconds
        ended = await self._writer.run(
            lambda database: release_machine(
                database, terminal_id, now, municipality_code=caller.municipality_code
            )
        )
        for token_hash in ended:
            self._sessions.forget(token_hash)
        return pb.ReleaseMachineResponse()

    @open_to(ANYONE, Whose.NOBODY)
    async def GetServerTime(  # noqa: N802
        self,
        request: pb.GetServerTimeRequest,  # noqa: ARG002
        call: Call,  # noqa: ARG002
    ) -> pb.GetServerTimeResponse:
        """Tell the clock that bookings go by."""
        now = Timestamp()
        now.FromDatetime(self._clock.now())
        return pb.GetServerTimeResponse(server_time=now)

    @open_to(SERVICE_ID_COUNTERS, Whose.NOBODY)
    async def ListIssuers(  # noqa: N802
        self,
        request: pb.ListIssuersRequest,
        call: Call,  # noqa: ARG002
    ) -> pb.ListIssuersResponse:
        """TRM-3."""
        with fields.checked() as checked:
            size = checked(pages.size, request.page_size, PAGE_SIZE, PAGE_SIZE_MAX)
            after = checked(pages.text, request.page_token)
        found = await self._readers.query(
            lambda database: listed_issuers(database, after, size + 1)
        )
        page = found[:size]
        return pb.ListIssuersResponse(
            issuers=[pb.ListIssuersResponse.Issuer(**one._asdict()) for one in page],
            next_page_token=pages.text_token(page[-1].issuer_id) if len(found) > size else "",
        )

    @open_to(SERVICE_ID_COUNTERS, Whose.CALLER)
    async def ChooseIssuer(  # noqa: N802
        self, request: pb.ChooseIssuerRequest, call: Call
    ) -> pb.ChooseIssuerResponse:
        """TRM-3."""
        issuer_id = fields.digits(request.issuer_id, "issuer_id", 6)
        terminal_id = call.session.terminal_id
        await self._writer.run(lambda database: choose_issuer(database, terminal_id, issuer_id))
        self._sessions.forget(call.session.token_hash)
        return pb.ChooseIssuerResponse(terminal=await self._terminal(terminal_id))

    @open_to(EVERY_TERMINAL, Whose.CALLER)
    async def GetContact(  # noqa: N802
        self,
        request: pb.GetContactRequest,  # noqa: ARG002
        call: Call,
    ) -> pb.GetContactResponse:
        """TRM-4."""
        terminal_id = call.session.terminal_id
        contact = await self._readers.query(lambda database: contact_of(database, terminal_id))
        return pb.GetContactResponse(
            contact=None if contact is None else pb.Contact(**asdict(contact))
        )

    @open_to(EVERY_TERMINAL, Whose.CALLER)
    async def SetContact(  # noqa: N802
        self, request: pb.SetContactRequest, call: Call
    ) -> pb.SetContactResponse:
        """TRM-4."""
        contact = _contact(request.contact)
        terminal_id = call.session.terminal_id
        await self._writer.run(lambda database: set_contact(database, terminal_id, contact))
        return pb.SetContactResponse(terminal=await self._terminal(terminal_id))

    @open_to(EVERY_TERMINAL, Whose.NOBODY)
    async def FindAddresses(  # noqa: N802
        self, request: pb.FindAddressesRequest, call: Call
    ) -> pb.FindAddressesResponse:
        """SET-3."""
        postal_code = fields.digits(request.postal_code, "postal_code", 7)
        found = await self._costly.asking.run(
            call.session.caller, lambda: find_addresses(postal_code)
        )
        return pb.FindAddressesResponse(
            addresses=[pb.FindAddressesResponse.FoundAddress(**one._asdict()) for one in found]
        )

    @open_to(EVERY_TERMINAL, Whose.CALLER, withdrawn_too=True)
    async def SignOut(self, request: pb.SignOutRequest, call: Call) -> pb.SignOutResponse:  # noqa: N802, ARG002
        """End the call's session."""
        token_hash = call.session.token_hash
        now = Moment.of(self._clock.now()).microseconds
        await self._writer.run(lambda database: end_session(database, token_hash, now))
        self._sessions.forget(token_hash)
        return pb.SignOutResponse()


def _fingerprint(value: bytes) -> bytes:
    if len(value) != FINGERPRINT_BYTES:
        raise fields.invalid(
            "machine_fingerprint", f"{FINGERPRINT_BYTES} bytes", f"{FINGERPRINT_BYTES}バイト"
        )
    return value


def _person(value: str) -> str:
    return fields.text(value, "person", PERSON_LENGTH_MAX) if value else ""


def _response(session: NewSession, terminal: pb.Terminal) -> pb.SignInResponse:
    expire_time = Timestamp()
    expire_time.FromDatetime(to_datetime(session.expires_at))
    return pb.SignInResponse(
        session_token=session.token, expire_time=expire_time, terminal=terminal
    )


def _contact(sent: pb.Contact) -> Contact:
    """Return a contact. Raises InvalidFieldsError with every field that is not valid."""
    contact = Contact(
        contact_name=tidy(sent.contact_name),
        postal_code=sent.postal_code,
        prefecture=sent.prefecture,
        address=tidy(sent.address),
        telephone=sent.telephone,
        mail=sent.mail,
    )
    wrong = violations(contact)
    if wrong:
        raise InvalidFieldsError([one._replace(field=f"contact.{one.field}") for one in wrong])
    return contact


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
        can_spend=terminal.terminal_class in POINT_COUNTERS,
        can_issue_vouchers=terminal.terminal_class in VOUCHER_COUNTERS,
        can_redeem_vouchers=terminal.terminal_class in REDEEMING_COUNTERS,
    )
