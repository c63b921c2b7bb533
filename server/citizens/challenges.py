"""Challenges that cards sign: each is good for one request of one caller, and not for long.

Nothing is kept of a challenge. It carries its own end and a code (HMAC-SHA-256, RFC 2104)
over the request it was made for; a request is booked once, and so its proof is used once.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from server.chance import Chance
from server.citizens.errors import CitizenReason
from server.ledger.values import Refusal, RequestKey

LIFETIME = timedelta(minutes=2)
KEY_USE = "card challenges"
"""What the vault derives their key for."""

_END_BYTES = 8
_CHANCE_BYTES = 24
_CODE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a card is to sign."""

    content: bytes
    expires_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""


class Challenges:
    """Makes challenges, and knows its own again."""

    def __init__(self, key: bytes, chance: Chance) -> None:
        self._key = key
        self._chance = chance

    def make(self, request: RequestKey, now: int) -> Challenge:
        """Return a new challenge for a request; `now` in microseconds."""
        expires_at = now + LIFETIME // timedelta(microseconds=1)
        head = expires_at.to_bytes(_END_BYTES, "big") + self._chance.bytes(_CHANCE_BYTES)
        return Challenge(head + self._code(head, request), expires_at)

    def check(self, content: bytes, request: RequestKey, now: int) -> None:
        """Raise Refusal unless this is a challenge of ours for the request, and still good."""
        head, code = content[:-_CODE_BYTES], content[-_CODE_BYTES:]
        is_ours = len(head) == _END_BYTES + _CHANCE_BYTES
        if not is_ours or not hmac.compare_digest(code, self._code(head, request)):
            raise Refusal(CitizenReason.CHALLENGE_NOT_FOR_THIS_REQUEST)
        if now >= int.from_bytes(head[:_END_BYTES], "big"):
            raise Refusal(CitizenReason.CHALLENGE_EXPIRED)

    def _code(self, head: bytes, request: RequestKey) -> bytes:
        named = "\0".join(request).encode()
        return hmac.digest(self._key, head + named, sha256)
