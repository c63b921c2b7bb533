"""Whether a request came with the proof that its card was there and the PIN was known (CRD-2)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from server.citizens.challenges import Challenge, Challenges
from server.citizens.errors import CitizenReason
from server.citizens.values import Proof
from server.clock import Clock, Moment
from server.ledger.values import Refusal, RequestKey
from server.serial_numbers import SerialNumber
from server.threads.costly import Costly, Run


@dataclass(frozen=True, slots=True)
class SignedChallenge:
    """What came with a request."""

    challenge: bytes
    certificate: bytes
    """The card's user-authentication certificate, DER."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class ProvedCard:
    """The card that signed, as its certificate says."""

    serial_number: SerialNumber
    """Of the user-authentication certificate."""
    last_good_day: date


Verify = Callable[[SignedChallenge, Run], Awaitable[ProvedCard]]
"""Returns the card that signed, or raises Refusal; what waits for others goes through `Run`."""


class CardProofs:
    """Makes challenges, and checks what cards signed."""

    def __init__(
        self, challenges: Challenges, verify: Verify | None, clock: Clock, costly: Costly
    ) -> None:
        self._challenges = challenges
        self._verify = verify
        self._clock = clock
        self._costly = costly

    def challenge(self, request: RequestKey) -> Challenge:
        """Return a challenge for a request. Raises Refusal where no proof could be checked."""
        self._verifier()
        return self._challenges.make(request, self._now())

    async def shown(
        self,
        signed: SignedChallenge | None,
        serial_number: str,
        request: RequestKey,
    ) -> Proof | None:
        """Return what came along with a request shows, or what is wrong with it.

        `serial_number` is that of the card that was shown; empty for a card that cannot sign.
        It is not raised: a request that comes again gets the answer it had, although its
        challenge is no longer good by then. None where nothing came along. Raises
        QueueFullError.
        """
        if signed is None:
            return None
        if not serial_number:
            return Refusal(CitizenReason.CARD_SIGNATURE_WRONG)
        try:
            return (await self.identify(signed, request)).serial_number
        except Refusal as refusal:
            return refusal

    async def identify(self, signed: SignedChallenge, request: RequestKey) -> ProvedCard:
        """Return the card that signed a request's challenge. Raises Refusal and QueueFullError."""
        self._challenges.check(signed.challenge, request, self._now())
        verify = self._verifier()
        async with self._costly.asking.turn(request.caller) as run:
            return await verify(signed, run)

    def _verifier(self) -> Verify:
        if self._verify is None:
            raise Refusal(CitizenReason.CARD_AUTHORITY_MISSING)
        return self._verify

    def _now(self) -> int:
        return Moment.of(self._clock.now()).microseconds


class PracticeProofs(CardProofs):
    """Those of training (USE-7): the counter asks for a PIN, and a made-up card signs nothing."""

    def challenge(self, request: RequestKey) -> Challenge:
        """Return a challenge for a request; nothing is checked, so no authority is needed."""
        return self._challenges.make(request, self._now())

    async def shown(
        self,
        signed: SignedChallenge | None,  # noqa: ARG002
        serial_number: str,
        request: RequestKey,  # noqa: ARG002
    ) -> Proof | None:
        """Return the card that was shown; None for a street's card, which has no PIN there too."""
        return serial_number or None
