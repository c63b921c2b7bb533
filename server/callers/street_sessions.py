"""Sessions of streets' systems (DRV-6, SEC-3): random, kept as hashes, good for an hour."""

from dataclasses import dataclass
from datetime import timedelta

from peewee import Database

from server.callers.certificates import certificates_of
from server.callers.sign_in import hash_token
from server.callers.tables import StreetSessionRow
from server.callers.values import street_caller
from server.chance import Chance
from server.db.queries import rows

STREET_PREFIX = "street."
"""Begins the tokens of streets' systems, and is no secret."""
LIFETIME_MICROSECONDS = timedelta(hours=1) // timedelta(microseconds=1)


def is_street(token: str | None) -> bool:
    """Whether a session token is one of a street's system."""
    return token is not None and token.startswith(STREET_PREFIX)


@dataclass(frozen=True, slots=True)
class StreetSession:
    """Which street's system calls."""

    token_hash: bytes
    issuer_id: str
    expires_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    needs_certificate: bool = False
    """Whether client certificates are tied to it, one of which it has to show (SEC-1)."""

    @property
    def caller(self) -> str:
        """How the trail names the caller."""
        return street_caller(self.issuer_id)

    def ends_at(self, used_at: int) -> int:  # noqa: ARG002
        """Return when it ends: used or not."""
        return self.expires_at


def open_street_session(database: Database, token_hash: bytes) -> StreetSession | None:
    """Return a session that has not ended, by its token's hash."""
    found = rows(
        database,
        """SELECT issuer_id, expires_at FROM street_session
        WHERE token_hash = ? AND ended_at IS NULL""",
        token_hash,
    )
    if not found:
        return None
    ((issuer_id, expires_at),) = found
    certificates = certificates_of(database, street_caller(issuer_id))
    return StreetSession(token_hash, issuer_id, expires_at, bool(certificates))


def new_street_session(
    database: Database, issuer_id: str, now: int, chance: Chance
) -> tuple[str, int]:
    """Open a session and return its token and its end; runs in the writer's thread."""
    token = STREET_PREFIX + chance.bytes(32).hex()
    expires_at = now + LIFETIME_MICROSECONDS
    StreetSessionRow.insert(
        token_hash=hash_token(token),
        issuer_id=issuer_id,
        signed_in_at=now,
        expires_at=expires_at,
    ).execute(database)
    return token, expires_at
