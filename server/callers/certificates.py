"""Client certificates: whom one stands for, and which a connection shows (SEC-1)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from peewee import Database

from server.callers.tables import ClientCertificateRow
from server.callers.values import ShownCertificate
from server.clock import Clock, Moment
from server.db.queries import rows

CACHED_MAX = 10_000
CACHED_MICROSECONDS = 5_000_000
"""A certificate that another process ties or unties is taken as before for so long at most."""


class Connected(Protocol):
    """A call's context, as far as it tells of its connection."""

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """Return what TLS tells of the client."""
        ...


class ShownCertificates:
    """Finds whom a connection's certificate stands for."""

    def __init__(self, load: Callable[[bytes], Awaitable[str]], clock: Clock) -> None:
        """`load` reads whom a certificate stands for, by its fingerprint; '' for nobody."""
        self._load = load
        self._clock = clock
        self._cached: dict[bytes, tuple[str, int]] = {}

    async def of(self, context: Connected) -> ShownCertificate | None:
        """Return what a call's connection shows, or None where it shows nothing."""
        shown = next(iter(context.auth_context().get("x509_pem_cert", ())), None)
        if shown is None:
            return None
        fingerprint = fingerprint_of(shown)
        now = Moment.of(self._clock.now()).microseconds
        caller, read_at = self._cached.get(fingerprint, ("", None))
        if read_at is None or abs(now - read_at) >= CACHED_MICROSECONDS:
            caller = await self._load(fingerprint)
            if len(self._cached) >= CACHED_MAX:
                self._cached.clear()
            self._cached[fingerprint] = (caller, now)
        return ShownCertificate(fingerprint, caller)


@lru_cache(maxsize=1024)
def fingerprint_of(pem: bytes) -> bytes:
    """Return the SHA-256 of the first certificate. Raises ValueError where there is none."""
    return x509.load_pem_x509_certificates(pem)[0].fingerprint(SHA256())


def caller_of_certificate(database: Database, fingerprint: bytes) -> str:
    """Return whom a certificate stands for; '' for nobody."""
    found = rows(
        database, "SELECT caller FROM client_certificate WHERE fingerprint = ?", fingerprint
    )
    return str(found[0][0]) if found else ""


def certificates_of(database: Database, caller: str) -> list[bytes]:
    """Return the fingerprints of a caller's certificates, oldest first."""
    query = "SELECT fingerprint FROM client_certificate WHERE caller = ? ORDER BY added_at, 1"
    return [bytes(fingerprint) for (fingerprint,) in rows(database, query, caller)]


def tie(database: Database, fingerprint: bytes, caller: str, now: int) -> None:
    """Let a certificate that stands for nobody yet stand for a caller."""
    ClientCertificateRow.insert(fingerprint=fingerprint, caller=caller, added_at=now).execute(
        database
    )


def untie(database: Database, fingerprint: bytes, caller: str) -> bool:
    """Let a caller's certificate stand for nobody; whether it stood for that caller."""
    query = ClientCertificateRow.delete().where(
        (ClientCertificateRow.fingerprint == fingerprint) & (ClientCertificateRow.caller == caller)
    )
    return bool(query.execute(database))
