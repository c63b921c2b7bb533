"""StreetService: protobuf in, operation, protobuf out."""

from jichipoint.v1 import streets_pb2 as pb
from peewee import Database

from server.callers.certificates import certificates_of
from server.callers.rules import check_certificate
from server.callers.sign_in_guard import SignInGuard, by_address
from server.callers.street_sessions import new_street_session
from server.callers.values import street_caller
from server.chance import Chance
from server.clock import Clock, Moment
from server.ledger.writer import Writer
from server.merging.states import Answer, MergeEvent, answer_to, known_merges, note
from server.rpc import fields
from server.rpc.access import ANYONE, ISSUER_SYSTEMS, Whose, open_to
from server.rpc.booking import timestamp
from server.rpc.calls import Call
from server.secrets import Vault
from server.streets.errors import StreetReason
from server.streets.sign_in import check_client_secret
from server.threads.readers import Readers

CLIENT_SECRET_LENGTH_MAX = 128
MERGES_MAX = 1000


class StreetServicer:
    """Signing in and acknowledging."""

    def __init__(
        self,
        writer: Writer,
        readers: Readers,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        *,
        guard: SignInGuard,
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._guard = guard

    @open_to(ANYONE, Whose.CALLER)
    async def StreetSignIn(  # noqa: N802
        self,
        request: pb.StreetSignInRequest,
        call: Call,
    ) -> pb.StreetSignInResponse:
        """DRV-6."""
        given = request.client_secret
        with fields.checked() as checked:
            issuer_id = checked(fields.digits, request.issuer_id, "issuer_id", 6)
            secret = checked(fields.text, given, "client_secret", CLIENT_SECRET_LENGTH_MAX)
        caller = street_caller(issuer_id)
        check_certificate(caller, call.certificate, needs_certificate=False)

        def check(database: Database) -> bool:
            check_client_secret(database, self._vault, issuer_id, secret)
            return bool(certificates_of(database, caller))

        tried = by_address(f"street {issuer_id}", call.address)
        with self._guard.trying(tried, StreetReason.STREET_SIGN_IN_REFUSED):
            needs_certificate = await self._readers.query(check)
        check_certificate(caller, call.certificate, needs_certificate=needs_certificate)
        now = Moment.of(self._clock.now()).microseconds
        token, expires_at = await self._writer.run(
            lambda database: new_street_session(database, issuer_id, now, self._chance)
        )
        return pb.StreetSignInResponse(session_token=token, expire_time=timestamp(expires_at))

    @open_to(ISSUER_SYSTEMS, Whose.ISSUER)
    async def AcknowledgeMerges(  # noqa: N802
        self, request: pb.AcknowledgeMergesRequest, call: Call
    ) -> pb.AcknowledgeMergesResponse:
        """MRG-8."""
        if not 1 <= len(request.merges) <= MERGES_MAX:
            raise fields.invalid("merges", f"1 to {MERGES_MAX}", f"1～{MERGES_MAX}件")
        session = call.street_session
        with fields.checked() as checked:
            given = [
                (
                    checked(fields.text, one.transaction_number, f"{place}.transaction_number", 20),
                    one.points,
                )
                for place, one in (
                    (f"merges[{number}]", one) for number, one in enumerate(request.merges)
                )
            ]
        known = await self._readers.query(
            lambda database: known_merges(database, session.issuer_id, [one[0] for one in given])
        )
        answers = [(number, answer_to(known.get(number), points)) for number, points in given]
        taken = [
            known[number].transaction_id
            for number, answer in answers
            if answer is Answer.ACKNOWLEDGED
        ]
        await self._note(taken, session.caller)
        return pb.AcknowledgeMergesResponse(
            answers=[
                pb.AcknowledgeMergesResponse.Answer(
                    transaction_number=number,
                    result=pb.AcknowledgementResult.Value(f"ACKNOWLEDGEMENT_RESULT_{answer}"),
                )
                for number, answer in answers
            ]
        )

    async def _note(self, transaction_ids: list[int], caller: str) -> None:
        now = Moment.of(self._clock.now()).microseconds

        def acknowledge(database: Database) -> None:
            note(database, transaction_ids, MergeEvent.ACKNOWLEDGED, now, caller)

        if transaction_ids:
            await self._writer.run(acknowledge)
