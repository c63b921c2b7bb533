"""MykeyService: protobuf in, operation, protobuf out."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, TypeVar

from jichipoint.v1 import mykey_pb2 as pb
from peewee import Database

from server.callers.guessing import Guesses
from server.callers.sign_in import fits_password, hash_password
from server.chance import Chance
from server.citizens.proofs import CardProofs, SignedChallenge
from server.citizens.renewals import Cards
from server.citizens.values import CertificateKey, Holder
from server.clock import Clock, Moment
from server.ledger.values import Refusal, RequestKey
from server.ledger.writer import Writer
from server.mykey_ids import attempts
from server.mykey_ids.errors import MykeyReason
from server.mykey_ids.holdings import ProgramPoints
from server.mykey_ids.passwords import GUESSED_PASSWORDS, TRIES_MAX, password_hash_of
from server.mykey_ids.reading import base_municipalities, own_service_ids
from server.mykey_ids.registering import (
    NOT_LOOKED_AT,
    ChangeMykeyCommand,
    Profile,
    RegisterMykeyCommand,
    TieCardCommand,
    WithPassword,
    refused_before,
)
from server.mykey_ids.revoking import (
    Losses,
    Revoked,
    RevokeMykeyCommand,
    losses_before,
    release_commands,
)
from server.mykey_ids.rules import (
    LENGTH,
    MAIL_LENGTH_MAX,
    candidate_of,
    is_mail_address,
    is_password,
    may_begin,
    open_attempt,
)
from server.mykey_ids.values import Attempt, Purpose
from server.rpc import fields, pages
from server.rpc.access import SERVICE_ID_COUNTERS, Whose, open_to
from server.rpc.booking import book, fingerprint, timestamp
from server.rpc.calls import Call
from server.threads.costly import Costly
from server.threads.readers import Readers

PAGE_SIZE, PAGE_SIZE_MAX = 100, 500
PASSWORD_FIELD_MAX = 128

T = TypeVar("T")


class MykeyServicer:
    """Making, changing and revoking MyKey IDs, and tying new cards to them."""

    def __init__(
        self,
        writer: Writer,
        readers: Readers,
        cards: Cards,
        clock: Clock,
        chance: Chance,
        *,
        proofs: CardProofs,
        costly: Costly,
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._cards = cards
        self._clock = clock
        self._chance = chance
        self._proofs = proofs
        self._costly = costly
        self._guesses = Guesses(GUESSED_PASSWORDS, writer, readers, clock)

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def BeginAttempt(  # noqa: N802
        self, request: pb.BeginAttemptRequest, call: Call
    ) -> pb.BeginAttemptResponse:
        """MKY-1: card and PIN."""
        with fields.checked() as checked:
            request_id = checked(fields.request_id, request.request_id)
            purpose = checked(_purpose, request.purpose)
        key = RequestKey(call.session.caller, request_id)
        signed = SignedChallenge(
            request.card_proof.challenge,
            request.card_proof.certificate,
            request.card_proof.signature,
        )
        card = await self._proofs.identify(signed, key)
        if purpose != Purpose.TIE:
            await self._cards.tie_if_renewed(card.serial_number)
        certificate_key = CertificateKey(card.serial_number)
        holder: Holder | None = await self._readers.read(
            lambda reader: reader.look_up([certificate_key]).get(certificate_key)
        )
        may_begin(purpose, holder, card.last_good_day, self._now().day)
        citizen_id = holder.citizen_id if holder and purpose not in _NEW_CARDS else None
        now = self._now().microseconds
        attempt = await self._writer.run(
            lambda database: attempts.begin(
                database,
                key,
                purpose=purpose,
                serial_number=card.serial_number,
                last_good_day=card.last_good_day,
                citizen_id=citizen_id,
                now=now,
            )
        )
        return pb.BeginAttemptResponse(
            expire_time=timestamp(attempt.expires_at),
            mykey_id=holder.mykey_id if holder and citizen_id is not None else "",
        )

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def ProposeMykeyId(  # noqa: N802
        self, request: pb.ProposeMykeyIdRequest, call: Call
    ) -> pb.ProposeMykeyIdResponse:
        """MKY-2."""
        key, now = _attempt_key(request.attempt_id, call), self._now().microseconds
        candidate, left = await self._writer.run(
            lambda database: attempts.propose(database, key, self._draw, now)
        )
        return pb.ProposeMykeyIdResponse(mykey_id=candidate, proposals_left=left)

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def CheckMykeyId(  # noqa: N802
        self, request: pb.CheckMykeyIdRequest, call: Call
    ) -> pb.CheckMykeyIdResponse:
        """MKY-3."""
        with fields.checked() as checked:
            key = checked(_attempt_key, request.attempt_id, call)
            mykey_id = checked(fields.mykey_id, request.mykey_id)
        now = self._now().microseconds
        is_free, left, proposed = await self._writer.run(
            lambda database: attempts.check(database, key, mykey_id, self._draw, now)
        )
        answer = pb.CheckMykeyIdResponse(is_free=is_free, refusals_left=left)
        if proposed is not None:
            answer.proposal.mykey_id, answer.proposal.proposals_left = proposed
        return answer

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def RegisterMykeyId(  # noqa: N802
        self, request: pb.RegisterMykeyIdRequest, call: Call
    ) -> bytes:
        """MKY-1, MKY-4. The password is in no fingerprint: a quick hash of it would tell it."""
        code = request.base_municipality_code
        with fields.checked() as checked:
            names = checked(_names_in, request, call)
            mykey_id = checked(fields.mykey_id, request.mykey_id)
            password = checked(_password, request.password)
            mail = checked(_mail, request.mail)
            choices = checked(_choices, request)
            checked(fields.digits, code, "base_municipality_code", 6)
        profile = Profile(NOT_LOOKED_AT, mail, *choices, code)
        attempt = await self._found(names.attempt)
        await self._cards.tie_if_renewed(attempt.serial_number)
        request.ClearField("password")
        command = RegisterMykeyCommand(
            names.request,
            fingerprint("RegisterMykeyId", request),
            call.session.terminal_id,
            request.attempt_id,
            attempt.serial_number,
            mykey_id,
            profile,
            lambda mykey_id: pb.RegisterMykeyIdResponse(mykey_id=mykey_id).SerializeToString(),
        )
        hashed = await self._unless_refused(command, call, lambda: hash_password(password))
        command = replace(command, profile=replace(profile, password_hash=hashed))
        return await book(self._writer, command, call)

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def ChangeMykeyId(self, request: pb.ChangeMykeyIdRequest, call: Call) -> bytes:  # noqa: N802
        """MKY-6."""
        with fields.checked() as checked:
            names = checked(_names_in, request, call)
            mykey_id = checked(fields.mykey_id, request.mykey_id)
        attempt = await self._found(names.attempt)
        command = ChangeMykeyCommand(
            names.request,
            fingerprint("ChangeMykeyId", request),
            call.session.terminal_id,
            request.attempt_id,
            attempt.serial_number,
            mykey_id,
            lambda new, old: pb.ChangeMykeyIdResponse(
                mykey_id=new, replaced=old
            ).SerializeToString(),
        )
        return await book(self._writer, command, call)

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def GetRevocationLosses(  # noqa: N802
        self, request: pb.GetRevocationLossesRequest, call: Call
    ) -> pb.GetRevocationLossesResponse:
        """MKY-7."""
        attempt = await self._open(request.attempt_id, call, Purpose.REVOKE)
        found = await self._losses(attempt)
        return pb.GetRevocationLossesResponse(
            losses=[_loss(one) for one in found.losses],
            service_ids=found.belongings.service_ids,
            holds=len(found.belongings.open_holds),
        )

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def RevokeMykeyId(self, request: pb.RevokeMykeyIdRequest, call: Call) -> bytes:  # noqa: N802
        """MKY-7: what is held for orders goes back first, so that it lapses with the rest."""
        names = _names_in(request, call)
        attempt = await self._found(names.attempt)
        command = RevokeMykeyCommand(
            names.request,
            fingerprint("RevokeMykeyId", request),
            call.session.terminal_id,
            request.attempt_id,
            attempt.serial_number,
            attempt.citizen_id or 0,
            request.shown_points,
            _revoked,
        )
        if not attempt.ended and attempt.purpose == Purpose.REVOKE:
            found = await self._losses(attempt)
            if found.points == request.shown_points:
                for release in release_commands(found.belongings, names.request):
                    await self._writer.book(release, call.timeout_seconds)
        return await book(self._writer, command, call)

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def TieCard(self, request: pb.TieCardRequest, call: Call) -> bytes:  # noqa: N802
        """CRD-4. The password is in no fingerprint."""
        with fields.checked() as checked:
            names = checked(_names_in, request, call)
            mykey_id = checked(fields.mykey_id, request.mykey_id)
            password = checked(fields.secret, request.password, "password", PASSWORD_FIELD_MAX)
        attempt = await self._found(names.attempt)
        request.ClearField("password")
        async with self._guesses.watched(call.session.terminal_id):
            kept = await self._query(lambda database: password_hash_of(database, mykey_id))
            command = TieCardCommand(
                names.request,
                fingerprint("TieCard", request),
                call.session.terminal_id,
                request.attempt_id,
                attempt.serial_number,
                mykey_id,
                NOT_LOOKED_AT,
                lambda mykey_id: pb.TieCardResponse(mykey_id=mykey_id).SerializeToString(),
            )
            fits = await self._unless_refused(command, call, lambda: fits_password(kept, password))
            command = replace(command, password_fits=fits)
            try:
                return await book(self._writer, command, call)
            except Refusal as refusal:
                if refusal.reason == MykeyReason.MYKEY_PASSWORD_WRONG:
                    await self._count_wrong_password(attempt)
                raise

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def ListOwnServiceIds(  # noqa: N802
        self, request: pb.ListOwnServiceIdsRequest, call: Call
    ) -> pb.ListOwnServiceIdsResponse:
        """S57."""
        attempt = await self._open(request.attempt_id, call, Purpose.SERVICE_IDS)
        found = await self._query(
            lambda database: own_service_ids(database, attempt.citizen_id or 0)
        )
        return pb.ListOwnServiceIdsResponse(
            service_ids=[pb.OwnServiceId(**one._asdict()) for one in found]
        )

    @open_to(SERVICE_ID_COUNTERS, Whose.HOLDER)
    async def EndAttempt(  # noqa: N802
        self, request: pb.EndAttemptRequest, call: Call
    ) -> pb.EndAttemptResponse:
        """Free the candidate."""
        key, now = _attempt_key(request.attempt_id, call), self._now().microseconds
        await self._writer.run(lambda database: attempts.end(database, key, now))
        return pb.EndAttemptResponse()

    @open_to(SERVICE_ID_COUNTERS, Whose.NOBODY)
    async def ListBaseMunicipalities(  # noqa: N802
        self,
        request: pb.ListBaseMunicipalitiesRequest,
        call: Call,  # noqa: ARG002
    ) -> pb.ListBaseMunicipalitiesResponse:
        """MKY-4."""
        with fields.checked() as checked:
            size = checked(pages.size, request.page_size, PAGE_SIZE, PAGE_SIZE_MAX)
            after = checked(pages.text, request.page_token)
        found = await self._query(lambda database: base_municipalities(database, after, size + 1))
        page = found[:size]
        token = pages.text_token(page[-1].municipality_code) if len(found) > size else ""
        return pb.ListBaseMunicipalitiesResponse(
            municipalities=[pb.BaseMunicipality(**one._asdict()) for one in page],
            next_page_token=token,
        )

    async def _open(self, attempt_id: str, call: Call, purpose: Purpose) -> Attempt:
        attempt = await self._found(_attempt_key(attempt_id, call))
        return open_attempt(attempt, self._now().microseconds, purpose)

    async def _found(self, key: RequestKey) -> Attempt:
        """Return an attempt as it is: over, where its request comes again."""
        attempt = await self._query(lambda database: attempts.find(database, key))
        if attempt is None:
            raise Refusal(MykeyReason.ATTEMPT_OVER)
        return attempt

    async def _losses(self, attempt: Attempt) -> Losses:
        citizen_id = attempt.citizen_id or 0
        return await self._readers.read(lambda reader: losses_before(reader, citizen_id))

    async def _count_wrong_password(self, attempt: Attempt) -> None:
        now = self._now().microseconds
        await self._writer.run(
            lambda database: attempts.count_wrong_password(
                database, attempt.request, TRIES_MAX, now
            )
        )

    async def _unless_refused(
        self, command: WithPassword, call: Call, look_at_password: Callable[[], T]
    ) -> T | Refusal:
        """Look at a password, or return what the command is refused with without that."""
        now = self._now()
        refusal = await self._readers.read(lambda reader: refused_before(reader, command, now))
        if refusal is not None:
            return refusal
        return await self._costly.passwords.run(call.session.caller, look_at_password)

    async def _query(self, work: Callable[[Database], T]) -> T:
        return await self._readers.query(work)

    def _draw(self) -> str:
        return candidate_of(self._chance.bytes(LENGTH))

    def _now(self) -> Moment:
        return Moment.of(self._clock.now())


_WITHOUT_MAIL = "メールアドレスがないときは選べません"
_NEW_CARDS = (Purpose.CREATE, Purpose.TIE)
"""For these the card has no holder yet, or one whose MyKey ID was revoked."""


class _Names(NamedTuple):
    """What names a request, and the attempt that it belongs to."""

    request: RequestKey
    attempt: RequestKey


def _names_in(
    request: pb.RegisterMykeyIdRequest
    | pb.ChangeMykeyIdRequest
    | pb.RevokeMykeyIdRequest
    | pb.TieCardRequest,
    call: Call,
) -> _Names:
    with fields.checked() as checked:
        request_id = checked(fields.request_id, request.request_id)
        attempt = checked(_attempt_key, request.attempt_id, call)
    return _Names(RequestKey(call.session.caller, request_id), attempt)


def _attempt_key(attempt_id: str, call: Call) -> RequestKey:
    return RequestKey(call.session.caller, fields.request_id(attempt_id, "attempt_id"))


def _purpose(value: pb.AttemptPurpose.ValueType) -> Purpose:
    try:
        return Purpose(pb.AttemptPurpose.Name(value).removeprefix("ATTEMPT_PURPOSE_"))
    except ValueError as error:
        raise fields.invalid("purpose", "one of the purposes", "決められた種類の一つ") from error


def _password(value: str) -> str:
    if not is_password(value):
        raise fields.invalid(
            "password", "6 to 16 half-width letters and digits", "半角の英数字6～16文字"
        )
    return value


def _mail(value: str) -> str:
    if value and not is_mail_address(value):
        raise fields.invalid(
            "mail",
            f"a mail address of at most {MAIL_LENGTH_MAX} characters",
            f"{MAIL_LENGTH_MAX}文字以内のメールアドレス",
        )
    return value


def _choices(request: pb.RegisterMykeyIdRequest) -> tuple[bool, bool, bool, bool]:
    choices = request.mail_choices
    chosen = (choices.granted, choices.lapsed, choices.password, choices.mykey_id)
    if any(chosen) and not request.mail:
        raise fields.invalid("mail_choices", "none without a mail address", _WITHOUT_MAIL)
    return chosen


def _loss(one: ProgramPoints) -> pb.ProgramLoss:
    return pb.ProgramLoss(
        program_id=one.program_id, program_name=one.program_name, points=one.points
    )


def _revoked(revoked: Revoked) -> bytes:
    return pb.RevokeMykeyIdResponse(
        mykey_id=revoked.mykey_id,
        transaction_number=revoked.transaction_number or "",
        losses=[_loss(one) for one in revoked.losses],
    ).SerializeToString()
