"""Whether a certificate was revoked: what all sources have in common, and lists (CRD-2)."""

from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509

from server.citizens.anchors import Anchor
from server.citizens.errors import RevocationUnknownError
from server.threads.costly import Run


class Revocation(Protocol):
    """A source that knows what was revoked."""

    async def is_revoked(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
    ) -> bool:
        """Whether a certificate was revoked. Raises RevocationUnknownError."""
        ...


class FirstThatTells:
    """Asks one source after the other."""

    def __init__(self, sources: Sequence[Revocation]) -> None:
        self._sources = sources

    async def is_revoked(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
    ) -> bool:
        """Whether a certificate was revoked. Raises RevocationUnknownError."""
        why = ["no source of revocations is set"] if not self._sources else []
        for source in self._sources:
            try:
                return await source.is_revoked(certificate, issuer, now, run)
            except RevocationUnknownError as error:
                why.append(str(error))
        raise RevocationUnknownError("; ".join(why))


@dataclass(frozen=True, slots=True)
class _Read:
    """A list as it was when the file last changed."""

    changed: tuple[int, int]
    revoked: x509.CertificateRevocationList
    issuer: x509.Certificate
    numbers: frozenset[int]


class RevocationList:
    """A CRL (RFC 5280) in a file, PEM or DER, which is read again when it changes."""

    def __init__(self, path: Path, anchors: Sequence[Anchor]) -> None:
        self._path = path
        self._anchors = anchors
        self._read: _Read | None = None

    async def is_revoked(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
    ) -> bool:
        """Whether the list names a certificate. Raises RevocationUnknownError."""
        read = await run(self._newest)
        if read.issuer != issuer:
            raise RevocationUnknownError(f"{self._path} is of another authority")
        self._check_time(read, now)
        return certificate.serial_number in read.numbers

    async def numbers(self, now: datetime, run: Run) -> frozenset[int]:
        """Return all serial numbers that the list names. Raises RevocationUnknownError."""
        read = await run(self._newest)
        self._check_time(read, now)
        return read.numbers

    def _check_time(self, read: _Read, now: datetime) -> None:
        ends = read.revoked.next_update_utc
        if ends is None or not read.revoked.last_update_utc <= now <= ends:
            raise RevocationUnknownError(f"{self._path} is out of date")

    def _newest(self) -> _Read:
        try:
            stat = self._path.stat()
            changed = stat.st_mtime_ns, stat.st_size
            if self._read is None or self._read.changed != changed:
                self._read = self._load(changed, self._path.read_bytes().removeprefix(BOM_UTF8))
            return self._read
        except (OSError, ValueError) as error:
            raise RevocationUnknownError(f"{self._path} is no revocation list: {error}") from error

    def _load(self, changed: tuple[int, int], content: bytes) -> _Read:
        is_pem = content.lstrip().startswith(b"-----BEGIN")
        load = x509.load_pem_x509_crl if is_pem else x509.load_der_x509_crl
        revoked = load(content)
        for anchor in self._anchors:
            if _signed(revoked, anchor.certificate):
                numbers = frozenset(one.serial_number for one in revoked)
                return _Read(changed, revoked, anchor.certificate, numbers)
        raise ValueError("it was signed by no authority that is accepted here")


def _signed(revoked: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    try:
        return revoked.is_signature_valid(key)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False
